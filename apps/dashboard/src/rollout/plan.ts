import type { Rollout } from '@sluice/contracts';

export type FrozenPlanOf = Rollout['plan'];
export type FrozenRouteOf = FrozenPlanOf['routes'][number];
export type StepOf = FrozenPlanOf['steps'][number];

/** How long a step is held: never less than the load balancer needs to converge. */
export function holdOf(plan: FrozenPlanOf, step: StepOf): number {
  return Math.max(step.holdMs, plan.settleMs);
}
