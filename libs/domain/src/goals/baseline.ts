import { isAttached, shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { explicitAlone } from './exact-weights.js';
import { keptShares, type Kept } from './kept.js';
import { keepsShare } from './rounding.js';
import type { GoalRoute } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

/**
 * The shares before the rollout, around what is live now. Whatever isn't ours (pinned or foreign) keeps the share it has;
 * ours split the rest as they did then, those that are gone left out; one attached since stays, at 0: detaching it would
 * stop its health checks. Where what isn't ours stands as it did, the very integers return.
 */
export function wantedByBaseline(baseline: Weights, live: Weights, route: GoalRoute): Wanted | Refused {
  const backends = new Set(route.backends.map((backend) => backend.targetGroupArn));
  const arns = [...backends].filter((arn) => isAttached(live, arn) || isAttached(baseline, arn));
  const receivers = arns.filter((arn) => shareOf(baseline, arn) > 0).length;
  const others = keptShares(live, (arn) => !backends.has(arn), receivers);
  if (receivers === 0 && others.left > 0)
    return refused(
      'NobodyLeft',
      'None of the backends that had a share before is left on this route. Set its weights by hand, or attach one of them again.',
    );
  const stands = standsAsBefore(baseline, others, backends);
  const ours = arns.map((targetGroupArn) => ({
    targetGroupArn,
    share: stands || others.left > 0 ? shareOf(baseline, targetGroupArn) : 0,
  }));
  return { ok: true, ours, around: live, exact: stands ? exactly(baseline, arns) : null };
}

/** True when what isn't ours is what it was then, with the shares that it had but for rounding. */
function standsAsBefore(baseline: Weights, others: Kept, backends: ReadonlySet<string>): boolean {
  const before = baseline.filter((one) => !backends.has(one.targetGroupArn));
  return (
    before.length === others.weights.length &&
    others.weights.every(
      ({ targetGroupArn, weight }) =>
        isAttached(before, targetGroupArn) &&
        keepsShare((weight * 1000) / others.sum, shareOf(baseline, targetGroupArn)),
    )
  );
}

function exactly(baseline: Weights, ours: readonly string[]): Weights {
  const attachedSince = ours
    .filter((arn) => !isAttached(baseline, arn))
    .map((targetGroupArn) => ({ targetGroupArn, weight: 0 }));
  return sortWeights([...explicitAlone(baseline), ...attachedSince]);
}
