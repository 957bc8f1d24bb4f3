import type { Permille, Weights } from '../weights/types.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
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
  /** Foreign target groups a person pinned: they keep the share they have and count towards the five. */
  readonly pinned: readonly string[];
  /** Live weights when the rollout was created: where a rollback goes. */
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
  /** Whole forward-action weights per route id, pinned target groups included. */
  readonly weights: Readonly<Record<string, Weights>>;
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
  /** A fact older than this is not used for a decision. */
  readonly maxFactAgeMs: number;
  /** How often health and weights are looked at during a hold. */
  readonly recheckMs: number;
  readonly onHealthLost: 'block' | 'rollback';
  /** How long after success `rollback` is still one call. */
  readonly bakeMs: number;
}

/** A named person's forcing of the health gate for one rollout, with a reason. */
export interface Forced {
  readonly by: string;
  readonly reason: string;
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
  /** When every route of the current step (or of the rollback) was verified; null while writes are outstanding. */
  readonly verifiedAt: Instant | null;
  /** Hold already served, outages and pauses not counted; and when it was last counted. */
  readonly heldMs: number;
  readonly heldCheckedAt: Instant | null;
  /** What we believe is live, per route id. */
  readonly expected: Readonly<Record<string, Weights>>;
  /** A person asked to end the current hold early. */
  readonly advanceRequestedBy: string | null;
  /** null = only by `start`. */
  readonly startAt: Instant | null;
  readonly finishedAt: Instant | null;
  readonly forced: Forced | null;
}

/** What was seen of one thing: with its age, or why it could not be seen. */
export type Fact<T> =
  | { readonly ok: true; readonly at: Instant; readonly value: T }
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
  readonly writes: readonly WriteFact[];
}
