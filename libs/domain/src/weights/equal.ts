import type { TargetGroupWeight, Weights } from './types.js';

function byArn(a: TargetGroupWeight, b: TargetGroupWeight): number {
  if (a.targetGroupArn === b.targetGroupArn) return 0;
  return a.targetGroupArn < b.targetGroupArn ? -1 : 1;
}

/** The canonical order of target groups: by ARN, code unit by code unit. */
export function sortWeights(weights: Weights): Weights {
  return [...weights].sort(byArn);
}

/**
 * True when AWS would treat both the same: the same target groups with the same integers, in any order. One target
 * group alone is equal whatever its weight, because AWS reports 1 or 0 there and ignores it (aws-and-lbc §4.2).
 */
export function sameWeights(a: Weights, b: Weights): boolean {
  if (a.length !== b.length) return false;
  if (a.length === 1) return a[0]?.targetGroupArn === b[0]?.targetGroupArn;
  const sortedB = sortWeights(b);
  return sortWeights(a).every(
    (one, i) => one.targetGroupArn === sortedB[i]?.targetGroupArn && one.weight === sortedB[i]?.weight,
  );
}

export function sumOf(weights: Weights): number {
  return weights.reduce((sum, one) => sum + one.weight, 0);
}

export function isAttached(weights: Weights, targetGroupArn: string): boolean {
  return weights.some((one) => one.targetGroupArn === targetGroupArn);
}

/**
 * The share of requests a target group gets, in tenths of a percent (0–1000, not rounded). 0 when it is not in the
 * action or every weight is 0; one target group alone gets everything whatever its weight.
 */
export function shareOf(weights: Weights, targetGroupArn: string): number {
  const one = weights.find((candidate) => candidate.targetGroupArn === targetGroupArn);
  if (!one) return 0;
  if (weights.length === 1) return 1000;
  const sum = sumOf(weights);
  return sum > 0 ? (one.weight * 1000) / sum : 0;
}

/** True when `after` gives the target group a larger share than `before`: compared exactly, without a division. */
export function raisesShare(before: Weights, after: Weights, targetGroupArn: string): boolean {
  const [gets, ofAll] = fraction(after, targetGroupArn);
  const [had, ofBefore] = fraction(before, targetGroupArn);
  return gets * ofBefore > had * ofAll;
}

function fraction(weights: Weights, targetGroupArn: string): readonly [number, number] {
  const one = weights.find((candidate) => candidate.targetGroupArn === targetGroupArn);
  if (!one) return [0, 1];
  if (weights.length === 1) return [1, 1];
  return [one.weight, Math.max(1, sumOf(weights))];
}
