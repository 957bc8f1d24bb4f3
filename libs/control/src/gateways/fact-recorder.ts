import type { FactStore, FactWrite } from '../ports/fact-store.js';
import type { GatewayFence } from '../ports/gateway-store.js';
import type { Timer, Timers } from '../ports/timers.js';

/** Most facts of one statement. */
const batchSize = 200;
const retryMs = 1_000;

interface Pending {
  readonly write: FactWrite;
  readonly changed: boolean;
}

/**
 * Stores looks in small batches, one at a time: news at once, what shows the same as before within `delayMs` or a sixth of
 * its period. What couldn't be stored is kept and tried again, the newest of each subject.
 */
export class FactRecorder {
  private pending = new Map<string, Pending>();
  private storing: Promise<void> | null = null;
  private timer: { readonly at: number; readonly it: Timer } | null = null;
  private isClosed = false;
  private isFailing = false;

  constructor(
    private readonly parts: {
      readonly facts: FactStore;
      readonly fence: GatewayFence;
      readonly timers: Timers;
      readonly delayMs: number;
      /** Somebody else owns the gateway: nothing was stored, nothing will be. */
      readonly onFenced: () => void;
      /** Told once, until it works again. */
      readonly onFailed: (error: unknown) => void;
    },
  ) {}

  add(key: string, write: FactWrite, changed: boolean): void {
    if (this.isClosed) return;
    this.pending.set(key, { write, changed: changed || this.pending.get(key)?.changed === true });
    this.storeIn(changed ? 0 : Math.min(this.parts.delayMs, write.watched.periodMs / 6));
  }

  /** Somebody waits to see them. */
  storeNow(): void {
    this.storeIn(0);
  }

  /** Somebody else stores a newer look at this subject. */
  forget(key: string): void {
    this.pending.delete(key);
  }

  /** Stores what is left, once, unless somebody else owns the gateway. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.timer?.it.cancel();
    this.timer = null;
    await this.storing;
    if (this.pending.size > 0) await this.store();
  }

  private storeIn(ms: number): void {
    const at = this.parts.timers.now() + ms;
    if (this.isClosed || this.pending.size === 0 || (this.timer && this.timer.at <= at)) return;
    this.timer?.it.cancel();
    this.timer = { at, it: this.parts.timers.after(ms, () => this.begin()) };
  }

  private begin(): void {
    this.timer = null;
    if (this.storing || this.pending.size === 0) return;
    let nextMs = 0;
    this.storing = this.store()
      .then((stored) => (nextMs = stored ? 0 : retryMs))
      .then(() => undefined)
      .finally(() => {
        this.storing = null;
        this.storeIn(nextMs);
      });
  }

  /** False = not now. */
  private async store(): Promise<boolean> {
    const batch = [...this.pending].slice(0, batchSize);
    for (const [key] of batch) this.pending.delete(key);
    const changed = batch.flatMap(([, one], i) => (one.changed ? [i] : []));
    try {
      const isOurs = await this.parts.facts.record(
        this.parts.fence,
        batch.map(([, one]) => one.write),
        changed,
      );
      this.isFailing = false;
      if (!isOurs) this.fenced();
      return true;
    } catch (error) {
      this.keep(batch);
      if (!this.isFailing) this.parts.onFailed(error);
      this.isFailing = true;
      return false;
    }
  }

  private fenced(): void {
    this.isClosed = true;
    this.pending.clear();
    this.parts.onFenced();
  }

  /** Newer looks stand; that something changed isn't forgotten. */
  private keep(batch: readonly (readonly [string, Pending])[]): void {
    for (const [key, one] of batch) {
      const newer = this.pending.get(key);
      this.pending.set(key, newer ? { write: newer.write, changed: newer.changed || one.changed } : one);
    }
  }
}
