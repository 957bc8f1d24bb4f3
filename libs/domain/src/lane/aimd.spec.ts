import { describe, it, expect } from '@jest/globals';
import { noon } from '../testing/builders.js';
import { afterSuccess, afterThrottle, startingRate, withinBounds } from './aimd.js';

const bounds = { maxPerSecond: 3, minPerSecond: 0.2 };

describe('the rate a lane learns', () => {
  it('starts as configured, halves on a throttle, and never falls below the least', () => {
    let rate = startingRate(bounds);
    expect(rate.ratePerSecond).toBe(3);
    rate = afterThrottle(rate, noon, bounds);
    expect(rate.ratePerSecond).toBe(1.5);
    for (let i = 1; i < 20; i++) rate = afterThrottle(rate, noon + i * 1_000, bounds);
    expect(rate.ratePerSecond).toBe(0.2);
  });

  it('takes throttles of calls that were under way together for one', () => {
    const once = afterThrottle(startingRate(bounds), noon, bounds);
    expect(afterThrottle(once, noon + 999, bounds)).toEqual(once);
    expect(afterThrottle(once, noon + 1_000, bounds).ratePerSecond).toBe(0.75);
  });

  it('comes back by small steps, and stops at what is configured', () => {
    let rate = afterThrottle(startingRate(bounds), noon, bounds);
    rate = afterSuccess(rate, bounds);
    expect(rate.ratePerSecond).toBeCloseTo(1.56);
    for (let i = 0; i < 100; i++) rate = afterSuccess(rate, bounds);
    expect(rate.ratePerSecond).toBe(3);
  });

  it('never goes above what is configured, even where that is below the least', () => {
    const slow = { maxPerSecond: 0.1, minPerSecond: 0.2 };
    expect(afterThrottle(startingRate(slow), noon, slow).ratePerSecond).toBe(0.1);
    expect(withinBounds(startingRate(bounds), bounds, slow).ratePerSecond).toBe(0.1);
  });

  it('takes other figures at once when it was never slowed, and climbs to them when it was', () => {
    const more = { maxPerSecond: 6, minPerSecond: 0.2 };
    expect(withinBounds(startingRate(bounds), bounds, more).ratePerSecond).toBe(6);
    const slowed = afterThrottle(startingRate(bounds), noon, bounds);
    expect(withinBounds(slowed, bounds, more)).toEqual(slowed);
    expect(withinBounds(slowed, bounds, { ...bounds, maxPerSecond: 1 }).ratePerSecond).toBe(1);
  });
});
