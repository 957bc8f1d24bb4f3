import type { LaneLog } from '../lanes/lane.js';
import type { Timers } from '../ports/timers.js';
import type { ReconcileRollout } from './reconcile-rollout.js';
import type { RolloutStore, Signals } from './rollout-store.js';

const batch = 32;
/** Rollouts being decided at once; a decision asks Postgres alone, so nobody outside can keep the places taken. */
const most = 64;
/** A claimed rollout that isn't decided within this is taken by the next who looks; deciding twice is harmless (compare-and-set). */
const claimMs = 2_000;
/** Longest sleep: behind a lost notification stands this. */
const longestSleepMs = 1_000;

/** Wakes rollouts when they are due, by one timer set to the earliest of them. */
export class Waker {
  private timer: { cancel(): void } | null = null;
  private looking: Promise<void> | null = null;
  private lookAgain = false;
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
        return longestSleepMs;
      })
      .then((sleepMs) => {
        this.looking = null;
        if (this.stopped) return;
        const nextMs = this.lookAgain ? 0 : Math.min(sleepMs, longestSleepMs);
        this.lookAgain = false;
        this.timer = this.timers.after(nextMs, () => this.look());
      });
  }

  /** Returns after how many ms something is due again. */
  private async decideDue(): Promise<number> {
    const free = Math.min(batch, most - this.deciding.size);
    if (free <= 0) return longestSleepMs;
    const due = await this.store.claimDue(free, claimMs);
    for (const id of due) this.decide(id);
    if (due.length === free) return 0;
    return (await this.store.nextWakeInMs()) ?? longestSleepMs;
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
        this.look(); // its next wake-up may be the earliest now
      });
    this.deciding.set(id, done);
  }
}
