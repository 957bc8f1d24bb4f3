import { sameSplit } from '../goals/same-split.js';
import type { Weights } from '../weights/types.js';
import type { RouteChange } from './decision.js';
import { progressOf } from './progress.js';
import { weightsBack } from './step-weights.js';
import type { FrozenRoute, Rollout, WriteFact } from './types.js';

/** A route that still has to be taken back, and what that would write; or why it can't be. */
export type WayBack =
  | { readonly kind: 'back' }
  | { readonly kind: 'write'; readonly change: RouteChange }
  | { readonly kind: 'impossible'; readonly message: string }
  /** Nothing of ours was sent there, and what is live can't be seen. */
  | { readonly kind: 'unseen' };

/**
 * How one route gets back to the shares before the rollout. Where a write of ours was ever sent, only a verified
 * rollback write proves that it is back: a read may be older than a write whose outcome nobody knows (F24, F26).
 * Elsewhere a read suffices. `live` is null where nothing fresh was seen.
 */
export function wayBack(
  rollout: Rollout,
  route: FrozenRoute,
  live: Weights | null,
  write: WriteFact | undefined,
): WayBack {
  const progress = progressOf(rollout, route.id);
  if (!progress) return { kind: 'back' };
  if (write?.purpose === 'rollback' && write.state === 'applied') return { kind: 'back' };
  const before = live ?? progress.expected;
  const built = weightsBack(route, before);
  if (!built.ok) return { kind: 'impossible', message: built.message };
  if (progress.touched) return { kind: 'write', change: { routeId: route.id, before, after: built.weights } };
  if (live === null) return { kind: 'unseen' };
  return sameSplit(live, built.weights)
    ? { kind: 'back' }
    : { kind: 'write', change: { routeId: route.id, before, after: built.weights } };
}
