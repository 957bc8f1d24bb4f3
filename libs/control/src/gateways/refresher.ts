import type { Timer, Timers } from '../ports/timers.js';
import { retryAfterMs } from './account-troubles.js';

/** Does something again and again, never twice at once: when told, and `everyMs` after the last time; sooner where it failed. */
export class Refresher {
  private timer: Timer | null = null;
  private running: Promise<void> | null = null;
  private isWantedAgain = false;
  private isStopped = false;
  private failures = 0;

  constructor(
    private readonly parts: {
      readonly timers: Timers;
      readonly work: () => Promise<void>;
      readonly everyMs: () => number;
      /** Told once, until it works again. */
      readonly onFailed: (error: unknown) => void;
    },
  ) {}

  /** The first time, whose failure is the caller's. */
  async start(): Promise<void> {
    await this.parts.work();
    this.runIn(this.parts.everyMs());
  }

  /** Cheap; calls that come while it runs are folded into one more. */
  kick(): void {
    this.isWantedAgain = this.running !== null;
    if (this.running || this.isStopped) return;
    this.timer?.cancel();
    this.running = this.parts
      .work()
      .then(
        () => (this.failures = 0),
        (error: unknown) => {
          this.failures += 1;
          if (this.failures === 1) this.parts.onFailed(error);
        },
      )
      .then(() => {
        this.running = null;
        const nextMs = this.failures > 0 ? retryAfterMs(this.failures) : this.parts.everyMs();
        this.runIn(this.isWantedAgain ? 0 : nextMs);
      });
  }

  stop(): void {
    this.isStopped = true;
    this.timer?.cancel();
  }

  /** Resolves when it isn't running any more. */
  async ended(): Promise<void> {
    await this.running;
  }

  private runIn(ms: number): void {
    this.timer?.cancel();
    if (!this.isStopped) this.timer = this.parts.timers.after(ms, () => this.kick());
  }
}
