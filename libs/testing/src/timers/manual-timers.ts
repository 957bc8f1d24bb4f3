import { Timers, type Timer } from '@sluice/control';

interface Waiting {
  readonly at: number;
  readonly run: () => void;
}

/** Timers whose time passes only when a test says so. */
export class ManualTimers extends Timers {
  private ms = 0;
  private waiting: Waiting[] = [];

  now(): number {
    return this.ms;
  }

  after(ms: number, run: () => void): Timer {
    const one = { at: this.ms + Math.max(0, ms), run };
    this.waiting.push(one);
    return { cancel: () => (this.waiting = this.waiting.filter((other) => other !== one)) };
  }

  /** In how many ms the next one is due; null = none is waiting. */
  get nextInMs(): number | null {
    const next = this.next();
    return next ? next.at - this.ms : null;
  }

  /**
   * Lets `ms` pass: runs what becomes due, in order, each at its own time, also what these start in turn. Before each
   * one, and at the end, promises that are already settled are let go on.
   */
  async advance(ms: number): Promise<void> {
    const end = this.ms + ms;
    await settled();
    for (let due = this.next(); due && due.at <= end; due = this.next()) {
      this.waiting = this.waiting.filter((other) => other !== due);
      this.ms = Math.max(this.ms, due.at);
      due.run();
      await settled();
    }
    this.ms = end;
  }

  /** The earliest; of equals the one that was set first. */
  private next(): Waiting | undefined {
    return this.waiting.reduce<Waiting | undefined>(
      (first, one) => (first === undefined || one.at < first.at ? one : first),
      undefined,
    );
  }
}

/** All that promises which are settled by now lead to has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
