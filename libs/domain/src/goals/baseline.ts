import { isAttached, shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { explicitAlone } from './exact-weights.js';
import { keepsShare } from './rounding.js';
import type { GoalRoute } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

const almostNone = 1e-6;

/**
 * The shares before the rollout, around what is live now. Whatever isn't ours (pinned or foreign) keeps the share it has;
 * ours split the rest as they did then, those that are gone left out; one attached since stays, at 0: detaching it would
 * stop its health checks. Where what isn't ours stands as it did, the very integers return.
 */
export function wantedByBaseline(baseline: Weights, live: Weights, route: GoalRoute): Wanted | Refused {
  const backends = new Set(route.backends.map((backend) => backend.targetGroupArn));
  const ours = [...backends].filter((arn) => isAttached(live, arn) || isAttached(baseline, arn));
  const others = live.map((one) => one.targetGroupArn).filter((arn) => !backends.has(arn));
  const kept = others.map((arn) => ({ targetGroupArn: arn, share: shareOf(live, arn) }));
  const left = 1000 - kept.reduce((sum, one) => sum + one.share, 0);
  const before = ours.reduce((sum, arn) => sum + shareOf(baseline, arn), 0);
  if (before === 0 && left > almostNone)
    return refused(
      'NobodyLeft',
      'None of the backends that had a share before is left on this route. Set its weights by hand, or attach one of them again.',
    );
  const shares = ours.map((arn) => ({
    targetGroupArn: arn,
    share: left > almostNone ? (left * shareOf(baseline, arn)) / before : 0,
  }));
  const stands = baseline.every((one) => backends.has(one.targetGroupArn) || isAttached(live, one.targetGroupArn));
  const exact = stands && others.every((arn) => keepsShare(live, baseline, arn)) ? exactly(baseline, ours) : null;
  return { ok: true, shares: [...shares, ...kept], exact };
}

function exactly(baseline: Weights, ours: readonly string[]): Weights {
  const attachedSince = ours
    .filter((arn) => !isAttached(baseline, arn))
    .map((targetGroupArn) => ({ targetGroupArn, weight: 0 }));
  return sortWeights([...explicitAlone(baseline), ...attachedSince]);
}
