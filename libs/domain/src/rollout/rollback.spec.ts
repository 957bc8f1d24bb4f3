import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { aPlan, aRollout, aRoute, black, red, redBlack, stranger } from '../testing/builders.js';
import { shareOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { rollbackChanges } from './rollback.js';
import type { FrozenRoute } from './types.js';

function back(live: Weights | null, change: Partial<FrozenRoute> = {}, expected: Weights = redBlack(50, 50)) {
  const rollout = aRollout({ plan: { ...aPlan(), routes: [aRoute(change)] }, expected: { shop: expected } });
  return rollbackChanges(rollout, live ? { shop: live } : {}).map((one) => one.after)[0] ?? null;
}
const with9 = (weights: Weights, weight: number): Weights => [...weights, { targetGroupArn: stranger, weight }];

describe('rolling back', () => {
  it.each([
    ['goes to the very integers of the baseline', redBlack(50, 50), redBlack(100, 0), redBlack(100, 0)],
    ['writes nothing where the baseline is live', redBlack(100, 0), redBlack(100, 0), null],
    ['keeps a target group attached since, at 0', redBlack(0, 100), redBlack(1), redBlack(1, 0)],
    ['gives weight to one that stood alone at 0, as an NLB may say', redBlack(0, 100), redBlack(0), redBlack(1, 0)],
    ['puts back what somebody detached', [{ targetGroupArn: black, weight: 1 }], redBlack(70, 30), redBlack(70, 30)],
  ])('%s', (_sentence, live, baseline, after) => {
    expect(back(live, { baseline })).toEqual(after);
  });

  it('does not wait for a read: without one it goes by what we believe is live', () => {
    expect(back(null)).toEqual(redBlack(100, 0));
    expect(back(null, {}, redBlack(100, 0))).toBeNull();
  });

  it('leaves a foreign target group the share it has now, pinned or not', () => {
    const after = back(with9(redBlack(30, 50), 20)) ?? [];
    expect([red, black, stranger].map((arn) => shareOf(after, arn))).toEqual([800, 0, 200]);
  });

  it('leaves a pinned one the share it has now, even when it had another before', () => {
    const after = back(with9(redBlack(0, 60), 40), { pinned: [stranger], baseline: with9(redBlack(90, 0), 10) }) ?? [];
    expect([red, black, stranger].map((arn) => shareOf(after, arn))).toEqual([600, 0, 400]);
  });

  it('returns to the very integers when a pinned one kept its share', () => {
    const baseline = with9(redBlack(90, 0), 10);
    expect(back(with9(redBlack(45, 45), 10), { pinned: [stranger], baseline })).toEqual(
      expect.arrayContaining([...baseline]),
    );
  });

  it('does not put back a pinned one that somebody took out', () => {
    const baseline = with9(redBlack(60, 20), 20);
    const after = back(redBlack(50, 50), { pinned: [stranger], baseline }) ?? [];
    expect([red, black, stranger].map((arn) => shareOf(after, arn))).toEqual([750, 250, 0]);
  });

  it('can give ours nothing when a foreign one has taken everything', () => {
    expect(back(with9(redBlack(0, 0), 5))).toBeNull();
  });

  it('is safe to write and keeps what is not ours, whatever is live', () => {
    const weight = fc.integer({ min: 0, max: 999 });
    fc.assert(
      fc.property(weight, weight, fc.option(weight), weight, weight, (r, b, foreign, baseRed, baseBlack) => {
        fc.pre(r + b + (foreign ?? 0) > 0 && baseRed + baseBlack > 0);
        const live = foreign === null ? redBlack(r, b) : with9(redBlack(r, b), foreign);
        const after = back(live, { baseline: redBlack(baseRed, baseBlack) }) ?? live;
        expect(unsafeWeights(after)).toBeNull();
        expect(Math.abs(shareOf(after, stranger) - shareOf(live, stranger))).toBeLessThanOrEqual(5);
        expect(after.map((one) => one.targetGroupArn)).toEqual(
          expect.arrayContaining(live.map((one) => one.targetGroupArn)),
        );
      }),
    );
  });
});
