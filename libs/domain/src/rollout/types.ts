import type { Permille, Weights } from '../weights/types.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
import type { WatchRuns } from '../facts/types.js';
import type { RolloutState } from './states.js';

/** Milliseconds since the Unix epoch, from Postgres's clock. Always an argument, never read here. */
export type Instant = number;

export interface FrozenBackend {
  readonly id: string;
  /** Unique in its route; the key of a step's shares. */
  readonly name: string;
  readonly clusterId: string;
  readonly clusterName: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number | string;
  readonly targetGroupArn: string;
}

export interface FrozenRoute {
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly accountId: string;
  readonly backends: readonly FrozenBackend[];
  /** Foreign target groups a person pinned, as of now: they keep the share they have and count towards the five. */
  readonly pinned: readonly string[];
  /** Live weights when the rollout started: where a rollback goes. */
  readonly baseline: Weights;
}

/** A gate's specification. Only `health` is decided today; the others have their place in the schema. */
export interface HealthGate {
  readonly kind: 'health';
  /** Fresh healthy targets a backend needs before its share is raised, and while it holds one. */
  readonly minHealthyTargets: number;
}
export type GateSpec = HealthGate;

export interface CompiledStep {
  readonly index: number;
  readonly name: string;
  /** Target share per backend name, summing to 1000. */
  readonly shares: Readonly<Record<string, Permille>>;
  readonly holdMs: number;
  readonly gates: readonly GateSpec[];
}

/** A plan version with everything resolved, frozen into the rollout. */
export interface FrozenPlan {
  readonly schemaVersion: 1;
  readonly decideVersion: 1;
  readonly planId: string;
  readonly planVersion: number;
  readonly name: string;
  readonly routes: readonly FrozenRoute[];
  readonly steps: readonly CompiledStep[];
  /** Shortest hold after a verified write: AWS returns before its data plane has converged (argo-rollouts #4595). */
  readonly settleMs: number;
  readonly minHealthyTargets: number;
  /** A fact older than this is not used for a decision; null = as fresh as its gateway's budget allows (two of its periods). */
  readonly maxFactAgeMs: number | null;
  readonly onHealthLost: 'block' | 'rollback';
  /** How long after success `rollback` is still one call. */
  readonly bakeMs: number;
}

/** A named person's forcing of the health gate for one rollout, with a reason. */
export interface Forced {
  readonly by: string;
  readonly reason: string;
}

/** How far one route of a rollout has come. */
export interface RouteProgress {
  readonly routeId: string;
  /** The step last written or found live here; -1 before the first. */
  readonly stepIndex: number;
  /** Weights that explain what is live: the baseline, a verified write, or what a person adopted. */
  readonly expected: Weights;
  /** When `stepIndex` was verified here; null while its write is outstanding. */
  readonly verifiedAt: Instant | null;
  /** Hold of this step served before `Rollout.holdFrom`, in ms. */
  readonly heldMs: number;
  /** Whether a write of ours was ever sent here since the baseline: then only a verified write proves that it is back. */
  readonly touched: boolean;
}

/** Seen once; it has to be seen again, by a newer look, before anything stops for it. */
export interface Suspicion {
  readonly reason: string;
  /** When the oldest of the looks behind it began. */
  readonly seenAt: Instant;
}

export interface Rollout {
  readonly id: string;
  readonly projectId: string;
  readonly state: RolloutState;
  /** Compare-and-set on this. */
  readonly version: number;
  readonly plan: FrozenPlan;
  /** Step being written or held; -1 before the first. */
  readonly stepIndex: number;
  /** In the plan's order. */
  readonly routes: readonly RouteProgress[];
  /** Since when holds count; null while they don't (paused, blocked, not running). */
  readonly holdFrom: Instant | null;
  /** A person asked to end the current hold early. */
  readonly advanceRequestedBy: string | null;
  /** What a pause, block or suspension interrupted. */
  readonly pausedFrom: 'Running' | 'RollingBack' | null;
  readonly suspicion: Suspicion | null;
  /** null = only by `start`. */
  readonly startAt: Instant | null;
  readonly finishedAt: Instant | null;
  /** Until when a rollback is one call after success; null = not succeeded. */
  readonly bakesUntil: Instant | null;
  readonly forced: Forced | null;
}

/** What was seen of one thing: with its age, or why it could not be seen. */
export type Fact<T> =
  | {
      readonly ok: true;
      readonly at: Instant;
      readonly value: T;
      /** For how long it may be used: two periods of its gateway. Absent = as long as the plan says. */
      readonly freshForMs?: number;
    }
  | {
      readonly ok: false;
      readonly at: Instant;
      readonly transient: boolean;
      readonly code: string;
      readonly message: string;
    };

/** The state of the writes of the current step or rollback, one per route. */
export interface WriteFact {
  readonly intentId: string;
  readonly routeId: string;
  readonly purpose: 'step' | 'rollback';
  readonly state: 'pending' | 'sent' | 'applied' | 'failed' | 'superseded';
  /** PascalCase; e.g. LiveWeightsDiffer, AccessDenied. */
  readonly reason: string | null;
  readonly message: string | null;
  /** What was live when a write failed on a difference. */
  readonly live: Weights | null;
}

export interface ClusterFact {
  readonly id: string;
  readonly name: string;
  readonly cordoned: boolean;
  readonly retired: boolean;
}

export interface Observation {
  /** By route id. */
  readonly routes: Readonly<Record<string, Fact<LiveRoute>>>;
  /** By target group ARN. */
  readonly health: Readonly<Record<string, Fact<TargetHealth>>>;
  readonly clusters: Readonly<Record<string, ClusterFact>>;
  /** The newest write of the rollout per route, and whatever older one is still in flight. */
  readonly writes: readonly WriteFact[];
  /** By route id, and by target group ARN: what holds are counted by. */
  readonly watch: {
    readonly actions: Readonly<Record<string, WatchRuns<Weights>>>;
    readonly health: Readonly<Record<string, WatchRuns<number>>>;
  };
}
