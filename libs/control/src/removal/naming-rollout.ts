import type { EngineFacts } from '../stores/resource-store.js';

/** A rollout that may still give a share to a route's backends. */
export interface NamingRollout {
  readonly rolloutId: string;
  /** What it does with the route and what to do about it, as a sentence. */
  readonly message: string;
}

/** The rollout that moves this route, may be rolled back to it within its bake, or is scheduled to move it; null = none. */
export async function namingRollout(
  engine: EngineFacts,
  route: { readonly id: string; readonly name: string },
): Promise<NamingRollout | null> {
  const moving = await engine.activeRollout(route.id);
  if (moving !== null)
    return { rolloutId: moving, message: `rollout ${moving} moves route ${route.name}; let it end, or abort it` };
  const baking = await engine.bakingRollout(route.id);
  if (baking !== null)
    return {
      rolloutId: baking,
      message: `rollout ${baking} bakes: a rollback may still give its share in route ${route.name} back; wait until the bake is over`,
    };
  const scheduled = await engine.scheduledRollout(route.id);
  if (scheduled === null) return null;
  return {
    rolloutId: scheduled,
    message: `rollout ${scheduled} is scheduled to move route ${route.name}; let it run and end, or cancel it`,
  };
}
