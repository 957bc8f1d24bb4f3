import type { Share } from '../weights/apportion.js';
import type { GoalRoute, Mask } from './types.js';
import { refused, type Refused } from './wanted.js';

/**
 * Takes their shares from the backends of masked clusters: they go to the other backends that have a share, in
 * proportion; if none has one, equally to the other backends. null = the mask changes nothing. `ours`: backends of the
 * route; only the ratio of their shares counts.
 */
export function maskedShares(ours: readonly Share[], route: GoalRoute, mask: Mask): readonly Share[] | Refused | null {
  const clusterOf = new Map(route.backends.map((backend) => [backend.targetGroupArn, backend.clusterId]));
  const isMasked = (one: Share) => mask.has(clusterOf.get(one.targetGroupArn) ?? '');
  if (totalOf(ours.filter(isMasked)) === 0) return null;
  const others = ours.filter((one) => !isMasked(one));
  if (others.length === 0) return refused('NobodyLeft', nobodyText(route, mask));
  const equally = totalOf(others) === 0;
  return ours.map((one) => ({ ...one, share: isMasked(one) ? 0 : equally ? 1 : one.share }));
}

function totalOf(shares: readonly Share[]): number {
  return shares.reduce((sum, one) => sum + one.share, 0);
}

function nobodyText(route: GoalRoute, mask: Mask): string {
  const names = route.backends.filter((backend) => mask.has(backend.clusterId)).map((backend) => backend.name);
  return `The clusters of ${names.join(', ')} are evacuated, and no other backend of this route is left to take the share. Attach one elsewhere, or restore one of these clusters.`;
}
