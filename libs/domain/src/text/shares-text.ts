import type { CompiledStep, FrozenBackend, FrozenPlan, FrozenRoute } from '../rollout/types.js';
import { shareOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { own } from './record.js';

/** Tenths of a percent as percent, with a decimal only where there is one: `50`, `33.3`. */
export function percentText(permille: number): string {
  return String(Math.round(permille) / 10);
}

/** A step's shares by backend name: `black 10 %, red 90 %`. */
export function stepSharesText(plan: FrozenPlan, step: CompiledStep): string {
  const backends = plan.routes[0]?.backends ?? [];
  return backends.map((backend) => `${backend.name} ${percentText(own(step.shares, backend.name) ?? 0)} %`).join(', ');
}

/** `step 2 of 4 (black 10 %, red 90 %)`: named, since nothing else says whose share comes first. */
export function stepText(plan: FrozenPlan, index: number): string {
  const step = plan.steps[index];
  const shares = step ? ` (${stepSharesText(plan, step)})` : '';
  return `step ${index + 1} of ${plan.steps.length}${shares}`;
}

/** The weights' shares by backend name: `red 50 %, black 50 %`; target groups that aren't ours by ARN. */
export function weightsText(route: FrozenRoute, weights: Weights): string {
  return weights
    .map(({ targetGroupArn }) => {
      const backend = route.backends.find((one) => one.targetGroupArn === targetGroupArn);
      return `${backend?.name ?? targetGroupArn} ${percentText(shareOf(weights, targetGroupArn))} %`;
    })
    .join(', ');
}

export type NamedBackend = Pick<FrozenBackend, 'name' | 'clusterId' | 'clusterName'>;

/** What an operator calls a backend: its cluster, with its own name where the cluster has two in this route. */
export function backendText(route: { readonly backends: readonly NamedBackend[] }, backend: NamedBackend): string {
  const inCluster = route.backends.filter((one) => one.clusterId === backend.clusterId);
  return inCluster.length > 1 ? `${backend.name} in ${backend.clusterName}` : backend.clusterName;
}
