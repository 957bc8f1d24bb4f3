import type {
  IntentPurpose,
  Finding,
  FrozenPlan,
  LedgerReason,
  RolloutReason,
  RolloutState,
  RolloutVerb,
  RouteChange,
  RouteDiff,
  Weights,
} from '@sluice/domain';

/** A rollout in a list. Times are ISO 8601 UTC. */
export interface RolloutSummary {
  readonly id: string;
  readonly projectId: string;
  readonly planId: string;
  readonly planVersion: number;
  readonly name: string;
  readonly state: RolloutState;
  readonly version: number;
  readonly stepIndex: number;
  readonly stepCount: number;
  readonly routeCount: number;
  readonly reason: RolloutReason;
  readonly message: string;
  readonly allowedVerbs: readonly RolloutVerb[];
  /** When it is looked at again; null = an event will say. */
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

/** How far one route has come. */
export interface RolloutRouteView {
  readonly routeId: string;
  readonly name: string;
  /** The step last written or found live there; -1 before the first. */
  readonly stepIndex: number;
  readonly expected: Weights;
  readonly verifiedAt: string | null;
  /** The write that stands for it now; null = none is outstanding or failed. */
  readonly write: {
    readonly intentId: string;
    readonly purpose: IntentView['purpose'];
    readonly state: IntentView['state'];
    readonly reason: string | null;
    readonly message: string | null;
  } | null;
  /** Backends that have a share now, or get one by the present step or the next, with fewer healthy targets than needed, as last seen. */
  readonly ill: readonly { readonly backend: string; readonly healthy: number; readonly total: number }[];
}

/** A rollout as the API shows it: with its plan and its routes. */
export interface RolloutView extends RolloutSummary {
  readonly plan: FrozenPlan;
  readonly routes: readonly RolloutRouteView[];
  /** Weights that explain what is live, by route id. */
  readonly expected: Readonly<Record<string, Weights>>;
  readonly beside: readonly Finding[];
  readonly diffs: readonly RouteDiff[];
  /** When the current step was verified on every route. */
  readonly verifiedAt: string | null;
  /** Planned length of the current hold (the longer of hold and settle time); null = none now. */
  readonly holdMs: number | null;
  /** When the hold will have been served if nothing interrupts it; null = none is running. */
  readonly holdEndsAt: string | null;
}

/** How a decision ended: derived from its intents. */
export const decisionStates = ['decided', 'applied', 'partlyApplied', 'superseded', 'failed', 'compensated'] as const;
export type DecisionState = (typeof decisionStates)[number];

export interface DecisionView {
  readonly id: string;
  /** Grows with every decision; also the page order. */
  readonly seq: string;
  readonly projectId: string;
  readonly rolloutId: string | null;
  readonly kind: string;
  readonly reason: LedgerReason;
  readonly message: string;
  readonly actor: string;
  readonly stepIndex: number | null;
  readonly changes: readonly RouteChange[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly state: DecisionState;
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
  readonly purpose: IntentPurpose;
  readonly state: 'pending' | 'sent' | 'applied' | 'failed' | 'superseded';
  readonly stepIndex: number | null;
  /** null = it goes out over anything (rollback, reassertion). */
  readonly before: Weights | null;
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
/** The shares over all routes at one moment, each counting the same: tenths of a percent by backend name. */
export interface ProgressPoint {
  readonly at: string;
  readonly kind: 'planned' | 'verified';
  readonly shares: Readonly<Record<string, number>>;
}

/** A decision without what it changed on each route. */
export interface DecisionSummary extends Omit<DecisionView, 'projectId' | 'rolloutId' | 'changes' | 'facts'> {
  /** How many routes it changes. */
  readonly routeCount: number;
}

/** How a rollout went over all its routes: what fits on a page, however many they are. */
export interface RolloutProgress {
  readonly rolloutId: string;
  readonly points: readonly ProgressPoint[];
  readonly decisions: readonly DecisionSummary[];
}

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
