import type { Weights } from './types.js';
import { sortWeights } from './equal.js';
import { exactWeights, largestRemainder, largestSumOf } from './integers.js';

/** A target group and the share it should get; only the ratio to the other shares counts. */
export interface Share {
  readonly targetGroupArn: string;
  /** Finite, 0 or more. */
  readonly share: number;
}

/**
 * Integers 0–999 that split requests as `shares` do. Exact where an exact split exists: as percent, else as tenths of
 * a percent, else with the smallest sum that is exact; otherwise the largest remainder on the largest sum that fits.
 * A share above 0 never becomes 0. The caller has seen to it that some share is above 0.
 */
export function apportion(shares: readonly Share[]): Weights {
  const total = shares.reduce((sum, one) => sum + one.share, 0);
  if (!(total > 0)) return sortWeights(shares.map((one) => ({ targetGroupArn: one.targetGroupArn, weight: 0 })));
  // A share too small for a quotient is still above 0.
  const fractions = shares.map((one) => (one.share > 0 ? Math.max(one.share / total, Number.MIN_VALUE) : 0));
  const largestSum = largestSumOf(fractions);
  const weights = exactWeights(fractions, largestSum) ?? largestRemainder(fractions, largestSum);
  return sortWeights(shares.map((one, i) => ({ targetGroupArn: one.targetGroupArn, weight: weights[i] ?? 0 })));
}
