import type { LaneLooks } from '../lanes/lane-looks.js';
import type { Lane } from '../lanes/lane.js';
import type { GatewayBudget, GatewayFence } from '../ports/gateway-store.js';
import type { OwnedGateway } from './gateways.js';
import type { ReadBudget } from './read-budget.js';

/** The read half as far as a gateway leads it. */
export interface LeadableReader extends LaneLooks {
  start(): Promise<void>;
  stop(): Promise<void>;
  wantsChanged(): void;
}

export interface GatewayParts {
  readonly fence: GatewayFence;
  readonly lane: Lane;
  readonly reader: LeadableReader;
  readonly reads: ReadBudget;
}

/** One gateway while it is ours: its lane and its reader, each with its budget, under one lease. */
export class Gateway implements OwnedGateway {
  readonly fence: GatewayFence;

  constructor(private readonly parts: GatewayParts) {
    this.fence = parts.fence;
  }

  renewed(requestedAt: number, leaseMs: number, budget: GatewayBudget): void {
    this.parts.reads.configure(budget);
    this.parts.lane.renewed(requestedAt, leaseMs, budget);
  }

  inFlightRouteIds(): readonly string[] {
    return this.parts.lane.inFlightRouteIds();
  }

  hasOpenEmergency(): boolean {
    return this.parts.lane.hasOpenEmergency();
  }

  /** Something may be waiting to be sent. */
  wake(): void {
    this.parts.lane.wake();
  }

  /** Routes, rollouts or what they need may have changed. */
  wantsChanged(): void {
    this.parts.reader.wantsChanged();
  }

  async close(): Promise<void> {
    // the lane first: what it has in flight may still have to be read back
    await this.parts.lane.close();
    await this.parts.reader.stop();
    this.parts.reads.close();
  }
}
