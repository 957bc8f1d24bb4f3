import { own } from '../text/record.js';
import { apportion } from '../weights/apportion.js';
import { isAttached, raisesShare, shareOf, sortWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import type { RouteChange } from './decision.js';
import type { FrozenRoute, Rollout } from './types.js';

/**
 * The writes that take every route back to the shares before the rollout; routes that are there already are left out.
 * Our target groups go to their baseline; whatever else is live (pinned or foreign) keeps the share it has now; target
 * groups of ours attached since stay, at 0: detaching them would stop their health checks. `liveByRoute` by route id;
 * where it has nothing, what we believe is live (`expected`) is taken, since a rollback doesn't wait for a read.
 */
export function rollbackChanges(
  rollout: Rollout,
  liveByRoute: Readonly<Record<string, Weights>>,
): readonly RouteChange[] {
  return rollout.plan.routes.flatMap((route) => {
    const before = own(liveByRoute, route.id) ?? own(rollout.expected, route.id) ?? route.baseline;
    const after = baselineAround(route, before);
    return splitsAlike(before, after) ? [] : [{ routeId: route.id, before, after }];
  });
}

/** True when the same target groups get the same shares, by whatever integers. */
function splitsAlike(before: Weights, after: Weights): boolean {
  return (
    before.length === after.length &&
    after.every((one) => isAttached(before, one.targetGroupArn) && !raisesShare(before, after, one.targetGroupArn))
  );
}

function baselineAround(route: FrozenRoute, live: Weights): Weights {
  const isOurs = (arn: string) => route.backends.some((backend) => backend.targetGroupArn === arn);
  const ours = route.backends
    .map((backend) => backend.targetGroupArn)
    .filter((arn) => isAttached(live, arn) || isAttached(route.baseline, arn));
  const others = live.map((one) => one.targetGroupArn).filter((arn) => !isOurs(arn));
  const kept = others.map((arn) => ({ targetGroupArn: arn, share: shareOf(live, arn) }));
  if (sameOthers(route, live, others)) return withExactBaseline(route, ours);
  const left = 1000 - kept.reduce((total, one) => total + one.share, 0);
  const baselineOfOurs = ours.reduce((total, arn) => total + shareOf(route.baseline, arn), 0);
  const shares = ours.map((arn) => ({
    targetGroupArn: arn,
    share: baselineOfOurs > 0 ? (Math.max(0, left) * shareOf(route.baseline, arn)) / baselineOfOurs : 0,
  }));
  return apportion([...shares, ...kept]);
}

/** True when what isn't ours stands as it did before the rollout: then the very integers of the baseline can return. */
function sameOthers(route: FrozenRoute, live: Weights, others: readonly string[]): boolean {
  const isOurs = (arn: string) => route.backends.some((backend) => backend.targetGroupArn === arn);
  const before = route.baseline.map((one) => one.targetGroupArn).filter((arn) => !isOurs(arn));
  const roundingPermille = 2;
  return (
    before.length === others.length &&
    others.every(
      (arn) =>
        isAttached(route.baseline, arn) &&
        Math.abs(shareOf(live, arn) - shareOf(route.baseline, arn)) <= roundingPermille,
    )
  );
}

function withExactBaseline(route: FrozenRoute, ours: readonly string[]): Weights {
  const attachedSince = ours
    .filter((arn) => !isAttached(route.baseline, arn))
    .map((arn) => ({ targetGroupArn: arn, weight: 0 }));
  const [alone] = route.baseline;
  const wasAlone = route.baseline.length === 1 && alone !== undefined && alone.weight === 0;
  const baseline = wasAlone ? [{ ...alone, weight: 1 }] : route.baseline;
  return sortWeights([...baseline, ...attachedSince]);
}
