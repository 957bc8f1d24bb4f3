import type { Weights } from '../weights/types.js';
import type { FrozenRoute, Instant, Rollout, RouteProgress } from './types.js';

/** Found once per list of routes, however many checks ask. */
const byRoute = new WeakMap<readonly RouteProgress[], ReadonlyMap<string, RouteProgress>>();

export function progressOf(rollout: Rollout, routeId: string): RouteProgress | undefined {
  let found = byRoute.get(rollout.routes);
  if (!found) byRoute.set(rollout.routes, (found = new Map(rollout.routes.map((one) => [one.routeId, one]))));
  return found.get(routeId);
}

/** What explains the weights that are live on a route. */
export function expectedOf(rollout: Rollout, route: FrozenRoute): Weights {
  return progressOf(rollout, route.id)?.expected ?? route.baseline;
}

/** When the current step was verified on every route; null before the first, and while a route's write is outstanding. */
export function verifiedAt(rollout: Rollout): Instant | null {
  if (rollout.stepIndex < 0) return null;
  let last = 0;
  for (const route of rollout.routes) {
    if (route.stepIndex !== rollout.stepIndex || route.verifiedAt === null) return null;
    last = Math.max(last, route.verifiedAt);
  }
  return last;
}
