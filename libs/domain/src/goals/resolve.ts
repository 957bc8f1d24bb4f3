import type { Share } from '../weights/apportion.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { apportionAround } from './around.js';
import { attached, detached } from './attachment.js';
import { wantedByBaseline } from './baseline.js';
import { refuseMovedPins, wantedByWeights } from './exact-weights.js';
import { keptShares } from './kept.js';
import { maskedShares } from './masked.js';
import { sameSplit } from './same-split.js';
import { wantedByShares } from './shares.js';
import type { Goal, GoalRoute, Mask, Resolved } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

const nobodyMasked: Mask = new Set();

/**
 * The whole action that a goal makes of `live`, or why it can't be written. Exact where integers 0–999 can be (see
 * `apportion`); what isn't ours keeps its share to the last digit, or to a 999th. Attaching and detaching move no share,
 * so the mask doesn't touch them. Resolving again over the result changes nothing: a route that is where its goal wants
 * it is left alone.
 */
export function resolve(goal: Goal, live: Weights, route: GoalRoute, mask: Mask = nobodyMasked): Resolved {
  if (goal.kind === 'attach') return attached(goal.targetGroupArns, live);
  if (goal.kind === 'detach') return detached(goal.targetGroupArns, live);
  if (goal.kind === 'shares') return weightsOf(wantedByShares(goal.shares, live, route), route, mask);
  if (goal.kind === 'baseline') return weightsOf(wantedByBaseline(goal.baseline, live, route), route, mask);
  const made = weightsOf(wantedByWeights(goal.weights, live, route), route, mask);
  // what these weights made of the route once isn't refused as a change of what is pinned
  if (!made.ok || sameSplit(live, made.weights)) return made;
  return refuseMovedPins(goal.weights, live, route) ?? made;
}

function weightsOf(wanted: Wanted | Refused, route: GoalRoute, mask: Mask): Resolved {
  if (!wanted.ok) return wanted;
  const masked = maskedShares(wanted.ours, route, mask);
  if (masked && 'ok' in masked) return masked;
  const weights = masked || wanted.exact === null ? around(masked ?? wanted.ours, wanted.around) : wanted.exact;
  const unsafe = unsafeWeights(weights);
  return unsafe ? refused('UnsafeWeights', `The weights can't be written: ${unsafe}.`) : { ok: true, weights };
}

function around(ours: readonly Share[], live: Weights): Weights {
  const arns = new Set(ours.map((one) => one.targetGroupArn));
  const receivers = ours.filter((one) => one.share > 0).length;
  return apportionAround(
    ours,
    keptShares(live, (arn) => !arns.has(arn), receivers),
  );
}
