/** Timings of the lanes, all in milliseconds. Defaults are what `npm run serve` uses. */
export interface LaneSettings {
  /** How long a grant lasts without renewal. Default 10 000. */
  readonly leaseMs: number;
  /** Longest a write may take at the socket; also how long a new owner waits out after an old lease. Default 5 000. */
  readonly writeTimeoutMs: number;
  /** Nothing is sent within this of the lease's end. Default 500. */
  readonly leaseMarginMs: number;
  /** Before a doubtful write is read again. Default 1 000. */
  readonly pollMs: number;
  /** Writes to different routes under way at once in one lane. Default 4. */
  readonly concurrency: number;
}

export const defaultLaneSettings: LaneSettings = {
  leaseMs: 10_000,
  writeTimeoutMs: 5_000,
  leaseMarginMs: 500,
  pollMs: 1_000,
  concurrency: 4,
};
