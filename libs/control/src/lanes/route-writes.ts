import type { Actor, LedgerLine, LiveRoute, Fact, Move, Weights } from '@sluice/domain';
import type { DecisionView, IntentView } from '../rollouts/types.js';

/** A move of one route that no rollout makes: one-off weights, attaching, detaching. */
export interface RouteMove {
  readonly projectId: string;
  readonly routeId: string;
  readonly actor: Actor;
  readonly ledger: LedgerLine;
  readonly move: Move;
  /** Versions that it was decided under. */
  readonly guards: Readonly<Record<string, bigint>>;
}

export interface RouteMaterial {
  readonly id: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly arn: string;
  readonly name: string;
  readonly pinned: readonly string[];
  readonly acknowledged: boolean;
  readonly expected: Weights;
  /** The newest look at it; null = never looked. */
  readonly seen: Fact<LiveRoute> | null;
  readonly backends: readonly {
    readonly name: string;
    readonly targetGroupArn: string;
    readonly clusterId: string;
    readonly clusterName: string;
    readonly retired: boolean;
    readonly cordoned: boolean;
  }[];
  /** The rollout that has a claim on it, if any. */
  readonly rolloutId: string | null;
  readonly guards: Readonly<Record<string, bigint>>;
  readonly now: number;
}

export abstract class RouteWriteStore {
  abstract route(routeId: string): Promise<RouteMaterial | null>;
  /**
   * Commits the move. Conflict `RouteIsBusy` while a rollout moves the route or another write is outstanding,
   * `ChangedMeanwhile` where a guard has moved.
   */
  abstract write(write: RouteMove): Promise<{ decision: DecisionView; intent: IntentView }>;
}
