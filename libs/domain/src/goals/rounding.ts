import { isAttached, shareOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';

/** Integer weights can't keep a share to the last digit; a difference up to this, in tenths of a percent, is rounding. */
const roundingPermille = 2;

/** True when a target group is in both or in neither, with the same share but for rounding. None never becomes some. */
export function keepsShare(before: Weights, after: Weights, targetGroupArn: string): boolean {
  const had = shareOf(before, targetGroupArn);
  const gets = shareOf(after, targetGroupArn);
  return (
    isAttached(before, targetGroupArn) === isAttached(after, targetGroupArn) &&
    had > 0 === gets > 0 &&
    Math.abs(had - gets) <= roundingPermille
  );
}
