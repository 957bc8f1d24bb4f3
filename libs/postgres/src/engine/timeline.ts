import type { TimelinePoint } from '@sluice/control';
import type { FrozenPlan } from '@sluice/domain';
import { weightsOfStep } from '@sluice/domain';
import type { DecisionRow, IntentRow } from './rows.js';

/**
 * Planned when decided, verified when settled as applied, in order of time: what the chart draws. A step that changes
 * nothing on a route is planned and verified there as it is decided.
 */
export function timelinePoints(
  plan: FrozenPlan,
  decisions: readonly DecisionRow[],
  intents: readonly IntentRow[],
): TimelinePoint[] {
  return [...intents.flatMap(written), ...decisions.flatMap((decision) => unchanged(plan, decision))].sort((a, b) =>
    a.at.localeCompare(b.at),
  );
}

function written(intent: IntentRow): TimelinePoint[] {
  const common = { routeId: intent.route_id, stepIndex: intent.step_index, weights: intent.after };
  const planned: TimelinePoint = { ...common, kind: 'planned', at: intent.created_at.toISOString() };
  if (intent.state !== 'applied' || !intent.settled_at) return [planned];
  return [planned, { ...common, kind: 'verified', at: intent.settled_at.toISOString() }];
}

function unchanged(plan: FrozenPlan, decision: DecisionRow): TimelinePoint[] {
  const step = decision.kind === 'shift' ? plan.steps[decision.step_index ?? -1] : undefined;
  if (!step) return [];
  const at = decision.created_at.toISOString();
  return plan.routes.flatMap((route): TimelinePoint[] => {
    const built = weightsOfStep(route, step, route.baseline);
    if (!built.ok || decision.changes.some((change) => change.routeId === route.id)) return [];
    const { weights } = built;
    const common = { routeId: route.id, stepIndex: step.index, weights, at };
    return [
      { ...common, kind: 'planned' },
      { ...common, kind: 'verified' },
    ];
  });
}
