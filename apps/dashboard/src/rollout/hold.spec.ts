import { describe, expect, it } from '@jest/globals';
import { at, rollout, startedMs } from '../testing/rollout.js';
import { isWaiting, remainingHoldMs } from './hold.js';

const after = (ms: number) => startedMs + ms;

describe('what is left of a hold', () => {
  it('counts down to the end that the server names', () => {
    const held = rollout({ holdEndsAt: at(60_000) });
    expect(remainingHoldMs(held, after(20_000))).toBe(40_000);
    expect(remainingHoldMs(held, after(27_500))).toBe(32_500);
  });

  it('is not known while none is being served', () => {
    expect(remainingHoldMs(rollout({ state: 'Paused', holdEndsAt: null }), after(20_000))).toBeNull();
  });

  it('never falls below nothing', () => {
    expect(remainingHoldMs(rollout({ holdEndsAt: at(60_000) }), after(90_000))).toBe(0);
  });
});

describe('whether something is in the way', () => {
  it.each([
    ['a hold', 'StepIsHolding', false],
    ['its own write', 'WaitingForWrite', false],
    ['targets that are not healthy', 'WaitingForHealthyTargets', true],
    ['AWS', 'AwsUnreachable', true],
  ] as const)('while it waits for %s', (_for, reason, expected) => {
    expect(isWaiting(rollout({ reason }))).toBe(expected);
  });
});
