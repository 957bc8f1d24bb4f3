import { apportion } from '../weights/apportion.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { attached, detached } from './attachment.js';
import { wantedByBaseline } from './baseline.js';
import { wantedByWeights } from './exact-weights.js';
import { maskedShares } from './masked.js';
import { sameSplit } from './same-split.js';
import { wantedByShares } from './shares.js';
import type { Goal, GoalRoute, Mask, Resolved } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

const nobodyMasked: Mask = new Set();

/** Goals that move shares; attaching and detaching move none, so neither rounding nor the mask touches them. */
type SharingGoal = Exclude<Goal, { readonly kind: 'attach' | 'detach' }>;

/**
 * The whole action that a goal makes of `live`, or why it can't be written. Exact where integers 0–999 can be (see
 * `apportion`). Resolving again over the result changes nothing, so a route that is where its goal wants it is left alone.
 */
export function resolve(goal: Goal, live: Weights, route: GoalRoute, mask: Mask = nobodyMasked): Resolved {
  if (goal.kind === 'attach') return attached(goal.targetGroupArns, live);
  if (goal.kind === 'detach') return detached(goal.targetGroupArns, live);
  const seen: Weights[] = [live];
  for (;;) {
    const next = resolveOnce(goal, seen.at(-1) ?? live, route, mask);
    if (!next.ok) return next;
    const met = seen.slice(1).findIndex((one) => sameSplit(one, next.weights));
    if (met >= 0) return { ok: true, weights: settled(seen.slice(met + 1)) };
    seen.push(next.weights);
  }
}

/**
 * Integers keep a pinned share only nearly, and the next look starts from what they say: taken once more from there, the
 * shares may round to others. Where that goes in a circle, the same member of it is taken whoever comes by.
 */
function settled(circle: readonly Weights[]): Weights {
  const texts = circle.map((weights) => JSON.stringify(weights));
  return circle[texts.indexOf([...texts].sort()[0] ?? '')] ?? [];
}

function resolveOnce(goal: SharingGoal, live: Weights, route: GoalRoute, mask: Mask): Resolved {
  const wanted = wantedBy(goal, live, route);
  if (!wanted.ok) return wanted;
  const masked = maskedShares(wanted.shares, route, mask);
  if (masked && 'ok' in masked) return masked;
  const weights = masked ? apportion(masked) : (wanted.exact ?? apportion(wanted.shares));
  const unsafe = unsafeWeights(weights);
  return unsafe ? refused('UnsafeWeights', `The weights can't be written: ${unsafe}.`) : { ok: true, weights };
}

function wantedBy(goal: SharingGoal, live: Weights, route: GoalRoute): Wanted | Refused {
  if (goal.kind === 'shares') return wantedByShares(goal.shares, live, route);
  if (goal.kind === 'weights') return wantedByWeights(goal.weights, live, route);
  return wantedByBaseline(goal.baseline, live, route);
}
