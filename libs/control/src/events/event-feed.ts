import type { Timer, Timers } from '../ports/timers.js';
import type { Signals } from '../rollouts/rollout-store.js';
import type { EventStore, EventView } from './event-store.js';

/** Behind a lost notification stands this. */
const pollMs = 1_000;
const batch = 200;
/** How many of the newest are kept for those who are a little behind; who is further behind reads the store. */
const kept = 500;

export interface EventFilter {
  /** null = of every project. */
  readonly projectId: string | null;
}

export interface EventBatch {
  readonly events: readonly EventView[];
  /** Where to go on from: everything up to here is in `events` or isn't for this reader. */
  readonly upTo: bigint;
}

export interface FeedLog {
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * The newest events, read once for everybody in this process: as long as somebody follows, one reader asks the store, woken
 * by notifications with a poll behind them, and all followers take from what it has read.
 */
export class EventFeed {
  private readonly followers = new Set<() => void>();
  /** Consecutive ones of every project: the first has the number `before` + 1. */
  private newest: EventView[] = [];
  /** null = nothing is known: nobody follows, or nothing has been read yet. */
  private before: bigint | null = null;
  private stopListening: (() => void) | null = null;
  private timer: Timer | null = null;
  private reading: Promise<void> | null = null;
  private readAgain = false;

  constructor(
    private readonly parts: {
      readonly store: EventStore;
      readonly signals: Signals;
      readonly timers: Timers;
      readonly log: FeedLog;
    },
  ) {}

  /** Calls `listener` when there is something new, until what it returns is called. */
  follow(listener: () => void): () => void {
    this.followers.add(listener);
    if (this.followers.size === 1) this.begin();
    return () => {
      if (this.followers.delete(listener) && this.followers.size === 0) this.end();
    };
  }

  /** What comes after `seq`, at most `limit`; from memory where that reaches back far enough. */
  async after(seq: bigint, filter: EventFilter, limit: number): Promise<EventBatch> {
    if (this.before !== null && seq >= this.before) return this.fromMemory(seq, this.before, filter, limit);
    const seenBefore = this.tip ?? 0n;
    const events = await this.parts.store.after(seq, filter, limit);
    const last = BigInt(events.at(-1)?.seq ?? seq);
    // what was known before the store was asked has been answered, or isn't for this reader
    return { events, upTo: events.length < limit && seenBefore > last ? seenBefore : last };
  }

  private fromMemory(seq: bigint, before: bigint, filter: EventFilter, limit: number): EventBatch {
    const events: EventView[] = [];
    for (const event of this.newest.slice(Number(seq - before))) {
      if (events.length === limit) break;
      seq = BigInt(event.seq);
      if (filter.projectId === null || event.projectId === filter.projectId) events.push(event);
    }
    return { events, upTo: seq };
  }

  /** The newest number that is known. */
  private get tip(): bigint | null {
    return this.before === null ? null : this.before + BigInt(this.newest.length);
  }

  private begin(): void {
    this.stopListening = this.parts.signals.on('events', () => this.look());
    this.look();
  }

  private end(): void {
    this.stopListening?.();
    this.timer?.cancel();
    this.newest = [];
    this.before = null;
  }

  private look(): void {
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.timer?.cancel();
    this.reading = this.read()
      .catch((error: unknown) => this.parts.log.warn('events could not be read; it is tried again', { error }))
      .then(() => {
        this.reading = null;
        if (this.followers.size === 0) return;
        this.timer = this.parts.timers.after(this.readAgain ? 0 : pollMs, () => this.look());
        this.readAgain = false;
      });
  }

  private async read(): Promise<void> {
    if (this.before === null) {
      const latest = await this.parts.store.latest();
      if (this.followers.size === 0) return;
      this.before = latest;
      this.tell(); // who has read before this was known is not told of what came in between
    }
    for (let tip = this.tip; tip !== null;) {
      const events = await this.parts.store.after(tip, { projectId: null }, batch);
      if (this.before === null || this.tip !== tip) return; // all have left meanwhile
      if (events.length > 0) this.take(events, this.before);
      tip = events.length === batch ? this.tip : null;
    }
  }

  private take(events: readonly EventView[], before: bigint): void {
    this.newest.push(...events);
    const tooMany = Math.max(0, this.newest.length - kept);
    this.newest.splice(0, tooMany);
    this.before = before + BigInt(tooMany);
    this.tell();
  }

  private tell(): void {
    for (const follower of this.followers) follower();
  }
}
