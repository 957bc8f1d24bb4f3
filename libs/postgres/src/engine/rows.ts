import type { FrozenPlan, RolloutState, RouteChange, RouteDiff, Finding, Weights } from '@sluice/domain';
import { verbAllowed, rolloutVerbs } from '@sluice/domain';
import type { DecisionView, IntentView, RolloutView, StoredRollout } from '@sluice/control';

/** Rows as `pg` gives them: timestamptz is a Date, jsonb is parsed, int8 is a string. */
export interface RolloutRow {
  id: string;
  project_id: string;
  plan_id: string;
  plan_version: number;
  name: string;
  state: RolloutState;
  version: number;
  plan: FrozenPlan;
  step_index: number;
  verified_at: Date | null;
  held_ms: number;
  held_checked_at: Date | null;
  expected: Record<string, Weights>;
  advance_requested_by: string | null;
  forced: { by: string; reason: string } | null;
  paused_from: 'Running' | 'RollingBack' | null;
  write_decision_id: string | null;
  start_at: Date | null;
  started_at: Date | null;
  finished_at: Date | null;
  reason: string;
  message: string;
  beside: Finding[];
  diffs: RouteDiff[];
  wake_at: Date | null;
  created_at: Date;
  created_by: string;
  updated_at: Date;
}
export interface DecisionRow {
  id: string;
  seq: string;
  project_id: string;
  rollout_id: string | null;
  kind: string;
  reason: string;
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
  before: Weights;
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

const ms = (date: Date | null) => date?.getTime() ?? null;
const iso = (date: Date | null) => date?.toISOString() ?? null;

export function toStored(row: RolloutRow): StoredRollout {
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    state: row.state,
    version: row.version,
    plan: row.plan,
    stepIndex: row.step_index,
    verifiedAt: ms(row.verified_at),
    heldMs: row.held_ms,
    heldCheckedAt: ms(row.held_checked_at),
    expected: row.expected,
    advanceRequestedBy: row.advance_requested_by,
    startAt: ms(row.start_at),
    finishedAt: ms(row.finished_at),
    forced: row.forced,
    pausedFrom: row.paused_from,
    writeDecisionId: row.write_decision_id,
    reason: row.reason,
    message: row.message,
    wakeAt: ms(row.wake_at),
  };
}

/** `now` decides whether the bake still allows a rollback. */
export function toView(row: RolloutRow, now: number): RolloutView {
  const stored = toStored(row);
  const step = row.plan.steps[row.step_index];
  return {
    id: row.id,
    projectId: row.project_id,
    planId: row.plan_id,
    planVersion: row.plan_version,
    name: row.name,
    state: row.state,
    version: row.version,
    stepIndex: row.step_index,
    stepCount: row.plan.steps.length,
    plan: row.plan,
    expected: row.expected,
    reason: row.reason,
    message: row.message,
    beside: row.beside,
    diffs: row.diffs,
    allowedVerbs: rolloutVerbs.filter((verb) => verbAllowed(stored, verb, now).ok),
    verifiedAt: iso(row.verified_at),
    heldMs: row.held_ms,
    holdMs: step ? Math.max(step.holdMs, row.plan.settleMs) : null,
    nextWakeAt: iso(row.wake_at),
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
