import type { LaneLog } from '../lanes/lane.js';
import type { Timers } from '../ports/timers.js';
import type { ReconcileRollout } from './reconcile-rollout.js';
import { wakerSleepMs, type RolloutStore, type Signals } from './rollout-store.js';

const batch = 32;
/** Rollouts being decided at once; a decision asks Postgres alone, so nobody outside can keep the places taken. */
const most = 64;
/** A claimed rollout that isn't decided within this is taken by the next who looks; deciding twice is harmless (compare-and-set). */
const claimMs = 2_000;
/** Wakes rollouts when they are due, by one timer set to the earliest of them. */
export class Waker {
  private timer: { cancel(): void } | null = null;
  private looking: Promise<void> | null = null;
  private lookAgain = false;
  /** More may be due than there were places. */
  private isFull = false;
  private stopped = false;
  private unsubscribe: (() => void) | null = null;
  private readonly deciding = new Map<string, Promise<void>>();
  private readonly decideAgain = new Set<string>();

  constructor(
    private readonly store: RolloutStore,
    private readonly reconcile: ReconcileRollout,
    private readonly signals: Signals,
    private readonly timers: Timers,
    private readonly log: Pick<LaneLog, 'warn'>,
  ) {}

  start(): void {
    this.unsubscribe = this.signals.on('rollouts', () => this.look());
    this.look();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    this.timer?.cancel();
    await this.looking;
    await Promise.all(this.deciding.values());
  }

  private look(): void {
    if (this.stopped) return;
    if (this.looking) {
      this.lookAgain = true;
      return;
    }
    this.timer?.cancel();
    this.looking = this.decideDue()
      .catch((error: unknown) => {
        this.log.warn('could not look for due rollouts; it will again', { error });
        return wakerSleepMs;
      })
      .then((sleepMs) => {
        this.looking = null;
        if (this.stopped) return;
        const nextMs = this.lookAgain ? 0 : Math.min(sleepMs, wakerSleepMs);
        this.lookAgain = false;
        this.timer = this.timers.after(nextMs, () => this.look());
      });
  }

  /** Returns after how many ms something is due again. */
  private async decideDue(): Promise<number> {
    const free = Math.min(batch, most - this.deciding.size);
    this.isFull = free <= 0;
    if (this.isFull) return wakerSleepMs;
    const { ids, nextInMs } = await this.store.claimDue(free, claimMs);
    for (const id of ids) this.decide(id);
    if (ids.length === free) return 0;
    return nextInMs ?? wakerSleepMs;
  }

  /** Once at a time; woken meanwhile, it is decided again after that. */
  private decide(id: string): void {
    if (this.deciding.has(id)) {
      this.decideAgain.add(id);
      return;
    }
    const done = this.reconcile
      .run(id)
      .catch((error: unknown) => {
        this.log.warn('a rollout could not be decided; it is tried again', { rolloutId: id, error });
      })
      .then(() => {
        this.deciding.delete(id);
        if (this.decideAgain.delete(id) && !this.stopped) this.decide(id);
        if (this.isFull) this.look();
      });
    this.deciding.set(id, done);
  }
}
