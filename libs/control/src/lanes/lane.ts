import { performance } from 'node:perf_hooks';
import { isEmergency } from '@sluice/domain';
import type { AwsAccess } from '../ports/load-balancer.js';
import type { ApiBudget } from '../resources/types.js';
import type { ApiBucket } from './api-bucket.js';
import type { Intent } from './intent.js';
import type { IntentExecutor } from './intent-executor.js';
import type { Fence, Grant, LaneStore } from './lane-store.js';
import type { LaneSettings } from './settings.js';

/** What a lane tells the logs; transitions, not ticks. */
export interface LaneLog {
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * One account's writes, while this replica owns them. States:
 *   waiting out -> settling orphans -> sending -> closed
 * It sends nothing before the wait-out is over and every intent that was sent by a former owner, or by a call of its own
 * that broke off, has been settled by reading; and nothing after the lease's monotonic deadline: an owner that was asleep finds its deadline gone and closes itself.
 */
export class Lane implements Fence {
  readonly accountId: string;
  readonly epoch: bigint;
  readonly grantId: string;
  private deadline: number;
  private readonly writesFrom: number;
  private mayHaveOrphans = true;
  private closing = false;
  /** By route id. */
  private readonly inFlight = new Map<string, { readonly intentId: string; readonly done: Promise<void> }>();
  private timer: NodeJS.Timeout | null = null;
  private pumping: Promise<void> | null = null;
  private pumpAgain = false;

  constructor(
    grant: Grant,
    requestedAt: number,
    private readonly parts: {
      readonly store: LaneStore;
      readonly executor: IntentExecutor;
      readonly bucket: ApiBucket;
      readonly access: (accountId: string) => Promise<AwsAccess>;
      readonly settings: LaneSettings;
      readonly log: LaneLog;
    },
  ) {
    this.accountId = grant.accountId;
    this.epoch = grant.epoch;
    this.grantId = grant.grantId;
    this.deadline = requestedAt + grant.leaseMs;
    this.writesFrom = performance.now() + grant.writesInMs;
  }

  /** Whether this replica may still act: by the monotonic clock, which no clock step moves. */
  get isHeld(): boolean {
    return !this.closing && performance.now() < this.deadline;
  }

  /** A confirmed renewal; counted from when the statement was sent. */
  renewed(requestedAt: number, leaseMs: number, budget: ApiBudget): void {
    this.deadline = requestedAt + leaseMs;
    // a markSent that Postgres carried out after its connection was lost shows only now
    this.mayHaveOrphans = true;
    this.parts.bucket.configure(budget);
  }

  /** Something may be waiting. Cheap; calls that come while one is under way are folded into one more. */
  wake(): void {
    if (this.closing) return;
    if (this.pumping) {
      this.pumpAgain = true;
      return;
    }
    this.pumping = this.pump()
      .catch((error: unknown) =>
        this.parts.log.warn('lane could not look for intents; it will again', { accountId: this.accountId, error }),
      )
      .finally(() => {
        this.pumping = null;
        if (this.pumpAgain) {
          this.pumpAgain = false;
          this.wake();
        }
      });
  }

  /** Starts nothing more and answers when the calls in flight have ended. */
  async close(): Promise<void> {
    this.closing = true;
    if (this.timer) clearTimeout(this.timer);
    await this.pumping;
    await Promise.allSettled([...this.inFlight.values()].map((one) => one.done));
  }

  private async pump(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    let nextMs = this.parts.settings.pollMs;
    try {
      nextMs = await this.step();
    } finally {
      if (!this.closing) {
        this.timer = setTimeout(() => this.wake(), Math.max(1, Math.min(nextMs, this.parts.settings.pollMs)));
        this.timer.unref();
      }
    }
  }

  /** Answers after how many ms to look again. */
  private async step(): Promise<number> {
    if (!this.isHeld) return this.parts.settings.pollMs;
    const waitOutMs = this.writesFrom - performance.now();
    if (waitOutMs > 0) return waitOutMs;
    const access = await this.parts.access(this.accountId);
    if (this.mayHaveOrphans && !(await this.settleOrphans(access))) return this.parts.settings.pollMs;
    while (this.isHeld) {
      const next = await this.parts.store.next(this, [...this.inFlight.keys()]);
      if (next === null) return this.parts.settings.pollMs;
      if ('inMs' in next) return next.inMs;
      const isFull = this.inFlight.size >= this.parts.settings.concurrency;
      // steps that hang must not take the places of a rollback
      if (isFull && !isEmergency(next.intent.purpose)) return this.parts.settings.pollMs;
      const token = this.parts.bucket.take(next.intent.purpose);
      if (token !== 'taken') return token.retryInMs;
      this.start(access, next.intent);
    }
    return this.parts.settings.pollMs;
  }

  /** False = not all of them yet. A call that breaks off while this looks asks for another look. */
  private async settleOrphans(access: AwsAccess): Promise<boolean> {
    this.mayHaveOrphans = false;
    let settled = false;
    try {
      const inFlightIds = [...this.inFlight.values()].map((one) => one.intentId);
      for (const orphan of await this.parts.store.orphans(this, inFlightIds)) {
        if (!(await this.parts.executor.settleOrphan(this, access, orphan))) return false;
      }
      settled = true;
    } finally {
      if (!settled) this.mayHaveOrphans = true;
    }
    return settled;
  }

  private start(access: AwsAccess, intent: Intent): void {
    const done = this.parts.executor
      .execute(this, access, intent, this.timeLeft())
      .catch((error: unknown) => {
        this.mayHaveOrphans = true;
        this.parts.log.warn('an intent was left as it is; it will be settled by reading', {
          intentId: intent.id,
          error,
        });
      })
      .finally(() => {
        this.inFlight.delete(intent.routeId);
        this.wake();
      });
    this.inFlight.set(intent.routeId, { intentId: intent.id, done });
  }

  /** How long a call may take, in whole milliseconds, asked again right before the bytes are written. */
  private timeLeft(): () => number {
    const { writeTimeoutMs, leaseMarginMs } = this.parts.settings;
    return () => Math.floor(Math.min(writeTimeoutMs, this.deadline - performance.now() - leaseMarginMs));
  }
}
