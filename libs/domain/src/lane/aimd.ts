import type { Instant } from '../rollout/types.js';

/** The rate a lane believes AWS gives it: the account's bucket is shared with programs that we don't see. */
export interface LearnedRate {
  readonly ratePerSecond: number;
  readonly throttledAt: Instant | null;
}

export interface RateBounds {
  /** As configured for the account. */
  readonly maxPerSecond: number;
  /** Never slower than this, so that a rollback always gets through; `maxPerSecond` where that is less. */
  readonly minPerSecond: number;
}

/** Throttles closer together than this are one event: they answer calls that were under way together. */
const sameEventMs = 1_000;
/** Successes it takes from nothing back to the full rate. */
const successesToFull = 50;

export function startingRate(bounds: RateBounds): LearnedRate {
  return { ratePerSecond: bounds.maxPerSecond, throttledAt: null };
}

/** Halves the rate, once for throttles of the same second; never below the least, nor above what is configured. */
export function afterThrottle(rate: LearnedRate, now: Instant, bounds: RateBounds): LearnedRate {
  const same = rate.throttledAt !== null && Math.abs(now - rate.throttledAt) < sameEventMs;
  if (same) return rate;
  return { ratePerSecond: Math.max(leastOf(bounds), rate.ratePerSecond / 2), throttledAt: now };
}

/** Raises the rate by a fixed part of the maximum. */
export function afterSuccess(rate: LearnedRate, bounds: RateBounds): LearnedRate {
  const ratePerSecond = Math.min(bounds.maxPerSecond, rate.ratePerSecond + bounds.maxPerSecond / successesToFull);
  return { ...rate, ratePerSecond };
}

/** What was learned, under other figures: what ran at the full rate goes on at the full rate, a slower one learns on. */
export function withinBounds(rate: LearnedRate, before: RateBounds, after: RateBounds): LearnedRate {
  const wasFull = rate.ratePerSecond >= before.maxPerSecond;
  const kept = wasFull ? after.maxPerSecond : Math.min(after.maxPerSecond, rate.ratePerSecond);
  return { ...rate, ratePerSecond: Math.max(leastOf(after), kept) };
}

function leastOf(bounds: RateBounds): number {
  return Math.min(bounds.minPerSecond, bounds.maxPerSecond);
}
