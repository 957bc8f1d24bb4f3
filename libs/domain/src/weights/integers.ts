import { maxWeight } from './validate.js';

const grain = 1e-9;

/** The largest sum of integers 0–999 that can split as these fractions do, which sum to 1. At least 999. */
export function largestSumOf(fractions: readonly number[]): number {
  return Math.floor(maxWeight / Math.max(...fractions) + grain);
}

/** Integers that are exactly these fractions: as percent, else as tenths of a percent, else with the smallest sum; null when none up to 999 are. */
export function exactWeights(fractions: readonly number[], largestSum: number): readonly number[] | null {
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

/** Rounds fractions of `sum` to integers with that sum. A fraction above 0 gets at least `least`, at the cost of the largest; default 1. */
export function largestRemainder(
  fractions: readonly number[],
  sum: number,
  least: (index: number) => number = () => 1,
): readonly number[] {
  const weights = roundToSum(
    fractions.map((fraction) => fraction * sum),
    sum,
  );
  fractions.forEach((fraction, i) => {
    while (fraction > 0 && (weights[i] ?? 0) < least(i)) {
      const largest = weights.indexOf(Math.max(...weights));
      if ((weights[largest] ?? 0) <= least(largest)) break;
      weights[i] = (weights[i] ?? 0) + 1;
      weights[largest] = (weights[largest] ?? 0) - 1;
    }
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
