import type { Instant } from '../rollout/types.js';
import {
  afterSuccess,
  afterThrottle,
  startingRate,
  withinBounds,
  type LearnedRate,
  type RateBounds,
} from '../lane/aimd.js';
import { fullBucket, spend, take, tokensAt, type BucketLimits, type BucketState } from '../lane/token-bucket.js';
import type { ReadPriority } from './read-priority.js';

/** What an operator allows a gateway to read. */
export interface ReadLimits {
  /** Above 0. */
  readonly readsPerSecond: number;
  /** At least 1. */
  readonly burst: number;
}

/**
 * What may be read now. Two buckets are spent together: one that fills at the rate AWS was found to give, and one at the
 * configured rate, which emergencies alone may take from.
 */
export interface ReadBudgetState {
  readonly limits: ReadLimits;
  readonly learned: LearnedRate;
  readonly usual: BucketState;
  readonly emergency: BucketState;
}

export type ReadTaken =
  | { readonly ok: true; readonly state: ReadBudgetState }
  | { readonly ok: false; readonly state: ReadBudgetState; readonly retryAt: Instant };

/** How many reads an emergency could send at once. */
export function readTokens({ limits, emergency }: ReadBudgetState, now: Instant): number {
  return Math.floor(tokensAt(emergency, now, bucketLimits(limits, limits.readsPerSecond)));
}

/** However often AWS throttles us, this much is tried. */
const leastPerSecond = 0.5;

export function fullReadBudget(limits: ReadLimits, now: Instant): ReadBudgetState {
  const learned = startingRate(boundsOf(limits));
  const bucket = fullBucket(bucketLimits(limits, limits.readsPerSecond), now);
  return { limits, learned, usual: bucket, emergency: bucket };
}

/** Other figures of the operator: a rate learned below the old ones is kept, what is saved up stays within the new burst. */
export function withReadLimits(state: ReadBudgetState, limits: ReadLimits): ReadBudgetState {
  const learned = withinBounds(state.learned, boundsOf(state.limits), boundsOf(limits));
  const capped = ({ tokens, at }: BucketState): BucketState => ({ tokens: Math.min(tokens, limits.burst), at });
  return { limits, learned, usual: capped(state.usual), emergency: capped(state.emergency) };
}

/** Takes one read now, or says when to ask again. */
export function takeRead(state: ReadBudgetState, now: Instant, priority: ReadPriority): ReadTaken {
  const usualLimits = bucketLimits(state.limits, state.learned.ratePerSecond);
  const emergencyLimits = bucketLimits(state.limits, state.limits.readsPerSecond);
  if (priority === 'emergency') {
    const taken = take(state.emergency, now, emergencyLimits, true);
    if (!taken.ok) return { ...taken, state: { ...state, emergency: taken.state } };
    return { ok: true, state: { ...state, emergency: taken.state, usual: spend(state.usual, now, usualLimits) } };
  }
  const taken = take(state.usual, now, usualLimits, false);
  if (!taken.ok) return { ...taken, state: { ...state, usual: taken.state } };
  return { ok: true, state: { ...state, usual: taken.state, emergency: spend(state.emergency, now, emergencyLimits) } };
}

/** AWS throttled us: everybody but emergencies goes on at half the rate. Twice within a second is once. */
export function readThrottled(state: ReadBudgetState, now: Instant): ReadBudgetState {
  return { ...state, learned: afterThrottle(state.learned, now, boundsOf(state.limits)) };
}

/** AWS gave what was asked: a step back towards the configured rate, never above it. */
export function readSucceeded(state: ReadBudgetState): ReadBudgetState {
  return { ...state, learned: afterSuccess(state.learned, boundsOf(state.limits)) };
}

function boundsOf(limits: ReadLimits): RateBounds {
  return { maxPerSecond: limits.readsPerSecond, minPerSecond: leastPerSecond };
}

/** The least reserve is what only emergencies may use. */
function bucketLimits(limits: ReadLimits, ratePerSecond: number): BucketLimits {
  return { ratePerSecond, burst: limits.burst, reserve: 0 };
}
