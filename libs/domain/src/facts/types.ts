import type { Fact, Instant } from '../rollout/types.js';

/**
 * A stretch of looks in which the same was seen. `from` and `to` are when the first and the last of them began.
 * `joined`: no more than two periods lie between the run before and this one, so nothing was missed between them.
 * `mark` is what matters of the value (weights of an action, number of healthy targets); null = it could not be seen.
 */
export interface Run<M> {
  readonly from: Instant;
  readonly to: Instant;
  readonly joined: boolean;
  readonly mark: M | null;
}

/** What was last seen of one subject, how often it is looked at, and its runs, oldest first. */
export interface Watched<T, M> {
  readonly fact: Fact<T>;
  /** A look counts until two of these after it: that is what "fresh" means. */
  readonly periodMs: number;
  /** At most `maxRuns`; older ones are forgotten, and time in them counts for nothing. */
  readonly runs: readonly Run<M>[];
}

export const maxRuns = 32;
