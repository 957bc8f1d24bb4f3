import { describe, it, expect } from '@jest/globals';
import { noon } from '../testing/builders.js';
import { drained } from './drained.js';

const facts = { weightZeroSince: noon, settleMs: 60_000, stickinessMs: 0, deregistrationMs: 300_000 };

describe('a target group without metrics', () => {
  it.each([
    ['is not drained while it has weight', { weightZeroSince: null }, 1e9, false, null],
    ['waits for the deregistration delay', {}, 299_999, false, 300_000],
    ['is drained once that is over', {}, 300_000, true, 300_000],
    [
      'waits for stickiness when that is longer: cookies bring clients back',
      { stickinessMs: 900_000 },
      899_999,
      false,
      900_000,
    ],
    ['waits for the settle time when all else is shorter', { deregistrationMs: 0 }, 59_999, false, 60_000],
  ])('%s', (_sentence, change, afterMs, isDrained, readyAfterMs) => {
    const drain = drained({ ...facts, ...change }, noon + afterMs);
    expect(drain.drained).toBe(isDrained);
    expect(drain.readyAt).toBe(readyAfterMs === null ? null : noon + readyAfterMs);
  });

  it('is called unmeasured, and says what it waits for', () => {
    expect(drained(facts, noon + 60_000).message).toBe(
      'unmeasured: weight 0, drained in 4 minutes; the longest of settle, stickiness and deregistration times is its deregistration delay, 5 minutes',
    );
    expect(drained(facts, noon + 300_000).message).toMatch(/^unmeasured: weight 0 for 5 minutes/);
  });
});
