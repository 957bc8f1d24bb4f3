import type { Instant } from '../rollout/types.js';

/** The rate a lane believes AWS gives it: the account's bucket is shared with programs that we don't see. */
export interface LearnedRate {
  readonly ratePerSecond: number;
  readonly throttledAt: Instant | null;
}

export interface RateBounds {
  /** As configured for the account. */
  readonly maxPerSecond: number;
  /** Never slower than this, so that a rollback always gets through. */
  readonly minPerSecond: number;
}

/** Throttles closer together than this are one event: they answer calls that were under way together. */
const sameEventMs = 1_000;
/** Successes it takes from nothing back to the full rate. */
const successesToFull = 50;

export function startingRate(bounds: RateBounds): LearnedRate {
  return { ratePerSecond: bounds.maxPerSecond, throttledAt: null };
}

/** Halves the rate. */
export function afterThrottle(rate: LearnedRate, now: Instant, bounds: RateBounds): LearnedRate {
  const same = rate.throttledAt !== null && Math.abs(now - rate.throttledAt) < sameEventMs;
  if (same) return rate;
  return { ratePerSecond: Math.max(bounds.minPerSecond, rate.ratePerSecond / 2), throttledAt: now };
}

/** Raises the rate by a fixed part of the maximum. */
export function afterSuccess(rate: LearnedRate, bounds: RateBounds): LearnedRate {
  const ratePerSecond = Math.min(bounds.maxPerSecond, rate.ratePerSecond + bounds.maxPerSecond / successesToFull);
  return { ...rate, ratePerSecond };
}
