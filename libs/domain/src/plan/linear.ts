import type { Permille, Weights } from '../weights/types.js';
import { roundToSum } from '../weights/integers.js';
import type { FrozenRoute } from '../rollout/types.js';

/** The shares our backends have among themselves now, in the order of `route.backends`, summing to 1000; null when none has any. */
export function presentShares(route: FrozenRoute, live: Weights): readonly Permille[] | null {
  const held = route.backends.map((backend) => live.find((one) => one.targetGroupArn === backend.targetGroupArn));
  const alone = live.length === 1 && held.some((one) => one !== undefined);
  const weights = held.map((one) => (one === undefined ? 0 : alone ? 1 : one.weight));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return sum > 0
    ? roundToSum(
        weights.map((weight) => (weight * 1000) / sum),
        1000,
      )
    : null;
}

/** `count` equal steps on the straight line between two lists of shares; the last is exactly `to`. */
export function linearShares(
  from: readonly Permille[],
  to: readonly Permille[],
  count: number,
): readonly (readonly Permille[])[] {
  return Array.from({ length: count }, (_, i) => {
    const part = (i + 1) / count;
    return roundToSum(
      to.map((share, k) => (from[k] ?? 0) + (share - (from[k] ?? 0)) * part),
      1000,
    );
  });
}
