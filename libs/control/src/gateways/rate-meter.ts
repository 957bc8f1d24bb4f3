import type { Timers } from '../ports/timers.js';

const windowSeconds = 10;

/** How often something happens, over the last ten whole seconds. Holds one number per second and no timer. */
export class RateMeter {
  private readonly counts = new Map<number, number>();

  constructor(private readonly timers: Timers) {}

  count(): void {
    const second = this.forget();
    this.counts.set(second, (this.counts.get(second) ?? 0) + 1);
  }

  /** The second that is still going doesn't count. */
  perSecond(): number {
    const present = this.forget();
    let sum = 0;
    for (const [second, count] of this.counts) if (second < present) sum += count;
    return sum / windowSeconds;
  }

  private forget(): number {
    const present = Math.floor(this.timers.now() / 1_000);
    for (const second of this.counts.keys()) if (second < present - windowSeconds) this.counts.delete(second);
    return present;
  }
}
