import type { Rollout } from '../rollout/types.js';
import { aPlan, aRollout, aRoute, redBlack, type RolloutDraft } from './builders.js';

export const threeIds = ['shop', 'cart', 'mail'] as const;

/** Three routes between the same two backends, each from 100/0, through the steps of `aSpec`. */
export const threeRoutesPlan = (change: Parameters<typeof aPlan>[0] = {}) =>
  aPlan(
    change,
    threeIds.map((id) => aRoute({ id, name: id, baseline: redBlack(100, 0) })),
  );

/** `aRollout` over three routes. */
export function threeRoutes(change: RolloutDraft = {}): Rollout {
  return aRollout({ plan: threeRoutesPlan(), ...change });
}

/** The same rollout with some routes further or less far than the rest. */
export function withRoutes(
  rollout: Rollout,
  changes: Readonly<Record<string, Partial<Rollout['routes'][number]>>>,
): Rollout {
  return { ...rollout, routes: rollout.routes.map((route) => ({ ...route, ...changes[route.routeId] })) };
}
