import type { Fact, Ownership, Run, TargetHealth, Watched, Weights } from '@sluice/domain';
import type { GatewayFence } from './gateway-store.js';
import type { ActionRead } from './load-balancer.js';

/** The live forward action as facts keep it; ownership is a fact of its own. */
export type ActionFact = Omit<ActionRead, 'protocol' | 'port'>;

export type WatchedAction = Watched<ActionFact, Weights>;
export type WatchedHealth = Watched<TargetHealth, number>;

/** One subject as seen now, to be stored with its runs. */
export type FactWrite =
  | { readonly kind: 'action'; readonly accountId: string; readonly arn: string; readonly watched: WatchedAction }
  | { readonly kind: 'health'; readonly accountId: string; readonly arn: string; readonly watched: WatchedHealth }
  | {
      readonly kind: 'owner';
      readonly accountId: string;
      readonly arn: string;
      readonly watched: {
        readonly fact: Fact<Ownership>;
        readonly periodMs: number;
        readonly runs: readonly Run<string>[];
      };
    };

/** What is to be looked at, derived from rows: nothing subscribes. */
export interface Wants {
  /** Every registered route of the gateway's accounts. */
  readonly routes: readonly {
    readonly accountId: string;
    readonly routeId: string;
    readonly arn: string;
    readonly listenerArn: string;
    readonly loadBalancerArn: string;
    readonly isDefault: boolean;
  }[];
  /** Target groups of active rollouts: raised by the current step or the next = `raised`, others that have a share = `donor`. */
  readonly health: readonly {
    readonly accountId: string;
    readonly targetGroupArn: string;
    readonly as: 'raised' | 'donor';
  }[];
  /** What somebody asked to see now, and hasn't been since. */
  readonly fresh: readonly { readonly accountId: string; readonly kind: 'action' | 'health'; readonly arn: string }[];
}

/** One subject through one account record. */
export interface Subject {
  readonly accountId: string;
  readonly kind: 'action' | 'health';
  readonly arn: string;
}

/**
 * Facts of one gateway. Only its owner writes them: every write carries the fence, and an older look never replaces a newer.
 * Anybody may read.
 */
export abstract class FactStore {
  abstract wants(gatewayId: string): Promise<Wants>;
  /** Everything stored for the gateway's accounts: the new owner goes on from it. */
  abstract load(gatewayId: string): Promise<readonly FactWrite[]>;
  /**
   * Stores looks, and wakes the active rollouts that have a claim on a route concerned by one of `changed` (indices into
   * `facts` that `lookedAt` calls changed), in one transaction. False: fenced, nothing stored.
   */
  abstract record(fence: GatewayFence, facts: readonly FactWrite[], changed: readonly number[]): Promise<boolean>;
  /** Asks the gateways of these subjects for looks that begin now. Returns when that was, by Postgres's clock. */
  abstract ask(subjects: readonly Subject[]): Promise<number>;
  /** Stores what was read outside of a gateway: at registration, before anybody watches. */
  abstract first(facts: readonly FactWrite[]): Promise<void>;
  /** The newest facts of these subjects. Missing ones are left out. */
  abstract ofRoutes(routeIds: readonly string[]): Promise<{
    readonly actions: Readonly<Record<string, WatchedAction>>;
    readonly owners: Readonly<Record<string, Fact<Ownership>>>;
    readonly health: Readonly<Record<string, WatchedHealth>>;
  }>;
}
