import { performance } from 'node:perf_hooks';
import type { AwsAccess } from '../ports/load-balancer.js';
import type { Signals } from '../rollouts/rollout-store.js';
import { ApiBucket } from './api-bucket.js';
import type { IntentExecutor } from './intent-executor.js';
import type { LaneLog } from './lane.js';
import { Lane } from './lane.js';
import type { LaneStore } from './lane-store.js';
import type { LaneSettings } from './settings.js';

/** The lanes this replica owns: claims those without a living owner, renews, hands over. */
export class Lanes {
  private readonly owned = new Map<string, Lane>();
  private readonly buckets = new Map<string, ApiBucket>();
  private unsubscribe: (() => void) | null = null;
  private stopped = false;

  constructor(
    private readonly parts: {
      readonly owner: string;
      readonly store: LaneStore;
      readonly signals: Signals;
      readonly executor: (bucket: (accountId: string) => ApiBucket) => IntentExecutor;
      readonly access: (accountId: string) => Promise<AwsAccess>;
      readonly settings: LaneSettings;
      readonly log: LaneLog;
    },
  ) {
    this.executor = parts.executor((accountId) => this.bucketOf(accountId));
  }
  private readonly executor: IntentExecutor;

  /** Account ids whose writes are ours now. */
  get ownedAccounts(): readonly string[] {
    return [...this.owned.values()].filter((lane) => lane.isHeld).map((lane) => lane.accountId);
  }

  async start(): Promise<void> {
    this.unsubscribe = this.parts.signals.on('intents', (accountId) => this.wake(accountId));
    await this.claim();
  }

  /** Takes what nobody living owns. Also when nothing is to be written: a lane without an owner answers nobody. */
  async claim(): Promise<void> {
    if (this.stopped) return;
    const { owner, settings, store, log } = this.parts;
    const requestedAt = performance.now();
    for (const grant of await store.claim(owner, settings.leaseMs, settings.writeTimeoutMs)) {
      await this.owned.get(grant.accountId)?.close();
      const bucket = this.bucketOf(grant.accountId);
      bucket.configure(grant.apiBudget);
      const lane = new Lane(grant, requestedAt, {
        store,
        executor: this.executor,
        bucket,
        access: this.parts.access,
        settings,
        log,
      });
      this.owned.set(grant.accountId, lane);
      log.info('lane claimed', {
        accountId: grant.accountId,
        epoch: grant.epoch.toString(),
        waitOutMs: Math.round(grant.writesInMs),
      });
      lane.wake();
    }
  }

  /** Prolongs the leases; a lane whose renewal isn't confirmed before its deadline has already closed itself. */
  async renew(): Promise<void> {
    const { settings, store, log } = this.parts;
    const held = [...this.owned.values()];
    if (held.length === 0) return;
    const requestedAt = performance.now();
    const renewed = new Map((await store.renew(held, settings.leaseMs)).map((one) => [one.accountId, one.apiBudget]));
    for (const lane of held) {
      const budget = renewed.get(lane.accountId);
      if (budget) lane.renewed(requestedAt, settings.leaseMs, budget);
      else {
        log.warn('lane lost: another replica owns it', { accountId: lane.accountId, epoch: lane.epoch.toString() });
        if (this.owned.get(lane.accountId) === lane) this.owned.delete(lane.accountId);
        await lane.close();
      }
    }
  }

  /** Ends the calls in flight, then hands every lane over at once. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    const lanes = [...this.owned.values()];
    this.owned.clear();
    await Promise.all(
      lanes.map(async (lane) => {
        await lane.close();
        await this.parts.store.release(lane);
      }),
    );
  }

  private wake(accountId: string): void {
    for (const lane of accountId === '' ? this.owned.values() : [this.owned.get(accountId)]) lane?.wake();
  }

  private bucketOf(accountId: string): ApiBucket {
    const bucket = this.buckets.get(accountId) ?? new ApiBucket(() => performance.now());
    this.buckets.set(accountId, bucket);
    return bucket;
  }
}
