import type { ProgressPoint, TimelinePoint } from '@sluice/control';
import type { DecisionRow } from './rows.js';
import { meanShares, weightsOfStep, type FrozenPlan, type FrozenRoute, type Weights } from '@sluice/domain';

/** What the timeline needs of a decision. */
export interface TimelineDecision {
  kind: string;
  step_index: number | null;
  created_at: Date;
  changed_route_ids: string[];
  /** Live weights that a person took over, by route id. */
  adopted: Record<string, Weights> | null;
}

/** An adopt line's facts hold what was taken over. */
export function toTimelineDecision({ changes, facts, ...row }: DecisionRow): TimelineDecision {
  const live = row.kind === 'adopt' ? facts['live'] : undefined;
  return {
    ...row,
    changed_route_ids: changes.map(({ routeId }) => routeId),
    adopted: (live as TimelineDecision['adopted'] | undefined) ?? null, // written by `said`
  };
}

/** What the timeline needs of an intent. */
export interface TimelineIntent {
  route_id: string;
  step_index: number | null;
  after: Weights;
  state: string;
  created_at: Date;
  settled_at: Date | null;
}

/**
 * Planned when decided, verified when settled as applied or adopted by a person, in order of time: what the chart draws. A
 * step that changes nothing on a route is planned and verified there as it is decided.
 */
export function timelinePoints(
  plan: FrozenPlan,
  decisions: readonly TimelineDecision[],
  intents: readonly TimelineIntent[],
): TimelinePoint[] {
  return [
    ...intents.flatMap(written),
    ...decisions.flatMap((decision) => [...unchanged(plan, decision), ...adopted(plan, decision)]),
  ].sort((a, b) => a.at.localeCompare(b.at));
}

function written(intent: TimelineIntent): TimelinePoint[] {
  const common = { routeId: intent.route_id, stepIndex: intent.step_index, weights: intent.after };
  const planned: TimelinePoint = { ...common, kind: 'planned', at: intent.created_at.toISOString() };
  if (intent.state !== 'applied' || !intent.settled_at) return [planned];
  return [planned, { ...common, kind: 'verified', at: intent.settled_at.toISOString() }];
}

function unchanged(plan: FrozenPlan, decision: TimelineDecision): TimelinePoint[] {
  const step = decision.kind === 'shift' ? plan.steps[decision.step_index ?? -1] : undefined;
  if (!step) return [];
  const at = decision.created_at.toISOString();
  const changed = new Set(decision.changed_route_ids);
  return plan.routes.flatMap((route): TimelinePoint[] => {
    const built = weightsOfStep(route, step, route.baseline);
    if (!built.ok || changed.has(route.id)) return [];
    const common = { routeId: route.id, stepIndex: step.index, weights: built.weights, at };
    return [
      { ...common, kind: 'planned' },
      { ...common, kind: 'verified' },
    ];
  });
}

function adopted(plan: FrozenPlan, { adopted: live, step_index, created_at }: TimelineDecision): TimelinePoint[] {
  if (!live) return [];
  return plan.routes.flatMap(({ id }): TimelinePoint[] => {
    const weights = live[id];
    return weights
      ? [{ at: created_at.toISOString(), routeId: id, stepIndex: step_index, kind: 'verified', weights }]
      : [];
  });
}

/**
 * The shares over all routes, each counting the same, as they went from point to point; at most about `most` points of
 * each kind, those that change least left out.
 */
export function progressPoints(
  routes: readonly FrozenRoute[],
  points: readonly TimelinePoint[],
  most: number,
): ProgressPoint[] {
  return (['planned', 'verified'] as const).flatMap((kind) => {
    const present = new Map(routes.map((route) => [route.id, route.baseline]));
    const own = points.filter((point) => point.kind === kind);
    const mean = () =>
      meanShares(routes.map(({ id, backends, baseline }) => ({ backends, weights: present.get(id) ?? baseline })));
    const every = Math.max(1, Math.ceil(own.length / most));
    return own.flatMap((point, i): ProgressPoint[] => {
      present.set(point.routeId, point.weights);
      // all that is told of one moment is one point
      if (own[i + 1]?.at === point.at || (i % every !== every - 1 && isBetween(own, i))) return [];
      return [{ at: point.at, kind, shares: mean() }];
    });
  });
}

/** Whether a point is neither the first nor the last of its step: those are where a line bends. */
function isBetween(points: readonly TimelinePoint[], i: number): boolean {
  const step = points[i]?.stepIndex;
  return points[i - 1]?.stepIndex === step && i + 1 < points.length && points[i + 1]?.stepIndex === step;
}
