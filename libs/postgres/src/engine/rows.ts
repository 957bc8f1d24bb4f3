import type {
  Finding,
  FrozenPlan,
  Forced,
  Goal,
  LedgerReason,
  RolloutReason,
  RolloutState,
  RouteDiff,
  RouteChange,
  Suspicion,
  Weights,
} from '@sluice/domain';
import type { DecisionSummary, DecisionView, IntentView } from '@sluice/control';

/** Rows as `pg` gives them: timestamptz is a Date, jsonb is parsed, int8 is a string. */
export interface RolloutRow {
  id: string;
  project_id: string;
  plan_id: string;
  plan_version: number;
  name: string;
  state: RolloutState;
  version: number;
  revision: number;
  frozen_plan_id: string;
  route_count: number;
  step_count: number;
  step_index: number;
  hold_from: Date | null;
  advance_requested_by: string | null;
  forced: Forced | null;
  paused_from: 'Running' | 'RollingBack' | null;
  suspicion: Suspicion | null;
  start_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  bakes_until: Date | null;
  reason: RolloutReason;
  message: string;
  beside: Finding[];
  diffs: RouteDiff[];
  next_at: Date | null;
  created_at: Date;
  created_by: string;
  updated_at: Date;
}
export interface FrozenPlanRow {
  id: string;
  body: FrozenPlan;
}
export interface DecisionRow {
  id: string;
  seq: string;
  project_id: string;
  rollout_id: string | null;
  kind: string;
  reason: LedgerReason;
  message: string;
  actor: string;
  step_index: number | null;
  changes: RouteChange[];
  facts: Record<string, unknown>;
  state: DecisionView['state'];
  created_at: Date;
  ended_at: Date | null;
  end_message: string | null;
}
export type DecisionSummaryRow = Omit<DecisionRow, 'project_id' | 'rollout_id' | 'changes' | 'facts'> & {
  changed_route_ids: string[];
};
export interface IntentRow {
  id: string;
  seq: string;
  account_id: string;
  rollout_id: string | null;
  route_id: string;
  decision_id: string;
  purpose: IntentView['purpose'];
  state: IntentView['state'];
  step_index: number | null;
  goal: Goal;
  before: Weights | null;
  after: Weights;
  attempts: number;
  epoch: string | null;
  sent_at: Date | null;
  settled_at: Date | null;
  reason: string | null;
  message: string | null;
  live: Weights | null;
  created_at: Date;
}

export const ms = (date: Date | null) => date?.getTime() ?? null;
export const iso = (date: Date | null) => date?.toISOString() ?? null;

export function toDecision(row: DecisionRow): DecisionView {
  return {
    id: row.id,
    seq: row.seq,
    projectId: row.project_id,
    rolloutId: row.rollout_id,
    kind: row.kind,
    reason: row.reason,
    message: row.message,
    actor: row.actor,
    stepIndex: row.step_index,
    changes: row.changes,
    facts: row.facts,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    endedAt: iso(row.ended_at),
    endMessage: row.end_message,
  };
}

export function toDecisionSummary(row: DecisionSummaryRow): DecisionSummary {
  return {
    id: row.id,
    seq: row.seq,
    kind: row.kind,
    reason: row.reason,
    message: row.message,
    actor: row.actor,
    stepIndex: row.step_index,
    routeCount: row.changed_route_ids.length,
    state: row.state,
    createdAt: row.created_at.toISOString(),
    endedAt: iso(row.ended_at),
    endMessage: row.end_message,
  };
}

/** Of what a decision changes only this route's part, and no facts, which are about all of them. */
export function aboutRoute(decision: DecisionView, routeId: string): DecisionView {
  return { ...decision, changes: decision.changes.filter((change) => change.routeId === routeId), facts: {} };
}

export function toIntent(row: IntentRow): IntentView {
  return {
    id: row.id,
    seq: row.seq,
    rolloutId: row.rollout_id,
    routeId: row.route_id,
    decisionId: row.decision_id,
    purpose: row.purpose,
    state: row.state,
    stepIndex: row.step_index,
    before: row.before,
    after: row.after,
    attempts: row.attempts,
    epoch: row.epoch,
    sentAt: iso(row.sent_at),
    settledAt: iso(row.settled_at),
    reason: row.reason,
    message: row.message,
    live: row.live,
  };
}
