import { shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { refuseForeign } from './foreign.js';
import { keepsShare } from './rounding.js';
import type { GoalRoute } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

/** These very weights; pinned target groups must keep their share in them (rule 8). */
export function wantedByWeights(weights: Weights, live: Weights, route: GoalRoute): Wanted | Refused {
  const exact = sortWeights(explicitAlone(weights));
  const unsafe = unsafeWeights(exact);
  if (unsafe) return refused('UnsafeWeights', `These weights can't be written: ${unsafe}.`);
  const foreign = refuseForeign(route, live, exact);
  if (foreign) return foreign;
  const moved = route.pinned.filter((arn) => !keepsShare(live, exact, arn));
  if (moved.length > 0) return refused('PinnedShareWouldChange', pinnedText(moved));
  return { ok: true, shares: sharesIn(exact), exact };
}

/** A target group alone has all requests whatever its weight, even 0: it is given one that says so. */
export function explicitAlone(weights: Weights): Weights {
  return weights.length === 1 ? weights.map((one) => ({ ...one, weight: one.weight === 0 ? 1 : one.weight })) : weights;
}

export function sharesIn(weights: Weights): Wanted['shares'] {
  return weights.map(({ targetGroupArn }) => ({ targetGroupArn, share: shareOf(weights, targetGroupArn) }));
}

function pinnedText(moved: readonly string[]): string {
  return `These weights would change the share of pinned target groups: ${moved.join(', ')}. Give shares by backend name, which keeps what is pinned, or unpin them first.`;
}
