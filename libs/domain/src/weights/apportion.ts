import type { Weights } from './types.js';
import { sortWeights } from './equal.js';
import { maxWeight } from './validate.js';

/** A target group and the share it should get; only the ratio to the other shares counts. */
export interface Share {
  readonly targetGroupArn: string;
  /** Finite, 0 or more. */
  readonly share: number;
}

const grain = 1e-9;

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
  const largestSum = Math.floor(maxWeight / Math.max(...fractions) + grain);
  const weights = exactWeights(fractions, largestSum) ?? largestRemainder(fractions, largestSum);
  return sortWeights(shares.map((one, i) => ({ targetGroupArn: one.targetGroupArn, weight: weights[i] ?? 0 })));
}

function exactWeights(fractions: readonly number[], largestSum: number): readonly number[] | null {
  const sums = [100, 1000, ...Array.from({ length: largestSum }, (_, i) => i + 1)];
  for (const sum of sums) {
    const weights = fractions.map((fraction) => Math.round(fraction * sum));
    if (fractions.every((fraction, i) => isExact(fraction * sum, weights[i] ?? 0))) return weights;
  }
  return null;
}

function isExact(wanted: number, weight: number): boolean {
  return (
    Math.abs(wanted - weight) <= grain * Math.max(1, wanted) && weight <= maxWeight && (wanted === 0 || weight > 0)
  );
}

function largestRemainder(fractions: readonly number[], sum: number): readonly number[] {
  const weights = roundToSum(
    fractions.map((fraction) => fraction * sum),
    sum,
  );
  fractions.forEach((fraction, i) => {
    if (fraction === 0 || weights[i] !== 0) return;
    const largest = weights.indexOf(Math.max(...weights));
    weights[i] = 1;
    weights[largest] = (weights[largest] ?? 0) - 1;
  });
  return weights;
}

/** Rounds `wanted` (which sum to `sum`) to integers with that sum; the largest remainders are rounded up, earlier ones first. */
export function roundToSum(wanted: readonly number[], sum: number): number[] {
  const rounded = wanted.map((one) => Math.floor(one + grain));
  const missing = sum - rounded.reduce((total, one) => total + one, 0);
  const byRemainder = wanted
    .map((one, i) => ({ i, remainder: one - Math.floor(one + grain) }))
    .sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, Math.max(0, missing))) rounded[i] = (rounded[i] ?? 0) + 1;
  return rounded;
}
