/** Time that passes: for what has to wait. What time of day it is, is `Clock`'s. */
export abstract class Timers {
  /** Monotonic milliseconds from an arbitrary start: never set back, unlike the time of day. */
  abstract now(): number;
  /** Calls `run` once, `ms` milliseconds from now at the earliest (below 0 counts as 0), unless cancelled before. */
  abstract after(ms: number, run: () => void): Timer;
}

export interface Timer {
  /** Harmless once it has run, or twice. */
  cancel(): void;
}
