import { own } from '../text/record.js';
import { isAttached, shareOf } from '../weights/equal.js';
import { shareIssues } from '../weights/from-shares.js';
import type { Permille, Weights } from '../weights/types.js';
import { refuseForeign } from './foreign.js';
import type { GoalRoute } from './types.js';
import { refused, type Refused, type Wanted } from './wanted.js';

/**
 * Shares by backend name: every backend of the route is in the action (at 0 where it isn't named, so that its target
 * group is health-checked before it gets a share), and pinned target groups keep the share that they have in `live`.
 */
export function wantedByShares(
  shares: Readonly<Record<string, Permille>>,
  live: Weights,
  route: GoalRoute,
): Wanted | Refused {
  const foreign = refuseForeign(route, live);
  if (foreign) return foreign;
  const strangers = Object.keys(shares).filter(
    (name) => own(shares, name) !== 0 && !route.backends.some((backend) => backend.name === name),
  );
  if (strangers.length > 0) return refused('UnsafeWeights', unknownText(strangers, route));
  const parts = route.backends.map((backend) => ({
    targetGroupArn: backend.targetGroupArn,
    permille: own(shares, backend.name) ?? 0,
  }));
  const pinned = route.pinned
    .filter((arn) => isAttached(live, arn))
    .map((targetGroupArn) => ({ targetGroupArn, sharePermille: shareOf(live, targetGroupArn) }));
  const [issue] = shareIssues(parts, pinned);
  if (issue) return refused('UnsafeWeights', `These shares can't be written: ${issue.message}.`);
  const ours = parts.map(({ targetGroupArn, permille }) => ({ targetGroupArn, share: permille }));
  return { ok: true, ours, around: live, exact: null };
}

function unknownText(strangers: readonly string[], route: GoalRoute): string {
  const known = route.backends.map((backend) => backend.name).join(', ') || 'none';
  return `Shares are given to ${strangers.join(', ')}, which this route doesn't have as backends; it has ${known}.`;
}
