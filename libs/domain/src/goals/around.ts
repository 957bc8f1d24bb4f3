import { apportion, type Share } from '../weights/apportion.js';
import { sortWeights } from '../weights/equal.js';
import { exactWeights, largestRemainder, largestSumOf } from '../weights/integers.js';
import type { Weights } from '../weights/types.js';
import type { Kept } from './kept.js';

/**
 * Integers that split what is left as `ours` do, and leave what is kept its share to the last digit: asked again with
 * what came out, the same comes out. Exact where an exact split exists, the largest remainder among ours otherwise.
 */
export function apportionAround(ours: readonly Share[], kept: Kept): Weights {
  if (kept.weights.length === 0) return apportion(ours);
  const total = ours.reduce((sum, one) => sum + one.share, 0);
  const partOf = (one: Share) => (total > 0 ? one.share / total : 0);
  const fractions = [
    ...ours.map((one) => (partOf(one) * kept.left) / kept.sum),
    ...kept.weights.map((one) => one.weight / kept.sum),
  ];
  const largestSum = largestSumOf(fractions);
  const weights = exactWeights(fractions, largestSum) ?? nearest(ours.map(partOf), kept, largestSum);
  const arns = [...ours, ...kept.weights].map((one) => one.targetGroupArn);
  return sortWeights(arns.map((targetGroupArn, i) => ({ targetGroupArn, weight: weights[i] ?? 0 })));
}

function nearest(parts: readonly number[], kept: Kept, largestSum: number): readonly number[] {
  const times = Math.floor(largestSum / kept.sum);
  return [...largestRemainder(parts, kept.left * times), ...kept.weights.map((one) => one.weight * times)];
}
