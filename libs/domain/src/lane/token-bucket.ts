import type { Instant } from '../rollout/types.js';

/** What an account's API budget allows. */
export interface BucketLimits {
  /** Above 0. */
  readonly ratePerSecond: number;
  /** The most tokens it holds; at least 1. */
  readonly burst: number;
  /** Tokens only emergencies may use; at least `leastReserve(burst)` is kept whatever this says. */
  readonly reserve: number;
}

export interface BucketState {
  readonly tokens: number;
  readonly at: Instant;
}

export type Take =
  | { readonly ok: true; readonly state: BucketState }
  | { readonly ok: false; readonly state: BucketState; readonly retryAt: Instant };

export function fullBucket(limits: BucketLimits, now: Instant): BucketState {
  return { tokens: limits.burst, at: now };
}

/** Five tokens, or half of a small bucket (limits §1: reserve at least 5 for rollback and evacuation). */
export function leastReserve(burst: number): number {
  return Math.min(5, burst / 2);
}

/** Takes one token for a call now, or says when to ask again. Steps leave the reserve; an emergency (rollback, evacuation) may use it. */
export function take(state: BucketState, now: Instant, limits: BucketLimits, emergency: boolean): Take {
  const filled = refill(state, now, limits);
  const keep = emergency ? 0 : Math.min(limits.burst - 1, Math.max(limits.reserve, leastReserve(limits.burst)));
  const missing = keep + 1 - filled.tokens;
  if (missing <= roundingTokens) return { ok: true, state: { tokens: Math.max(0, filled.tokens - 1), at: now } };
  return { ok: false, state: filled, retryAt: now + Math.max(1, Math.ceil((missing * 1_000) / limits.ratePerSecond)) };
}

/** One call was made whatever this bucket says: takes what a token is worth, as far as there is one. */
export function spend(state: BucketState, now: Instant, limits: BucketLimits): BucketState {
  const filled = refill(state, now, limits);
  return { ...filled, tokens: Math.max(0, filled.tokens - 1) };
}

/** What is in it now. */
export function tokensAt(state: BucketState, now: Instant, limits: BucketLimits): number {
  return refill(state, now, limits).tokens;
}

const roundingTokens = 1e-9;

/** A clock that steps back refills nothing. */
function refill(state: BucketState, now: Instant, limits: BucketLimits): BucketState {
  const elapsedMs = Math.max(0, now - state.at);
  return { tokens: Math.min(limits.burst, state.tokens + (elapsedMs * limits.ratePerSecond) / 1_000), at: now };
}
