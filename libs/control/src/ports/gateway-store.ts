import type { ApiBudget } from '../resources/types.js';

/** The right to read and write through one gateway, for a while. Both parts are in every intent that is sent under it. */
export interface GatewayFence {
  readonly gatewayId: string;
  readonly epoch: bigint;
  readonly grantId: string;
}

/** What a gateway may spend: of each figure the lowest of its accounts'. */
export type GatewayBudget = Required<ApiBudget>;

/** How one budget of a gateway is spent now, as its owner sees it. */
export interface BudgetUse {
  /** Requests a second, over the last ten seconds. */
  readonly perSecond: number;
  /** What AWS was found to give a second, at most what is configured. */
  readonly allowedPerSecond: number;
  /** Requests that could go at once. */
  readonly tokens: number;
}

/** What the owner of a gateway publishes of it with each renewal: for people, nothing is decided on it. */
export interface GatewaySpending {
  readonly reads: BudgetUse;
  readonly writes: BudgetUse;
  /** How often a route, and the health of what is raised, is looked at, in ms. */
  readonly lookEveryMs: number;
}

/** A gateway as its account sees it. */
export interface GatewayStanding {
  readonly id: string;
  readonly budget: GatewayBudget;
  /** How many account records share the budget, this one included. */
  readonly accountCount: number;
  /** Whether a replica reads and writes for it now. */
  readonly isOwned: boolean;
  /** ISO 8601, by Postgres's clock; null = not published since it was taken up. */
  readonly spending: (GatewaySpending & { readonly at: string }) | null;
}

/** A lease to prolong, with what is to be published of it. */
export interface Renewal extends GatewayFence {
  readonly spending?: GatewaySpending;
}

/** What its accounts say of a gateway; told anew with each renewal. */
export interface GatewayTerms {
  readonly gatewayId: string;
  readonly budget: GatewayBudget;
  /** The account records through which its traffic goes. */
  readonly accountIds: readonly string[];
}

export interface GatewayGrant extends GatewayFence, GatewayTerms {
  /** From the moment the statement was sent: conservative. */
  readonly leaseMs: number;
  /** Wait-out: nothing is written before this many ms have gone by … */
  readonly writesInMs: number;
  /** … but only on these routes, where the last owner said so when it let go; null = on all. */
  readonly waitOutRouteIds: readonly string[] | null;
}

/** A gateway that is let go of, with the routes on which a write is under way. */
export interface Handover {
  readonly fence: GatewayFence;
  readonly inFlightRouteIds: readonly string[];
}

/** How the gateways lie with the replicas now. Gateways without an account don't count. */
export interface Spread {
  /** How many each living replica owns, ours included; who lives and has none is there with 0. */
  readonly owned: Readonly<Record<string, number>>;
  /** How many have no living owner. */
  readonly free: number;
  /** In how many ms the earliest lease of another replica ends unless it is renewed; null = there is none. */
  readonly nextEndInMs: number | null;
}

/** Owners of gateways. By Postgres's clock, on a connection of its own with a statement timeout below a third of the lease. */
export abstract class GatewayStore {
  /**
   * Takes up to `most` gateways without a living owner: owner, lease, epoch and grant id in one statement. After a dead
   * owner all routes wait `waitOutMs` out from now; after one that let go only those that it named.
   */
  abstract claim(owner: string, leaseMs: number, waitOutMs: number, most: number): Promise<readonly GatewayGrant[]>;
  /** Says that this replica lives, also with nothing to renew, and returns the gateways whose lease was prolonged; the others are lost. Publishes their spending. */
  abstract renew(owner: string, renewals: readonly Renewal[], leaseMs: number): Promise<readonly GatewayTerms[]>;
  /** Hands one gateway over at once and notifies (`gateways`). A fence that is old changes nothing. */
  abstract release(handover: Handover): Promise<void>;
  /** The end of this replica: hands all of these over in one statement, and counts as living no more. */
  abstract leave(owner: string, handovers: readonly Handover[]): Promise<void>;
  abstract spread(owner: string): Promise<Spread>;
}
