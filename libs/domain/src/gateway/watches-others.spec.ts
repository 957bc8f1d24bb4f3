import { describe, expect, it } from '@jest/globals';
import { nothing } from '../rollout/change.js';
import { aPlan, aRollout } from '../testing/builders.js';
import { watchesOthers } from './watches-others.js';

const step = (red: number, black: number) => ({ ...aPlan().steps[0]!, shares: { red, black } });
const rollout = aRollout({
  stepIndex: 0,
  plan: { ...aPlan(), steps: [step(900, 100), step(500, 500), step(0, 1000), step(1000, 0)] },
});
const to = (stepIndex: number) => ({ ...nothing, rollout: { stepIndex } });

describe('others have to be looked at after a change', () => {
  it.each([
    ['not when the same target group goes on to be raised', rollout, to(1), false],
    ['when the next step raises the other one', { ...rollout, stepIndex: 1 }, to(2), true],
    [
      'not when nothing but what people are told changes',
      rollout,
      { ...nothing, rollout: { reason: 'StepIsHolding' as const } },
      false,
    ],
    [
      'when it is paused, blocked or turns round',
      rollout,
      { ...nothing, rollout: { state: 'Blocked' as const } },
      true,
    ],
    ['not when it stays what it is', rollout, { ...nothing, rollout: { state: 'Running' as const } }, false],
    ['when it takes its routes', rollout, { ...nothing, claims: 'take' as const }, true],
    ['when it lets go of them', rollout, { ...nothing, claims: 'release' as const }, true],
  ])('%s', (_sentence, before, change, expected) => {
    expect(watchesOthers(before, change)).toBe(expected);
  });
});
