import { describe, expect, it } from '@jest/globals';
import { at, rollout, startedMs } from '../testing/rollout.js';
import { isWaiting, remainingHoldMs } from './hold.js';

const after = (ms: number) => startedMs + ms;

describe('what is left of a hold', () => {
  it('counts down between two looks of the server, from the last one', () => {
    const looked = rollout({ heldMs: 20_000, nextWakeAt: at(30_000) });
    expect(remainingHoldMs(looked, after(20_000))).toBe(40_000);
    expect(remainingHoldMs(looked, after(27_500))).toBe(32_500);
  });

  it('is exact where the next wake-up is the end of the hold itself', () => {
    expect(remainingHoldMs(rollout({ heldMs: 55_000, nextWakeAt: at(60_000) }), after(58_000))).toBe(2_000);
  });

  it('owes what an outage did not serve: the clock on the wall says nothing', () => {
    const afterOutage = rollout({ heldMs: 20_000, nextWakeAt: at(310_000) });
    expect(remainingHoldMs(afterOutage, after(300_000))).toBe(40_000);
  });

  it('stands still while a person has paused it', () => {
    const paused = rollout({ state: 'Paused', heldMs: 15_000, nextWakeAt: null });
    expect(remainingHoldMs(paused, after(20_000))).toBe(45_000);
    expect(remainingHoldMs(paused, after(900_000))).toBe(45_000);
  });

  it('is only the settle time once somebody has advanced', () => {
    expect(remainingHoldMs(rollout({ advanceRequestedBy: 'token:first', nextWakeAt: at(5_000) }), after(1_000))).toBe(
      4_000,
    );
  });

  it('is not known before the step is verified, nor while it goes back', () => {
    expect(remainingHoldMs(rollout({ verifiedAt: null }), after(0))).toBeNull();
    expect(remainingHoldMs(rollout({ state: 'RollingBack' }), after(0))).toBeNull();
  });

  it('never falls below nothing', () => {
    expect(remainingHoldMs(rollout({ heldMs: 60_000, nextWakeAt: at(60_000) }), after(90_000))).toBe(0);
  });
});

describe('whether something is in the way', () => {
  it.each([
    ['a hold', 'StepIsHolding', false],
    ['its own write', 'WaitingForWrite', false],
    ['targets that are not healthy', 'WaitingForHealthyTargets', true],
    ['AWS', 'AwsUnreachable', true],
  ])('while it waits for %s', (_for, reason, expected) => {
    expect(isWaiting(rollout({ reason }))).toBe(expected);
  });
});
