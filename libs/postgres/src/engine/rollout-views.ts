import type { RolloutRouteView, RolloutSummary, RolloutView } from '@sluice/control';
import type { FrozenPlan, FrozenRoute, Rollout, Weights, WriteFact } from '@sluice/domain';
import { own, requiredHoldMs, rolloutVerbs, shareOf, verbAllowed, verifiedAt } from '@sluice/domain';
import type { LoadedRollout } from '@sluice/control';
import { iso, ms, type RolloutRow } from './rows.js';

/** What a list needs of a rollout; the plan stays where it is. `now` decides whether the bake still allows a rollback. */
export function toSummary(row: RolloutRow, now: number): RolloutSummary {
  return {
    id: row.id,
    projectId: row.project_id,
    planId: row.plan_id,
    planVersion: row.plan_version,
    name: row.name,
    state: row.state,
    version: row.version,
    stepIndex: row.step_index,
    stepCount: row.step_count,
    routeCount: row.route_count,
    reason: row.reason,
    message: row.message,
    allowedVerbs: rolloutVerbs.filter((verb) => verbAllowed(verbState(row), verb, now).ok),
    nextWakeAt: iso(row.next_at),
    advanceRequestedBy: row.advance_requested_by,
    forced: row.forced,
    startAt: iso(row.start_at),
    startedAt: iso(row.started_at),
    finishedAt: iso(row.finished_at),
    createdAt: row.created_at.toISOString(),
    createdBy: row.created_by,
    updatedAt: row.updated_at.toISOString(),
  };
}

function verbState(row: RolloutRow): Parameters<typeof verbAllowed>[0] {
  const { finished_at, bakes_until } = row;
  return { state: row.state, finishedAt: ms(finished_at), bakesUntil: ms(bakes_until) };
}

/** The whole of it, as GET and the verbs return it. */
export function toView({ rollout, seen, now }: LoadedRollout, row: RolloutRow): RolloutView {
  const holds = rollout.reason === 'StepIsHolding' || rollout.reason === 'SettleTime';
  const verified = verifiedAt(rollout);
  return {
    ...toSummary(row, now),
    plan: rollout.plan,
    routes: routeViews(rollout, seen, rollout.plan),
    expected: Object.fromEntries(rollout.routes.map((route) => [route.routeId, route.expected])),
    beside: row.beside,
    diffs: row.diffs,
    verifiedAt: verified === null ? null : new Date(verified).toISOString(),
    holdMs: rollout.stepIndex >= 0 ? requiredHoldMs(rollout) : null,
    holdEndsAt: holds && rollout.state === 'Running' ? iso(row.next_at) : null,
  };
}

const isDone = (state: WriteFact['state']) => state === 'applied' || state === 'superseded';

export function routeViews(
  rollout: Rollout,
  seen: LoadedRollout['seen'],
  plan: FrozenPlan,
): readonly RolloutRouteView[] {
  return plan.routes.map((route, i): RolloutRouteView => {
    const progress = rollout.routes[i];
    const write = seen.writes.find((one) => one.routeId === route.id && !isDone(one.state));
    return {
      routeId: route.id,
      name: route.name,
      stepIndex: progress?.stepIndex ?? -1,
      expected: progress?.expected ?? route.baseline,
      verifiedAt: progress?.verifiedAt == null ? null : new Date(progress.verifiedAt).toISOString(),
      write: write
        ? {
            intentId: write.intentId,
            purpose: write.purpose,
            state: write.state,
            reason: write.reason,
            message: write.message,
          }
        : null,
      ill: illOf(route, progress?.expected ?? route.baseline, rollout, seen),
    };
  });
}

/** Whose health may hold the rollout up; what was never seen is no illness. */
function illOf(
  route: FrozenRoute,
  expected: Weights,
  { plan, stepIndex }: Rollout,
  seen: LoadedRollout['seen'],
): RolloutRouteView['ill'] {
  const steps = plan.steps.slice(Math.max(0, stepIndex), stepIndex + 2);
  const needed = steps[0]?.gates[0]?.minHealthyTargets ?? plan.minHealthyTargets;
  return route.backends.flatMap(({ name: backend, targetGroupArn }) => {
    const fact = own(seen.health, targetGroupArn);
    const counts = shareOf(expected, targetGroupArn) > 0 || steps.some(({ shares }) => (shares[backend] ?? 0) > 0);
    if (!counts || !fact?.ok || fact.value.healthy >= needed) return [];
    return [{ backend, healthy: fact.value.healthy, total: fact.value.total }];
  });
}
