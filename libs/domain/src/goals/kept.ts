import { largestRemainder } from '../weights/integers.js';
import { sortWeights, sumOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { maxWeight } from '../weights/validate.js';

/** Shares that stay as they are, as integers: `left` is what ours have of the sum. Without a common divisor. */
export interface Kept {
  /** In the order of their ARNs. */
  readonly weights: Weights;
  readonly left: number;
  /** At most 999, so that every weight can have it as its denominator. */
  readonly sum: number;
}

/**
 * The shares that these target groups have in `live`, so that integers can say them again and again without wandering
 * off: to the last digit where the sum allows it, else to a 999th. `receivers`: how many of ours need at least a weight
 * of 1 in what is left; with nothing left they get nothing.
 */
export function keptShares(live: Weights, isKept: (targetGroupArn: string) => boolean, receivers: number): Kept {
  const alone = live.length === 1;
  const all = sortWeights(live.map((one) => (alone ? { ...one, weight: 1 } : one)));
  const weights = all.filter((one) => isKept(one.targetGroupArn));
  // where nobody has a weight, nobody has a share to keep
  const exact = lowest(weights, sumOf(all) > 0 ? sumOf(all) - sumOf(weights) : 1);
  const needed = exact.left > 0 ? receivers : 0;
  const sayable = exact.sum <= maxWeight && Math.floor(maxWeight / exact.sum) * exact.left >= needed;
  return sayable ? exact : rounded(exact, needed);
}

function rounded(exact: Kept, needed: number): Kept {
  const fractions = [exact.left, ...exact.weights.map((one) => one.weight)].map((one) => one / exact.sum);
  const [left = 0, ...weights] = largestRemainder(fractions, maxWeight, (i) => (i === 0 ? needed : 1));
  return lowest(
    exact.weights.map((one, i) => ({ ...one, weight: weights[i] ?? 0 })),
    left,
  );
}

function lowest(weights: Weights, left: number): Kept {
  const divisor = weights.reduce((found, one) => commonDivisor(found, one.weight), left);
  return {
    weights: weights.map((one) => ({ ...one, weight: one.weight / divisor })),
    left: left / divisor,
    sum: (sumOf(weights) + left) / divisor,
  };
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
