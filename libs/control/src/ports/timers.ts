/** Monotonic time and timers: everything in control that waits asks these, so that tests and simulations move time. */
export abstract class Timers {
  /** Monotonic milliseconds. */
  abstract now(): number;
  /** Runs once after `ms`; cancelling later than that does nothing. */
  abstract after(ms: number, run: () => void): { cancel(): void };
}
