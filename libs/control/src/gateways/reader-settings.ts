/** How a gateway reads; all but the last in milliseconds. */
export interface ReaderSettings {
  /** How often a subject is looked at where the budget gives plenty. Default 30 000, AWS's usual health-check interval. */
  readonly minPeriodMs: number;
  /** Longest a look may take, all its requests together. Default 20 000. */
  readonly timeoutMs: number;
  /** How long looks that bring no news may wait for others to be stored with, at most a sixth of their period. Default 5 000. */
  readonly recordDelayMs: number;
  /** For how long after a verified write a look that shows what was before it is a lag. Default 60 000. */
  readonly lagMs: number;
  /** Looks under way at once through one account record, so that one that hangs takes nobody's place. Default 4. */
  readonly concurrency: number;
}

export const defaultReaderSettings: ReaderSettings = {
  minPeriodMs: 30_000,
  timeoutMs: 20_000,
  recordDelayMs: 5_000,
  lagMs: 60_000,
  concurrency: 4,
};
