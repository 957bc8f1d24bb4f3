import type {
  Actor,
  Change,
  EnginePart,
  FrozenPlan,
  FrozenRoute,
  Observation,
  PlanSpec,
  Rollout,
  RolloutReason,
  RolloutState,
  Weights,
} from '@sluice/domain';
import type { Page, PageRequest } from '../resources/types.js';
import type { DecisionView, RolloutProgress, RolloutSummary, RolloutTimeline, RolloutView } from './types.js';

/** A rollout as stored: what `decide` needs, and what a person is told. */
export interface StoredRollout extends Rollout {
  readonly name: string;
  readonly reason: RolloutReason;
  readonly message: string;
}

/** A rollout loaded for deciding, with everything that is known of its routes, by Postgres's clock. */
export interface LoadedRollout {
  readonly rollout: StoredRollout;
  readonly seen: Observation;
  /** Versions of what the facts of this moment rest on: `rollout/<id>`, `cluster/<id>`, `route/<id>`, `freeze/<project>`. */
  readonly guards: Readonly<Record<string, bigint>>;
  /** What a commit compares: it grows with everything that people are told, `rollout.version` only with the ledger. */
  readonly revision: number;
  /** Which wake-up was its last by then; null = none was there. */
  readonly woken: bigint | null;
  readonly now: number;
}

export interface NewRollout {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
  /** As it would be compiled now: what people are shown until the start compiles it anew. */
  readonly plan: FrozenPlan;
  /** 'now' = by Postgres's clock, as everything that is due. */
  readonly startAt: number | 'now' | null;
  readonly forced: { readonly by: string; readonly reason: string } | null;
  readonly actor: Actor;
}

/** A route as a plan is compiled against it, with what was last seen of it. */
export type MaterialRoute = Omit<FrozenRoute, 'baseline'> & {
  readonly acknowledged: boolean;
  /** Weights that explain what is live. */
  readonly expected: Weights;
  /** The rollout that has a claim on it now. */
  readonly claimedBy: string | null;
};

/** A plan version with the routes it names today, for compiling. */
export interface PlanMaterial {
  readonly projectId: string;
  readonly planId: string;
  readonly planName: string;
  readonly planVersion: number;
  readonly spec: PlanSpec;
  readonly routes: readonly MaterialRoute[];
  /** Newest looks at their actions, by route id. */
  readonly seen: Observation['routes'];
  /** Ids that the plan names and the project doesn't have. */
  readonly missingRouteIds: readonly string[];
  readonly now: number;
}

/** `moved`: somebody else was first, or a guard has moved; decide again. */
export type CommitResult = 'committed' | 'moved';

/** Rollouts, their ledger and their events. Every change is one transaction; time is Postgres's. */
export abstract class RolloutStore {
  abstract material(planId: string, planVersion: number | null): Promise<PlanMaterial | null>;
  abstract create(rollout: NewRollout): Promise<RolloutView>;
  abstract view(id: string): Promise<RolloutView | null>;
  abstract list(
    filter: { projectId: string | null; state: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutSummary>>;
  /** `routeId`: only what is about this route. */
  abstract timeline(id: string, routeId: string | null): Promise<RolloutTimeline>;
  abstract progress(id: string): Promise<RolloutProgress>;
  abstract decisions(
    filter: { projectId: string | null; rolloutId: string | null; routeId: string | null },
    page: PageRequest,
  ): Promise<Page<DecisionView>>;
  abstract decision(id: string): Promise<DecisionView | null>;

  abstract load(id: string): Promise<LoadedRollout | null>;
  /** Compare-and-set on `revision` and on the guards of what the change relies on. Conflict `RouteIsBusy` when claims are taken. `part`: who changes it, default `rollout`. */
  abstract commit(loaded: LoadedRollout, change: Change, part?: EnginePart): Promise<CommitResult>;
  /** A word of `actor`'s: `word` sees the rollout under its lock, so that the first try is the last whatever the engine does. */
  abstract say(id: string, actor: Actor, word: (loaded: LoadedRollout) => Change, options?: SayOptions): Promise<void>;
  /** Takes due wake-ups, most urgent first, in one statement; a taker that dies lets them go after `claimMs`. */
  abstract claimDue(limit: number, claimMs: number): Promise<DueRollouts>;
}

export interface DueRollouts {
  readonly ids: readonly string[];
  /** Milliseconds until the next wake-up that isn't due yet, by Postgres's clock; null = none. */
  readonly nextInMs: number | null;
}

/** Whoever waits for wake-ups looks this often anyway: one that is further away needs no signal. */
export const wakerSleepMs = 1_000;

export interface SayOptions {
  /** Refuse (Conflict `NewerMoveExists`) where something newer has moved one of its routes. */
  readonly refuseOverNewer?: boolean;
}

/** Wakes the replicas: NOTIFY where it gets through, a poll of at most a second behind it. */
export abstract class Signals {
  /** `rollouts`: a wake-up moved; `intents`: a gateway has work; `outbox`: an event to number; `events`: a numbered one to tell; `gateways`: one was let go of; `wants`: something else is to be looked at, by the gateway that it names (`retry`, or none: by all). */
  abstract on(topic: SignalTopic, listener: (payload: string) => void): () => void;
}

export const signalTopics = ['rollouts', 'intents', 'outbox', 'events', 'gateways', 'wants'] as const;
export type SignalTopic = (typeof signalTopics)[number];
