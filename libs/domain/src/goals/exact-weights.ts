import { isAttached, shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { refuseForeign } from './foreign.js';
import { keepsShare } from './rounding.js';
import type { GoalRoute } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

/** These very weights. Whether pinned target groups keep their share in them is asked by `refuseMovedPins`. */
export function wantedByWeights(weights: Weights, live: Weights, route: GoalRoute): Wanted | Refused {
  const exact = sortWeights(explicitAlone(weights));
  const unsafe = unsafeWeights(exact);
  if (unsafe) return refused('UnsafeWeights', `These weights can't be written: ${unsafe}.`);
  const foreign = refuseForeign(route, live, exact);
  if (foreign) return foreign;
  const ours = route.backends
    .map(({ targetGroupArn }) => ({ targetGroupArn, share: shareOf(exact, targetGroupArn) }))
    .filter((one) => isAttached(exact, one.targetGroupArn));
  return { ok: true, ours, around: exact, exact };
}

/** Rule 8: a pinned target group keeps its share; null where all do. */
export function refuseMovedPins(weights: Weights, live: Weights, route: GoalRoute): Refused | null {
  const moved = route.pinned.filter(
    (arn) =>
      isAttached(live, arn) !== isAttached(weights, arn) || !keepsShare(shareOf(live, arn), shareOf(weights, arn)),
  );
  return moved.length > 0 ? refused('PinnedShareWouldChange', pinnedText(moved)) : null;
}

/** A target group alone has all requests whatever its weight, even 0: it is given one that says so. */
export function explicitAlone(weights: Weights): Weights {
  return weights.length === 1 ? weights.map((one) => ({ ...one, weight: one.weight === 0 ? 1 : one.weight })) : weights;
}

function pinnedText(moved: readonly string[]): string {
  return `These weights would change the share of pinned target groups: ${moved.join(', ')}. Give shares by backend name, which keeps what is pinned, or unpin them first.`;
}
