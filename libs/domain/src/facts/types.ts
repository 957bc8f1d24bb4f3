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

/** How a subject was watched. */
export interface WatchRuns<M> {
  /** How often it is looked at. A look counts until two of these after it: that is what "fresh" means. */
  readonly periodMs: number;
  /** Oldest first, at most `maxRuns`; older ones are forgotten, and time in them counts for nothing. */
  readonly runs: readonly Run<M>[];
}

/** What was last seen of one subject, and how it was watched. */
export interface Watched<T, M> extends WatchRuns<M> {
  readonly fact: Fact<T>;
}

export const maxRuns = 32;
