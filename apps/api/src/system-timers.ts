import { performance } from 'node:perf_hooks';
import { Timers, type Timer } from '@sluice/control';

/** Node's own timers. One that is still running keeps the process alive, so whoever starts one cancels it at the end. */
export class SystemTimers extends Timers {
  now(): number {
    return performance.now();
  }

  after(ms: number, run: () => void): Timer {
    const timer = setTimeout(run, Math.max(0, ms));
    return { cancel: () => clearTimeout(timer) };
  }
}
