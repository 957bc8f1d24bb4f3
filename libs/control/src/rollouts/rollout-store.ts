import type {
  Finding,
  FrozenPlan,
  FrozenRoute,
  IntentPurpose,
  PlanSpec,
  Rollout,
  RolloutState,
  RouteChange,
  RouteDiff,
  Weights,
  WriteFact,
} from '@sluice/domain';
import type { Page, PageRequest } from '../resources/types.js';
import type { DecisionView, RolloutTimeline, RolloutView } from './types.js';

/** A rollout as stored: what `decide` needs, and what a person is told. */
export interface StoredRollout extends Rollout {
  readonly name: string;
  readonly pausedFrom: 'Running' | 'RollingBack' | null;
  readonly writeDecisionId: string | null;
  readonly reason: string;
  readonly message: string;
  readonly wakeAt: number | null;
}

/** A rollout loaded for deciding, with Postgres's clock of the same instant. */
export interface LoadedRollout {
  readonly rollout: StoredRollout;
  /** Writes of `writeDecisionId`, and whatever of older decisions is still in flight. */
  readonly writes: readonly WriteFact[];
  readonly clusters: Readonly<Record<string, { id: string; name: string; cordoned: boolean; retired: boolean }>>;
  /** Newest settled write per route: a live read older than this is of no use. */
  readonly settledAt: Readonly<Record<string, number>>;
  readonly now: number;
}

/** What a transaction changes on the rollout's row; absent = unchanged. */
export interface RolloutPatch {
  readonly state?: RolloutState;
  readonly stepIndex?: number;
  readonly verifiedAt?: number | null;
  readonly heldMs?: number;
  readonly heldCheckedAt?: number | null;
  readonly expected?: Readonly<Record<string, Weights>>;
  readonly advanceRequestedBy?: string | null;
  readonly pausedFrom?: 'Running' | 'RollingBack' | null;
  readonly writeDecisionId?: null;
  readonly startedAt?: number;
  readonly finishedAt?: number | null;
  readonly reason?: string;
  readonly message?: string;
  readonly beside?: readonly Finding[];
  readonly diffs?: readonly RouteDiff[];
  readonly wakeAt?: number | null;
}

/** A line of the ledger to be written, with the intents it stands for (none: a decision that writes nothing). */
export interface NewDecision {
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly actor: string;
  readonly stepIndex: number | null;
  readonly changes: readonly RouteChange[];
  readonly facts: Readonly<Record<string, unknown>>;
  readonly writes: {
    readonly purpose: IntentPurpose;
    readonly minHealthyTargets: number;
    readonly maxFactAgeMs: number;
    readonly forced: { readonly by: string; readonly reason: string } | null;
  } | null;
}

/** One step of a rollout's life, in one transaction that never calls out. */
export interface RolloutChange {
  readonly patch: RolloutPatch;
  readonly decision?: NewDecision;
  /** Intents not yet sent end as superseded, with this reason (rule 5). */
  readonly supersede?: string;
  /** Frees the routes for another rollout. */
  readonly release?: boolean;
  /** Takes the routes again (a rollback within the bake); Conflict `RouteIsBusy` when another rollout has them. */
  readonly acquire?: boolean;
  /** Live weights by route id that a person has seen and said yes to: from now on no drift. */
  readonly believed?: Readonly<Record<string, Weights>>;
  /** After success or a verified rollback: the routes' new steady-state shares, backend name -> permille. */
  readonly steadyShares?: Readonly<Record<string, number>>;
}

export interface NewRollout {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  readonly plan: FrozenPlan;
  /** 'now' = by Postgres's clock, as everything that is due. */
  readonly startAt: number | 'now' | null;
  readonly forced: { readonly by: string; readonly reason: string } | null;
  readonly actor: string;
  readonly expected: Readonly<Record<string, Weights>>;
}

/** A plan version with the routes it names today, for compiling. */
export interface PlanMaterial {
  readonly projectId: string;
  readonly planId: string;
  readonly planName: string;
  readonly planVersion: number;
  readonly spec: PlanSpec;
  readonly routes: readonly (Omit<FrozenRoute, 'baseline'> & {
    readonly expected: Weights;
    readonly acknowledged: boolean;
  })[];
  /** Ids that the plan names and the project doesn't have. */
  readonly missingRouteIds: readonly string[];
}

/** Rollouts and their ledger. Every change is one transaction; time is Postgres's. */
export abstract class RolloutStore {
  abstract material(planId: string, planVersion: number | null): Promise<PlanMaterial | null>;
  /** Conflict `RouteIsBusy` when a route is in an active rollout or has a write in flight. */
  abstract create(rollout: NewRollout): Promise<RolloutView>;
  abstract view(id: string): Promise<RolloutView | null>;
  abstract list(
    filter: { projectId: string | null; state: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutView>>;
  abstract timeline(id: string): Promise<RolloutTimeline>;
  abstract decisions(
    filter: { projectId: string | null; rolloutId: string | null; routeId: string | null },
    page: PageRequest,
  ): Promise<Page<DecisionView>>;
  abstract decision(id: string): Promise<DecisionView | null>;

  abstract load(id: string): Promise<LoadedRollout | null>;
  /** Compare-and-set on `version`: false when somebody else was first. */
  abstract commit(rollout: StoredRollout, change: RolloutChange): Promise<boolean>;
  /** Counts the hold and sets the next wake-up; no new version, no event: nothing changed for people. */
  abstract tick(
    rollout: StoredRollout,
    patch: { heldMs: number; heldCheckedAt: number | null; wakeAt: number | null },
  ): Promise<void>;
  /** Takes due rollouts, in one statement; a taker that dies lets them go after `claimMs`. */
  abstract claimDue(limit: number, claimMs: number): Promise<readonly string[]>;
  /** Milliseconds until the next wake-up by Postgres's clock (0 = due), null = none. */
  abstract nextWakeInMs(): Promise<number | null>;
}

/** Wakes the replicas: NOTIFY where it gets through, a poll of at most a second behind it. */
export abstract class Signals {
  /** `rollouts`: a wake-up moved; `intents`: a lane has work; `outbox`: an event to number; `events`: a numbered one to tell. */
  abstract on(topic: 'rollouts' | 'intents' | 'outbox' | 'events', listener: (payload: string) => void): () => void;
}
