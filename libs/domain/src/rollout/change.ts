import type { Goal } from '../goals/types.js';
import type { IntentPurpose } from '../lane/priority.js';
import type { LedgerReason, RolloutReason } from '../reasons.js';
import type { Permille, Weights } from '../weights/types.js';
import type { Finding, RouteChange, RouteDiff } from './decision.js';
import type { RolloutState } from './states.js';
import type { Forced, FrozenPlan, Instant, Suspicion } from './types.js';

/** What changes on the rollout itself; absent = unchanged. */
export interface RolloutPatch {
  readonly state?: RolloutState;
  readonly stepIndex?: number;
  readonly holdFrom?: Instant | null;
  readonly advanceRequestedBy?: string | null;
  readonly pausedFrom?: 'Running' | 'RollingBack' | null;
  readonly suspicion?: Suspicion | null;
  readonly startedAt?: Instant;
  readonly finishedAt?: Instant | null;
  readonly bakesUntil?: Instant | null;
  readonly reason?: RolloutReason;
  readonly message?: string;
  readonly beside?: readonly Finding[];
  readonly diffs?: readonly RouteDiff[];
}

/** What changes on one route of it; absent = unchanged. */
export interface RoutePatch {
  readonly routeId: string;
  readonly stepIndex?: number;
  readonly baseline?: Weights;
  readonly expected?: Weights;
  readonly verifiedAt?: Instant | null;
  readonly heldMs?: number;
  readonly touched?: boolean;
  /** No write stands for the route any more: its failure or outcome has been dealt with. */
  readonly write?: null;
}

/** One line of the ledger. */
export interface LedgerLine {
  readonly kind: string;
  readonly reason: LedgerReason;
  readonly message: string;
  readonly actor: string;
  readonly stepIndex: number | null;
  /** A summary of the facts that it stands on. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** null where a person or a rule outside `decide` said so. */
  readonly decideVersion: number | null;
}

/** One route's part of a move: what it wants, the weights that it may go out over, and what that makes now. */
export interface Proposal {
  readonly routeId: string;
  readonly goal: Goal;
  /** null = over anything: resolved again at the send (emergencies and repairs). */
  readonly before: Weights | null;
  readonly after: Weights;
  /** Clusters whose share it raises: cordoning or retiring one makes it unsendable. */
  readonly raisedClusterIds: readonly string[];
}

/** Proposed changes of shares on one or more routes. The only way anything reaches a weight. */
export interface Move {
  readonly purpose: IntentPurpose;
  readonly stepIndex: number | null;
  readonly minHealthyTargets: number;
  readonly forced: Forced | null;
  readonly proposals: readonly Proposal[];
}

/** A move as the ledger tells it: each route's weights before (none = over anything) and after. */
export function changesOf(move: Move | null): readonly RouteChange[] {
  return (move?.proposals ?? []).map(({ routeId, before, after }) => ({ routeId, before: before ?? [], after }));
}

/** One transition of a rollout, to be stored in one transaction that never calls out. */
export interface Change {
  readonly rollout: RolloutPatch;
  readonly routes: readonly RoutePatch[];
  readonly ledger: LedgerLine | null;
  readonly move: Move | null;
  /** Why intents not yet sent end; with it the rollout's guard moves, so that nothing older is ever sent. null = they stay. */
  readonly supersede: string | null;
  readonly claims: 'take' | 'release' | 'keep';
  /** The plan as compiled at the start. */
  readonly plan: FrozenPlan | null;
  /** New steady-state shares by route id, backend name -> tenths of a percent. */
  readonly steady: Readonly<Record<string, Readonly<Record<string, Permille>>>> | null;
  /** Weights by route id that a person has seen and taken as right. */
  readonly adopted: Readonly<Record<string, Weights>> | null;
  /** When to decide again; null = an event will say. */
  readonly wakeAt: Instant | null;
  /** What a person added to their word; null = nobody said anything. Kept for a replay. */
  readonly word: Word | null;
}

/** A person's word, but for the verb and whose it is: those are in the ledger's line. */
export interface Word {
  readonly reason: string | null;
  /** null = all that it can be about. */
  readonly routeIds: readonly string[] | null;
}

export const nothing: Change = {
  rollout: {},
  routes: [],
  ledger: null,
  move: null,
  supersede: null,
  claims: 'keep',
  plan: null,
  steady: null,
  adopted: null,
  wakeAt: null,
  word: null,
};
