import type { Weights } from './types.js';
import { sumOf } from './equal.js';

/** TargetGroupTuple.Weight, ELBv2 API reference. */
export const maxWeight = 999;
/** "Target groups per action on ALB": a fixed quota (aws-and-lbc §4.5). */
export const maxTargetGroups = 5;

/** Why these weights must never be written (design rule 1), or null when they may be. */
export function unsafeWeights(weights: Weights): string | null {
  if (weights.length === 0) return 'a forward action needs at least one target group';
  if (weights.length > maxTargetGroups) {
    return `a forward action takes at most ${maxTargetGroups} target groups, these are ${weights.length}`;
  }
  const seen = new Set<string>();
  for (const { targetGroupArn, weight } of weights) {
    if (targetGroupArn === '') return 'a target group has no ARN';
    if (seen.has(targetGroupArn)) return `target group ${targetGroupArn} is listed twice`;
    seen.add(targetGroupArn);
    if (!Number.isInteger(weight) || weight < 0 || weight > maxWeight) {
      return `the weight of ${targetGroupArn} is ${weight}; it must be an integer from 0 to ${maxWeight}`;
    }
  }
  return sumOf(weights) > 0 ? null : 'all weights are 0; no target group would get a request';
}
