import type { LaneLooks } from '../lanes/lane-looks.js';
import type { ApiBucket } from '../lanes/api-bucket.js';
import type { Lane, LaneLog } from '../lanes/lane.js';
import type { GatewayBudget, GatewayFence, GatewaySpending } from '../ports/gateway-store.js';
import type { Timers } from '../ports/timers.js';
import type { OwnedGateway } from './gateways.js';
import type { ReadBudget } from './read-budget.js';

/** The read half as far as a gateway leads it. */
export interface LeadableReader extends LaneLooks {
  /** Goes on from what is stored; rejects when that can't be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
  wantsChanged(): void;
  /** How often a route, and the health of what is raised, is looked at. */
  readonly lookEveryMs: number;
  retryNow(): void;
}

export interface GatewayParts {
  readonly fence: GatewayFence;
  readonly lane: Pick<Lane, 'wake' | 'told' | 'renewed' | 'inFlightRouteIds' | 'hasOpenEmergency' | 'close'>;
  readonly reader: Pick<LeadableReader, 'start' | 'stop' | 'wantsChanged' | 'retryNow' | 'lookEveryMs'>;
  readonly reads: Pick<ReadBudget, 'configure' | 'close' | 'use'>;
  readonly bucket: Pick<ApiBucket, 'use'>;
  readonly timers: Timers;
  readonly log: LaneLog;
  readonly onClosed: () => void;
}

/** Pause before stored facts are asked for again. */
const reopenMs = 1_000;

/** One gateway while it is ours: its lane and its reader, each with its budget, under one lease. */
export class Gateway implements OwnedGateway {
  readonly fence: GatewayFence;
  private closed = false;
  /** The reader has tried to know what is stored: before that, a person's write would fail for want of it. */
  private isOpen = false;

  constructor(private readonly parts: GatewayParts) {
    this.fence = parts.fence;
  }

  /** Reading starts at once, also while writing waits out; writing when what is stored is known, or can't be read. */
  open(): void {
    if (this.closed) return;
    void this.parts.reader
      .start()
      .catch((error: unknown) => {
        this.parts.log.warn('stored facts could not be read; tried again', { gatewayId: this.fence.gatewayId, error });
        this.parts.timers.after(reopenMs, () => this.open());
      })
      .then(() => {
        this.isOpen = true;
        this.wake();
      });
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

  spending(): GatewaySpending {
    const { reads, bucket, reader } = this.parts;
    return { reads: reads.use(), writes: bucket.use(), lookEveryMs: reader.lookEveryMs };
  }

  /** Something may be waiting to be sent. */
  wake(): void {
    if (this.isOpen) this.parts.lane.told();
  }

  /** Routes, rollouts or what they need may have changed; `retry`: a person says that what kept us out is mended. */
  wantsChanged(retry: boolean): void {
    if (this.closed) return;
    if (retry) this.parts.reader.retryNow();
    this.parts.reader.wantsChanged();
  }

  /** Somebody else owns it: what its reader was told the lane has to know as well. */
  lost(): void {
    void this.close();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.parts.onClosed();
    // the lane first: what it has in flight may still have to be read back
    await this.parts.lane.close();
    await this.parts.reader.stop();
    this.parts.reads.close();
  }
}
