import { describe, it, expect } from '@jest/globals';
import { aPlan, aRollout, redBlack } from '../testing/builders.js';
import { backMove, stepMove } from './proposals.js';

const up = [{ routeId: 'shop', before: redBlack(90, 10), after: redBlack(50, 50) }];
const back = [{ routeId: 'shop', before: redBlack(90, 10), after: redBlack(100, 0) }];
const plan = aPlan({
  minHealthyTargets: 2,
  steps: {
    kind: 'explicit',
    steps: [
      { shares: { red: 90, black: 10 }, holdMs: 1 },
      { shares: { red: 50, black: 50 }, holdMs: 1, minHealthyTargets: 4 },
    ],
  },
});

describe('a move', () => {
  it('of a step has exact weights over those that it was decided on, and names the clusters that it raises', () => {
    expect(stepMove(aRollout({ plan, stepIndex: 0 }), 1, up)).toEqual({
      purpose: 'step',
      stepIndex: 1,
      minHealthyTargets: 4,
      forced: null,
      proposals: [
        {
          routeId: 'shop',
          goal: { kind: 'shares', shares: { red: 500, black: 500 } },
          before: redBlack(90, 10),
          after: redBlack(50, 50),
          raisedClusterIds: ['c-green'],
        },
      ],
    });
  });

  it("asks the plan's healthy targets where its step has no gate, and says who forced it", () => {
    const forced = { by: 'ana', reason: 'drill' };
    const rollout = aRollout({ plan, stepIndex: 0, forced });
    expect(stepMove(rollout, 0, up)).toMatchObject({ minHealthyTargets: 2, forced });
  });

  it('that reasserts a step goes out over anything', () => {
    const [proposal] = stepMove(aRollout({ plan }), 1, up, 'reassert')?.proposals ?? [];
    expect(proposal).toMatchObject({ before: null, after: redBlack(50, 50), raisedClusterIds: ['c-green'] });
  });

  it('back wants the baseline over anything, one healthy target, and minds no cordon', () => {
    expect(backMove(aRollout({ plan }), back)).toMatchObject({
      purpose: 'rollback',
      stepIndex: null,
      minHealthyTargets: 1,
      proposals: [
        {
          routeId: 'shop',
          goal: { kind: 'baseline', baseline: redBlack(100, 0) },
          before: null,
          after: redBlack(100, 0),
          raisedClusterIds: [],
        },
      ],
    });
  });

  it('of nothing is none', () => {
    expect(stepMove(aRollout(), 1, [])).toBeNull();
    expect(backMove(aRollout(), [])).toBeNull();
  });
});
