import type { ApiBudget } from '../resources/types.js';

/** The right to read and write through one gateway, for a while. Both parts are in every intent that is sent under it. */
export interface GatewayFence {
  readonly gatewayId: string;
  readonly epoch: bigint;
  readonly grantId: string;
}

export interface GatewayGrant extends GatewayFence {
  /** From the moment the statement was sent: conservative. */
  readonly leaseMs: number;
  /** Wait-out: nothing is written before this many ms have gone by … */
  readonly writesInMs: number;
  /** … but only on these routes, where the last owner said so when it let go; null = on all. */
  readonly waitOutRouteIds: readonly string[] | null;
  /** The lowest of its accounts' budgets. */
  readonly budget: ApiBudget;
}

/** Owners of gateways. By Postgres's clock, on a connection of its own with a statement timeout below a third of the lease. */
export abstract class GatewayStore {
  /**
   * Takes up to `most` gateways without a living owner: owner, lease, epoch and grant id in one statement.
   */
  abstract claim(owner: string, leaseMs: number, waitOutMs: number, most: number): Promise<readonly GatewayGrant[]>;
  /** Returns the gateways whose lease was prolonged, with today's budget; the others are lost. */
  abstract renew(
    fences: readonly GatewayFence[],
    leaseMs: number,
  ): Promise<readonly { readonly gatewayId: string; readonly budget: ApiBudget }[]>;
  /** Hands a gateway over at once, with the routes that have a write under way, and notifies. */
  abstract release(fence: GatewayFence, inFlightRouteIds: readonly string[]): Promise<void>;
  /** How many gateways each living owner has, ours included, and how many have none. */
  abstract spread(): Promise<{ readonly owned: Readonly<Record<string, number>>; readonly free: number }>;
}
