import type { Bucket } from './call.js';

export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

export type BucketSizes = Readonly<Record<Exclude<Bucket, 'none'>, BucketSize>>;

/** Reads: the example in AWS's documentation of ELB's throttling. The others: what the AWS Load Balancer Controller keeps itself to (2026-03). */
export const realBuckets: BucketSizes = {
  describe: { burst: 40, perSecond: 10 },
  modify: { burst: 20, perSecond: 3 },
  register: { burst: 20, perSecond: 4 },
};

/** The sandbox's default: room for fast tries and tests, still finite. */
export const generousBuckets: BucketSizes = {
  describe: { burst: 2000, perSecond: 500 },
  modify: { burst: 500, perSecond: 100 },
  register: { burst: 200, perSecond: 50 },
};

/** Token buckets by a key of the caller's choice (account, Region and kind of action); each starts full. */
export class TokenBuckets {
  private readonly levels = new Map<string, { tokens: number; atMs: number }>();

  /** Takes a token if there is one. `nowMs` may be any clock that doesn't go back. */
  take(key: string, size: BucketSize, nowMs: number): boolean {
    const before = this.levels.get(key) ?? { tokens: size.burst, atMs: nowMs };
    const tokens = Math.min(size.burst, before.tokens + ((nowMs - before.atMs) / 1000) * size.perSecond);
    const taken = tokens >= 1;
    this.levels.set(key, { tokens: taken ? tokens - 1 : tokens, atMs: nowMs });
    return taken;
  }
}
