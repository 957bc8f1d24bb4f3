import { apportion } from '../weights/apportion.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { attached, detached } from './attachment.js';
import { wantedByBaseline } from './baseline.js';
import { refuseMovedPins, wantedByWeights } from './exact-weights.js';
import { maskedShares } from './masked.js';
import { sameSplit } from './same-split.js';
import { wantedByShares } from './shares.js';
import type { Goal, GoalRoute, Mask, Resolved } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

const nobodyMasked: Mask = new Set();

/** Goals whose weights depend on the shares that are live. */
type SharingGoal = Extract<Goal, { readonly kind: 'shares' | 'baseline' }>;

/**
 * The whole action that a goal makes of `live`, or why it can't be written. Exact where integers 0–999 can be (see
 * `apportion`). Attaching and detaching move no share, so the mask doesn't touch them. Resolving again over the result changes nothing, so a route that is where its goal wants it is left alone.
 */
export function resolve(goal: Goal, live: Weights, route: GoalRoute, mask: Mask = nobodyMasked): Resolved {
  if (goal.kind === 'attach') return attached(goal.targetGroupArns, live);
  if (goal.kind === 'detach') return detached(goal.targetGroupArns, live);
  if (goal.kind === 'weights') return exactly(goal.weights, live, route, mask);
  return steadily(goal, live, route, mask);
}

function exactly(weights: Weights, live: Weights, route: GoalRoute, mask: Mask): Resolved {
  const made = weightsOf(wantedByWeights(weights, live, route), route, mask);
  if (!made.ok || sameSplit(live, made.weights)) return made;
  return refuseMovedPins(weights, live, route) ?? made;
}

/**
 * Integers keep a pinned share only nearly, and the next look starts from what they say: taken once more from there, the
 * shares may round to others. So it is taken until it stays, or until it goes in a circle.
 */
function steadily(goal: SharingGoal, live: Weights, route: GoalRoute, mask: Mask): Resolved {
  const seen: Weights[] = [live];
  for (;;) {
    const next = resolveOnce(goal, seen.at(-1) ?? live, route, mask);
    if (!next.ok) return next;
    const met = seen.slice(1).findIndex((one) => sameSplit(one, next.weights));
    if (met >= 0) return { ok: true, weights: settled(seen.slice(met + 1)) };
    seen.push(next.weights);
  }
}

/** Of a circle the same member is taken, whoever comes by. */
function settled(circle: readonly Weights[]): Weights {
  const texts = circle.map((weights) => JSON.stringify(weights));
  return circle[texts.indexOf([...texts].sort()[0] ?? '')] ?? [];
}

function resolveOnce(goal: SharingGoal, live: Weights, route: GoalRoute, mask: Mask): Resolved {
  const wanted =
    goal.kind === 'shares' ? wantedByShares(goal.shares, live, route) : wantedByBaseline(goal.baseline, live, route);
  return weightsOf(wanted, route, mask);
}

function weightsOf(wanted: Wanted | Refused, route: GoalRoute, mask: Mask): Resolved {
  if (!wanted.ok) return wanted;
  const masked = maskedShares(wanted.shares, route, mask);
  if (masked && 'ok' in masked) return masked;
  const weights = masked ? apportion(masked) : (wanted.exact ?? apportion(wanted.shares));
  const unsafe = unsafeWeights(weights);
  return unsafe ? refused('UnsafeWeights', `The weights can't be written: ${unsafe}.`) : { ok: true, weights };
}
