/** The part of the budget that watching plans with; the rest is left for sends, emergencies and people. */
const plannedPart = 0.6;

export interface PeriodInput {
  /** How often AWS itself checks the targets: looking more often shows nothing new. */
  readonly healthCheckIntervalMs: number;
  /** Reads that one round of looks takes; may be a fraction. */
  readonly readsWanted: number;
  /** What the account gives now, above 0. */
  readonly readsPerSecond: number;
}

/** How often a subject can be looked at, in whole ms: no sooner than it changes, and no sooner than the budget gives. */
export function periodMs({ healthCheckIntervalMs, readsWanted, readsPerSecond }: PeriodInput): number {
  return Math.max(healthCheckIntervalMs, Math.ceil((readsWanted * 1_000) / (plannedPart * readsPerSecond)));
}
