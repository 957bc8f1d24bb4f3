import { resolve } from '../goals/resolve.js';
import type { Resolved } from '../goals/types.js';
import type { Permille, Weights } from '../weights/types.js';
import type { FrozenRoute } from './types.js';

/** What a step makes of one route's action, given what is live there. */
export function weightsOfStep(
  route: FrozenRoute,
  step: { readonly shares: Readonly<Record<string, Permille>> },
  live: Weights,
): Resolved {
  return resolve({ kind: 'shares', shares: step.shares }, live, route);
}

/** What takes a route back to the shares before the rollout, given what is live there. */
export function weightsBack(route: FrozenRoute, live: Weights): Resolved {
  return resolve({ kind: 'baseline', baseline: route.baseline }, live, route);
}
