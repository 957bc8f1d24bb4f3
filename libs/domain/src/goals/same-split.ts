import { isAttached, raisesShare } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';

/** True when the same target groups get the same shares, by whatever integers. */
export function sameSplit(before: Weights, after: Weights): boolean {
  return (
    before.length === after.length &&
    after.every(
      ({ targetGroupArn }) =>
        isAttached(before, targetGroupArn) &&
        !raisesShare(before, after, targetGroupArn) &&
        !raisesShare(after, before, targetGroupArn),
    )
  );
}
