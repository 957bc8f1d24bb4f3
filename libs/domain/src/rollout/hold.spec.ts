import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { aRollout, noon } from '../testing/builders.js';
import { countHold, requiredHoldMs } from './hold.js';

// The plan rechecks every 10 s, so a gap above 21 s is an outage.
describe('counting a hold', () => {
  it.each([
    ['counts the time since it was last counted', {}, 4_000, 4_000],
    ['adds to what was held before', { heldMs: 1_500 }, 4_000, 5_500],
    ['counts a wake-up that came late', {}, 21_000, 21_000],
    ['counts an outage as one recheck, however long it was', {}, 21_001, 10_000],
    ['counts a day as one recheck', {}, 86_400_000, 10_000],
    ['counts nothing when the clock steps back', { heldMs: 700 }, -3_600_000, 700],
    ['counts nothing while writes are outstanding', { verifiedAt: null, heldMs: 700 }, 4_000, 700],
    ['counts nothing while paused', { state: 'Paused', heldMs: 700 }, 4_000, 700],
    ['counts nothing while blocked', { state: 'Blocked', heldMs: 700 }, 4_000, 700],
    ['begins to count at the first look after a pause', { heldMs: 700, heldCheckedAt: null }, 4_000, 700],
  ] as const)('%s', (_sentence, change, elapsedMs, heldMs) => {
    expect(countHold(aRollout(change), noon + elapsedMs).heldMs).toBe(heldMs);
  });

  it('goes on from the stepped-back clock instead of waiting for it to catch up', () => {
    const stepped = countHold(aRollout(), noon - 3_600_000);
    expect(countHold(aRollout(stepped), noon - 3_600_000 + 4_000).heldMs).toBe(4_000);
  });

  it('forgets when it last looked once it is paused, so that the pause never counts', () => {
    const paused = countHold(aRollout({ state: 'Paused' }), noon + 1_000);
    expect(paused.heldCheckedAt).toBeNull();
    expect(countHold(aRollout({ ...paused, state: 'Running' }), noon + 5_000)).toEqual({
      heldMs: 0,
      heldCheckedAt: noon + 5_000,
    });
  });

  it('never counts more than has passed, whenever it looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 40 }), (gaps) => {
        let now = noon;
        let rollout = aRollout();
        for (const gap of gaps) {
          now += gap;
          rollout = { ...rollout, ...countHold(rollout, now) };
        }
        expect(rollout.heldMs).toBeLessThanOrEqual(now - noon);
      }),
    );
  });
});

describe('the hold a step needs', () => {
  it.each([
    ['is its own', {}, 5_000],
    ['is the settle time once somebody advances', { advanceRequestedBy: 'ana' }, 2_000],
    ['is nothing before the first step', { stepIndex: -1 }, 0],
  ] as const)('%s', (_sentence, change, ms) => {
    expect(requiredHoldMs(aRollout(change))).toBe(ms);
  });
});
