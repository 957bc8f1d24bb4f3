import type { Finding, FrozenPlan, RolloutState, RolloutVerb, RouteChange, RouteDiff, Weights } from '@sluice/domain';

/** A rollout as the API shows it. Times are ISO 8601 UTC. */
export interface RolloutView {
  readonly id: string;
  readonly projectId: string;
  readonly planId: string;
  readonly planVersion: number;
  readonly name: string;
  readonly state: RolloutState;
  readonly version: number;
  readonly stepIndex: number;
  readonly stepCount: number;
  readonly plan: FrozenPlan;
  readonly expected: Readonly<Record<string, Weights>>;
  readonly reason: string;
  readonly message: string;
  readonly beside: readonly Finding[];
  readonly diffs: readonly RouteDiff[];
  readonly allowedVerbs: readonly RolloutVerb[];
  readonly verifiedAt: string | null;
  readonly heldMs: number;
  /** Planned length of the current hold (the longer of hold and settle time). */
  readonly holdMs: number | null;
  readonly nextWakeAt: string | null;
  readonly advanceRequestedBy: string | null;
  readonly forced: { readonly by: string; readonly reason: string } | null;
  readonly startAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
}

export interface DecisionView {
  readonly id: string;
  /** Grows with every decision; also the page order. */
  readonly seq: string;
  readonly projectId: string;
  readonly rolloutId: string | null;
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly actor: string;
  readonly stepIndex: number | null;
  readonly changes: readonly RouteChange[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly state: 'decided' | 'applied' | 'superseded' | 'failed' | 'compensated';
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly endMessage: string | null;
}

export interface IntentView {
  readonly id: string;
  readonly seq: string;
  readonly rolloutId: string | null;
  readonly routeId: string;
  readonly decisionId: string;
  readonly purpose: 'step' | 'rollback' | 'oneOff' | 'attach' | 'reassert';
  readonly state: 'pending' | 'sent' | 'applied' | 'failed' | 'superseded';
  readonly stepIndex: number | null;
  readonly before: Weights;
  readonly after: Weights;
  readonly attempts: number;
  readonly epoch: string | null;
  readonly sentAt: string | null;
  readonly settledAt: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly live: Weights | null;
}

/** One point of a rollout's timeline: what was planned and what was verified on one route. */
export interface TimelinePoint {
  readonly at: string;
  readonly routeId: string;
  readonly stepIndex: number | null;
  readonly kind: 'planned' | 'verified';
  readonly weights: Weights;
}

export interface RolloutTimeline {
  readonly rolloutId: string;
  readonly points: readonly TimelinePoint[];
  readonly decisions: readonly DecisionView[];
  readonly intents: readonly IntentView[];
}
