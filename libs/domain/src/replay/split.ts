import type { FrozenRoute } from '../rollout/types.js';
import type { Weights } from '../weights/types.js';

/** Weights in their order, each target group named by the place of its backend in the route; by its ARN where it has none. */
export type Split = readonly (readonly [group: number | string, weight: number])[];

export function splitOf(route: FrozenRoute | undefined, weights: Weights): Split {
  return weights.map(({ targetGroupArn, weight }) => {
    const place = route?.backends.findIndex((one) => one.targetGroupArn === targetGroupArn) ?? -1;
    return [place < 0 ? targetGroupArn : place, weight];
  });
}

export function weightsOfSplit(route: FrozenRoute | undefined, split: Split): Weights {
  return split.map(([group, weight]) => ({
    targetGroupArn: typeof group === 'string' ? group : (route?.backends[group]?.targetGroupArn ?? ''),
    weight,
  }));
}
