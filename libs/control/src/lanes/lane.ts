import { isEmergency } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { GatewayFence, GatewayGrant } from '../ports/gateway-store.js';
import type { Timers } from '../ports/timers.js';
import type { ApiBudget } from '../resources/types.js';
import type { ApiBucket } from './api-bucket.js';
import type { Intent } from './intent.js';
import type { Attempt, BaseRead, IntentExecutor } from './intent-executor.js';
import type { LaneLooks } from './lane-looks.js';
import type { LaneStore } from './lane-store.js';
import type { LaneSettings } from './settings.js';

/** What a lane tells the logs; transitions, not ticks. */
export interface LaneLog {
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Routes that are read together before sends: one request serves as many. */
const mostPerRead = 20;
/** A read begun at most this long before a send is fresh. */
const freshReadMs = 1_000;
/** After this long an emergency whose read AWS refuses builds on the newest action that is stored. */
const emergencyReadMs = 3_000;

/**
 * The write half of one gateway, while this replica owns it. States: waiting out -> sending -> closed.
 * It sends nothing before the wait-out is over (where the last owner said which routes it had in flight: nothing on these
 * routes), and nothing after the lease's monotonic deadline: an owner that was asleep finds its deadline gone. What was
 * sent by a former owner, or by a call of its own that broke off, is settled by reading and holds up its own route alone.
 */
export class Lane {
  readonly fence: GatewayFence;
  private deadline: number;
  private readonly writesFrom: number;
  private readonly waitOutRouteIds: readonly string[] | null;
  private mayHaveOrphans = true;
  private closing = false;
  /** By route id: an attempt under way, until it has settled. `open` = its socket may still be. */
  private readonly inFlight = new Map<
    string,
    { readonly intent: Intent; readonly done: Promise<void>; readonly call: AbortController; open: boolean }
  >();
  /** Something may wait that the last look did not start: it has to be looked again when an attempt ends. */
  private mayBeKeptBack = true;
  /** Somebody said something: what is in flight may be covered by it. */
  private mayBeCovered = false;
  private readonly settling = new Map<string, Promise<void>>();
  /** When the socket of the last write of a route closed, monotonic ms. */
  private readonly closedAt = new Map<string, number>();
  private timer: { cancel(): void } | null = null;
  private pumping: Promise<void> | null = null;
  private pumpAgain = false;

  constructor(
    grant: GatewayGrant,
    requestedAt: number,
    private readonly parts: {
      readonly store: LaneStore;
      readonly executor: IntentExecutor;
      readonly looks: LaneLooks;
      readonly bucket: ApiBucket;
      readonly timers: Timers;
      readonly settings: LaneSettings;
      readonly log: LaneLog;
    },
  ) {
    this.fence = { gatewayId: grant.gatewayId, epoch: grant.epoch, grantId: grant.grantId };
    this.deadline = requestedAt + grant.leaseMs;
    this.writesFrom = parts.timers.now() + grant.writesInMs;
    this.waitOutRouteIds = grant.waitOutRouteIds;
    parts.bucket.configure(grant.budget);
  }

  /** Whether this replica may still act: by the monotonic clock, which no clock step moves. */
  get isHeld(): boolean {
    return !this.closing && this.parts.timers.now() < this.deadline;
  }

  /** A confirmed renewal; counted from when the statement was sent. */
  renewed(requestedAt: number, leaseMs: number, budget: ApiBudget): void {
    this.deadline = requestedAt + leaseMs;
    // a markSent that Postgres carried out after its connection was lost shows only now
    this.mayHaveOrphans = true;
    this.parts.bucket.configure(budget);
  }

  inFlightRouteIds(): readonly string[] {
    return [...this.inFlight.entries()].filter(([, one]) => one.open).map(([routeId]) => routeId);
  }

  hasOpenEmergency(): boolean {
    return [...this.inFlight.values()].some((one) => isEmergency(one.intent.purpose));
  }

  /** Somebody told of intents of this gateway: new ones, or that something newer covers what is in flight. */
  told(): void {
    this.mayBeCovered = true;
    this.wake();
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
        this.parts.log.warn('lane could not look for intents; it will again', {
          gatewayId: this.fence.gatewayId,
          error,
        }),
      )
      .finally(() => {
        this.pumping = null;
        if (!this.pumpAgain) return;
        this.pumpAgain = false;
        this.wake();
      });
  }

  /** Starts nothing more and returns when the attempts in flight have ended. */
  async close(): Promise<void> {
    this.closing = true;
    this.timer?.cancel();
    await this.pumping;
    await Promise.allSettled([...this.inFlight.values()].map((one) => one.done));
    await Promise.allSettled(this.settling.values());
  }

  private async pump(): Promise<void> {
    this.timer?.cancel();
    this.timer = null;
    const nextMs = await this.step();
    if (this.closing || nextMs === null) return;
    this.timer = this.parts.timers.after(Math.max(1, nextMs), () => this.wake());
  }

  /** Returns after how many ms to look again; null = an event will say. */
  private async step(): Promise<number | null> {
    if (!this.isHeld) return null;
    await this.breakOffCovered();
    const waitOutMs = this.writesFrom - this.parts.timers.now();
    if (waitOutMs > 0 && this.waitOutRouteIds === null) return waitOutMs;
    const heldBack = waitOutMs > 0 ? (this.waitOutRouteIds ?? []) : [];
    if (this.mayHaveOrphans) await this.settleOrphans(heldBack);
    const busy = [...this.inFlight.keys(), ...heldBack];
    this.mayBeKeptBack = busy.length > 0 || this.settling.size > 0;
    const { intents, inMs } = await this.parts.store.next(this.fence, busy, mostPerRead);
    this.mayBeKeptBack ||= intents.length === mostPerRead;
    const first = intents[0];
    if (!first) return least(inMs, waitOutMs > 0 ? waitOutMs : null);
    const allowance = this.parts.bucket.allowance(first.purpose);
    if (allowance.tokens === 0) return least(allowance.retryInMs, inMs);
    const starting = this.startable(intents, allowance.tokens);
    this.mayBeKeptBack ||= starting.length < intents.length;
    this.start(starting, intents);
    // whoever ends wakes the lane; what is left for want of tokens waits for the next one
    return starting.length < intents.length ? least(allowance.retryInMs, inMs) : inMs;
  }

  /** Rule 5: what was marked before the newer word is cancelled at its socket where that is still possible. */
  private async breakOffCovered(): Promise<void> {
    const open = [...this.inFlight.values()].filter((one) => one.open);
    const asks = this.mayBeCovered && open.length > 0;
    this.mayBeCovered = false;
    if (!asks) return;
    const covered = await this.parts.store.covered(
      this.fence,
      open.map((one) => one.intent.id),
    );
    for (const one of open) if (covered.includes(one.intent.id)) one.call.abort();
  }

  /** As many as there are tokens; of one account no more at once than its share, so that one that hangs holds up nobody else. */
  private startable(intents: readonly Intent[], tokens: number): readonly Intent[] {
    const { concurrency } = this.parts.settings;
    const perAccount = new Map<string, number>();
    for (const { intent } of this.inFlight.values())
      perAccount.set(intent.accountId, (perAccount.get(intent.accountId) ?? 0) + 1);
    const chosen: Intent[] = [];
    for (const intent of intents) {
      const count = perAccount.get(intent.accountId) ?? 0;
      // steps that hang must not take the places of a rollback
      if (count >= concurrency && !isEmergency(intent.purpose)) continue;
      if (chosen.length === tokens) break;
      perAccount.set(intent.accountId, count + 1);
      chosen.push(intent);
    }
    return chosen;
  }

  /** Defers what is held back, reads the routes of the next sends together, account by account, and carries out those that have a token. */
  private start(starting: readonly Intent[], ahead: readonly Intent[]): void {
    const { executor } = this.parts;
    const held = new Map(ahead.map((intent) => [intent, executor.heldBack(intent)]));
    const going = starting.filter((intent) => !held.get(intent));
    for (const intent of starting) {
      const deferred = held.get(intent);
      if (deferred) this.track(intent, (attempt) => executor.defer(attempt, intent, deferred));
    }
    for (const accountId of new Set(going.map((intent) => intent.accountId))) {
      const mine = going.filter((intent) => intent.accountId === accountId);
      const others = ahead.filter(
        (intent) => intent.accountId === accountId && !mine.includes(intent) && !held.get(intent),
      );
      const reads = this.read([...mine, ...others].slice(0, mostPerRead));
      for (const intent of mine) this.track(intent, (attempt) => this.carryOut(attempt, intent, reads));
    }
  }

  private async carryOut(attempt: Attempt, intent: Intent, reads: ReturnType<Lane['read']>): Promise<void> {
    const read = await reads(intent);
    if (read instanceof ExternalFailure) await this.parts.executor.unread(attempt, intent, read);
    else await this.parts.executor.execute(attempt, intent, read);
  }

  private read(intents: readonly Intent[]): (intent: Intent) => Promise<BaseRead | ExternalFailure> {
    const { looks, timers } = this.parts;
    const first = intents[0];
    if (!first) throw new Error('nothing to read');
    const emergency = isEmergency(first.purpose);
    const now = timers.now();
    const notBefore = Math.max(now - freshReadMs, ...intents.map((intent) => this.closedAt.get(intent.routeId) ?? 0));
    const shared = looks.readForSend(
      first.accountId,
      intents.map(({ routeArn: arn, isDefault, listenerArn }) => ({ arn, isDefault, listenerArn })),
      notBefore,
      emergency ? 'emergency' : 'send',
    );
    return (intent) => {
      const fresh = shared.then((found): BaseRead | ExternalFailure => {
        const read = found.get(intent.routeArn);
        if (!read) throw new Error(`no answer for route ${intent.routeArn}`);
        return 'failure' in read ? read.failure : { action: read.action, storedAgeMs: null };
      });
      return emergency ? this.orStored(intent, fresh) : fresh;
    };
  }

  /** An emergency doesn't wait for an AWS that refuses reads: after three seconds it builds on what is stored; at once, where asking again wouldn't help. */
  private async orStored(
    intent: Intent,
    fresh: Promise<BaseRead | ExternalFailure>,
  ): Promise<BaseRead | ExternalFailure> {
    const stored = this.parts.looks.lastAction(intent.accountId, intent.routeArn);
    if (stored === null) return fresh;
    const instead: BaseRead = { action: stored.action, storedAgeMs: stored.ageMs };
    const late = new Promise<BaseRead>((resolve) => this.parts.timers.after(emergencyReadMs, () => resolve(instead)));
    const read = await Promise.race([fresh, late]);
    if (!(read instanceof ExternalFailure)) return read;
    return read.kind === 'terminal' ? instead : late;
  }

  /** What is on its way still can't be told by reading: routes that are waited out come after that. */
  private async settleOrphans(heldBack: readonly string[]): Promise<void> {
    this.mayHaveOrphans = heldBack.length > 0;
    const known = [...this.inFlight.values()].map((one) => one.intent.id);
    try {
      for (const orphan of await this.parts.store.orphans(this.fence, [...known, ...this.settling.keys()]))
        if (!heldBack.includes(orphan.routeId)) this.settleOrphan(orphan);
    } catch (error) {
      this.mayHaveOrphans = true;
      throw error;
    }
  }

  private settleOrphan(orphan: Intent): void {
    const done = this.parts.executor
      .settleOrphan(this.fence, orphan)
      .catch((error: unknown) => {
        this.parts.log.warn('an intent was left as it is; it will be settled by reading', {
          intentId: orphan.id,
          error,
        });
        return false;
      })
      .then((settled) => {
        this.settling.delete(orphan.id);
        if (settled) return this.wake();
        this.parts.timers.after(this.parts.settings.pollMs, () => {
          this.mayHaveOrphans = true;
          this.wake();
        });
      });
    this.settling.set(orphan.id, done);
  }

  private track(intent: Intent, work: (attempt: Attempt) => Promise<void>): void {
    const entry = { intent, open: true, done: Promise.resolve(), call: new AbortController() };
    let hasEnded = false;
    const attempt: Attempt = {
      fence: this.fence,
      timeLeftMs: () => this.timeLeftMs(),
      sendBefore: () => this.sendBefore,
      signal: entry.call.signal,
      socketClosed: () => {
        this.closedAt.set(intent.routeId, this.parts.timers.now());
        if (isEmergency(intent.purpose)) return;
        // from here on only settling is left: an emergency for the same route may go
        entry.open = false;
        this.inFlight.delete(intent.routeId);
        this.settling.set(intent.id, entry.done);
        if (this.mayBeKeptBack) this.wake();
      },
      ended: () => (hasEnded = true),
    };
    entry.done = work(attempt)
      .catch((error: unknown) => {
        this.mayHaveOrphans = true;
        this.parts.log.warn('an intent was left as it is; it will be settled by reading', {
          intentId: intent.id,
          error,
        });
      })
      .finally(() => {
        if (this.inFlight.get(intent.routeId) === entry) this.inFlight.delete(intent.routeId);
        this.settling.delete(intent.id);
        if (!hasEnded || this.mayBeKeptBack) this.wake();
      });
    this.inFlight.set(intent.routeId, entry);
  }

  /** Bytes leave before this or not at all. */
  private get sendBefore(): number {
    return this.deadline - this.parts.settings.leaseMarginMs;
  }

  /** In whole milliseconds, asked again right before bytes are written. */
  private timeLeftMs(): number {
    if (this.closing) return 0;
    return Math.floor(Math.min(this.parts.settings.writeTimeoutMs, this.sendBefore - this.parts.timers.now()));
  }
}

function least(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
