import type { Weights } from './types.js';
import { shareOf } from './equal.js';

interface Split {
  readonly backends: readonly { readonly name: string; readonly targetGroupArn: string }[];
  readonly weights: Weights;
}

/** The mean of these routes' shares by backend name, in whole tenths of a percent; each route counts the same. */
export function meanShares(routes: readonly Split[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { backends, weights } of routes)
    for (const { name, targetGroupArn } of backends)
      sums.set(name, (sums.get(name) ?? 0) + shareOf(weights, targetGroupArn));
  return Object.fromEntries([...sums].map(([name, sum]) => [name, Math.round(sum / routes.length)]));
}
