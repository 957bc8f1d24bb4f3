export interface WorkQueueOptions {
  /** Does the work for a key; a throw means again later. */
  work(key: string): Promise<void>;
  onFailure(key: string, error: unknown): void;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  readonly workers: number;
}

/** Keys to be worked on: each at most once at a time, again if added meanwhile, and later and later while it fails. */
export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly busy = new Set<string>();
  private readonly failures = new Map<string, number>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private running: Promise<void>[] = [];
  private isStopped = false;
  private isPaused = false;

  constructor(private readonly options: WorkQueueOptions) {}

  add(key: string): void {
    if (this.isStopped) return;
    this.waiting.add(key);
    this.pump();
  }

  /** While paused, keys are kept and nothing is begun. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.pump();
  }

  /** Ends after the work at hand is done. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.waiting.clear();
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private pump(): void {
    if (this.isPaused || this.isStopped) return;
    for (const key of this.waiting) {
      if (this.busy.size >= this.options.workers) return;
      if (this.busy.has(key)) continue;
      this.waiting.delete(key);
      this.busy.add(key);
      const run = this.runOne(key).finally(() => {
        this.running = this.running.filter((each) => each !== run);
      });
      this.running.push(run);
    }
  }

  private async runOne(key: string): Promise<void> {
    clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    try {
      await this.options.work(key);
      this.failures.delete(key);
    } catch (error) {
      this.options.onFailure(key, error);
      this.retryLater(key);
    } finally {
      this.busy.delete(key);
      this.pump();
    }
  }

  private retryLater(key: string): void {
    if (this.isStopped) return;
    const count = this.failures.get(key) ?? 0;
    this.failures.set(key, count + 1);
    const pauseMs = Math.min(this.options.firstPauseMs * 2 ** count, this.options.longestPauseMs);
    this.timers.set(
      key,
      setTimeout(() => this.add(key), pauseMs),
    );
  }
}
