import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { noon } from '../testing/builders.js';
import { fullBucket, leastReserve, spend, take, type BucketLimits, type BucketState } from './token-bucket.js';

const limits: BucketLimits = { ratePerSecond: 3, burst: 20, reserve: 5 };

function drain(
  state: BucketState,
  now: number,
  with_: BucketLimits,
  emergency: boolean,
): { taken: number; state: BucketState } {
  for (let taken = 0; ; taken++) {
    const answer = take(state, now, with_, emergency);
    if (!answer.ok) return { taken, state };
    state = answer.state;
  }
}

describe('the token bucket of a lane', () => {
  it('gives steps what is above the reserve, and emergencies the rest', () => {
    const steps = drain(fullBucket(limits, noon), noon, limits, false);
    expect(steps.taken).toBe(15);
    expect(drain(steps.state, noon, limits, true).taken).toBe(5);
  });

  it('says to the millisecond when to ask again, and then gives', () => {
    const { state } = drain(fullBucket(limits, noon), noon, limits, false);
    const answer = take(state, noon, limits, false);
    if (answer.ok) throw new Error('the bucket should be down to its reserve');
    expect(answer.retryAt).toBe(noon + 334);
    expect(take(answer.state, answer.retryAt - 1, limits, false).ok).toBe(false);
    expect(take(answer.state, answer.retryAt, limits, false).ok).toBe(true);
  });

  it.each([
    ['a configured reserve below the least is raised to it', { ratePerSecond: 3, burst: 20, reserve: 0 }, 15],
    ['a small bucket keeps half', { ratePerSecond: 3, burst: 4, reserve: 0 }, 2],
    ['a bucket of one still lets steps through', { ratePerSecond: 3, burst: 1, reserve: 5 }, 1],
    ['a greater reserve is kept', { ratePerSecond: 3, burst: 20, reserve: 12 }, 8],
  ])('%s', (_sentence, with_, steps) => {
    expect(drain(fullBucket(with_, noon), noon, with_, false).taken).toBe(steps);
    expect(leastReserve(20)).toBe(5);
  });

  it('can be charged for a call that did not ask it, and owes nothing for it', () => {
    expect(spend({ tokens: 0.5, at: noon }, noon + 1_000, limits)).toEqual({ tokens: 2.5, at: noon + 1_000 });
    expect(spend({ tokens: 0.5, at: noon }, noon, limits).tokens).toBe(0);
  });

  it('refills nothing when the clock steps back, and does not wait for it either', () => {
    const { state } = drain(fullBucket(limits, noon), noon, limits, true);
    const back = take(state, noon - 3_600_000, limits, true);
    expect(back).toMatchObject({ ok: false, retryAt: noon - 3_600_000 + 334 });
  });

  it('never gives more than burst and rate allow, and never the reserve to a step', () => {
    const asks = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), emergency: fc.boolean() }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(asks, (list) => {
        let [state, now, given] = [fullBucket(limits, noon), noon, 0];
        for (const { afterMs, emergency } of list) {
          now += afterMs;
          const answer = take(state, now, limits, emergency);
          state = answer.state;
          if (!answer.ok) {
            expect(answer.retryAt).toBeGreaterThan(now);
            continue;
          }
          given += 1;
          if (!emergency) expect(state.tokens).toBeGreaterThanOrEqual(5 - 1e-6);
          expect(given).toBeLessThanOrEqual(limits.burst + ((now - noon) * limits.ratePerSecond) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
