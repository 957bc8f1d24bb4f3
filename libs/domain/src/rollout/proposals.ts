import { raisesShare } from '../weights/equal.js';
import type { Move, Proposal } from './change.js';
import type { RouteChange } from './decision.js';
import type { FrozenRoute, Rollout } from './types.js';

/** The plan's health gate for a step; a rollback asks for one healthy receiver (rule 12). */
function least(rollout: Rollout, stepIndex: number): number {
  const gate = rollout.plan.steps[stepIndex]?.gates.find((one) => one.kind === 'health');
  return gate?.minHealthyTargets ?? rollout.plan.minHealthyTargets;
}

/** A step, or its reassertion, as a move: exact weights over those that it was decided on. */
export function stepMove(
  rollout: Rollout,
  stepIndex: number,
  changes: readonly RouteChange[],
  purpose: 'step' | 'reassert' = 'step',
): Move | null {
  if (changes.length === 0) return null;
  const step = rollout.plan.steps[stepIndex];
  return {
    purpose,
    stepIndex,
    minHealthyTargets: least(rollout, stepIndex),
    forced: rollout.forced,
    proposals: changes.map((change) => ({
      ...proposal(rollout, change),
      goal: { kind: 'shares', shares: step?.shares ?? {} },
      before: purpose === 'step' ? change.before : null,
    })),
  };
}

/** The way back as a move: a goal that is resolved on whatever is live when it is sent. */
export function backMove(rollout: Rollout, changes: readonly RouteChange[]): Move | null {
  if (changes.length === 0) return null;
  return {
    purpose: 'rollback',
    stepIndex: null,
    minHealthyTargets: 1,
    forced: rollout.forced,
    proposals: changes.map((change) => ({
      ...proposal(rollout, change),
      goal: { kind: 'baseline', baseline: routeOf(rollout, change.routeId)?.baseline ?? change.after },
      before: null,
      raisedClusterIds: [],
    })),
  };
}

function proposal(rollout: Rollout, change: RouteChange): Omit<Proposal, 'goal'> {
  const raised = (routeOf(rollout, change.routeId)?.backends ?? []).filter((backend) =>
    raisesShare(change.before, change.after, backend.targetGroupArn),
  );
  return {
    routeId: change.routeId,
    before: change.before,
    after: change.after,
    raisedClusterIds: [...new Set(raised.map((backend) => backend.clusterId))],
  };
}

function routeOf(rollout: Rollout, routeId: string): FrozenRoute | undefined {
  return rollout.plan.routes.find((one) => one.id === routeId);
}
