import type { Timer, Timers } from '../ports/timers.js';

/** A job that runs again and again, never beside itself. Asked for while it runs, it runs once more right after. */
export class Repeat {
  private timer: Timer | null = null;
  private running: Promise<void> | null = null;
  private again = false;
  private stopped = false;

  /** @param job returns in how many ms, counted from its start, it is to run next; it must not fail. */
  constructor(
    private readonly timers: Timers,
    private readonly job: () => Promise<number>,
  ) {}

  /** Runs it; resolves when it is at rest again. */
  now(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.again = this.running !== null;
    return (this.running ??= this.run());
  }

  /** No run begins any more; resolves when the present one has ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.running;
  }

  private async run(): Promise<void> {
    this.timer?.cancel();
    let nextAt: number;
    do {
      this.again = false;
      const startedAt = this.timers.now();
      nextAt = startedAt + (await this.job());
    } while (this.again && !this.stopped);
    this.running = null;
    if (!this.stopped) this.timer = this.timers.after(nextAt - this.timers.now(), () => void this.now());
  }
}
