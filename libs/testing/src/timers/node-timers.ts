import { performance } from 'node:perf_hooks';
import { Timers, type Timer } from '@sluice/control';

/** Real time, for tests with real servers. */
export class NodeTimers extends Timers {
  now(): number {
    return performance.now();
  }

  after(ms: number, run: () => void): Timer {
    const timeout = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timeout) };
  }
}
