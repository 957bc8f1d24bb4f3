import { describe, it, expect } from '@jest/globals';
import { keptShares } from './kept.js';

/** Ours, then what is kept: the weights that are live, and what comes of them. */
const kept = (ours: number, others: readonly number[], receivers: number) => {
  const live = [ours, ...others].map((weight, i) => ({ targetGroupArn: `tg-${i}`, weight }));
  const { weights, left, sum } = keptShares(live, (arn) => arn !== 'tg-0', receivers);
  return [left, ...weights.map((one) => one.weight), sum];
};

describe('a share that is kept', () => {
  it.each([
    ['is the same fraction without a common divisor', kept(60, [20, 20], 1), [3, 1, 1, 5]],
    ['may have up to 999 as its denominator', kept(499, [500], 1), [499, 500, 999]],
    ['is the nearest 999th beyond that', kept(500, [501], 1), [499, 500, 999]],
    ['never becomes nothing', kept(999, [1, 999], 1), [499, 1, 499, 999]],
    ['stays nothing', kept(999, [0, 998], 1), [500, 0, 499, 999]],
    ['leaves one for each receiver', kept(1, [998], 3), [1, 332, 333]],
    ['leaves as many 999ths as there are receivers, and says so', kept(1, [999, 999], 4), [4, 497, 498, 999]],
    ['leaves nobody anything where it has everything', kept(0, [7, 7], 2), [0, 1, 1, 2]],
    ['is a 999th there, too, where it has to be', kept(0, [999, 998], 2), [0, 500, 499, 999]],
    ['is nothing where nobody has a weight', kept(0, [0, 0], 2), [1, 0, 0, 1]],
  ])('%s', (_sentence, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  it('is everything for one that is alone, whatever its weight', () => {
    const alone = [{ targetGroupArn: 'tg-1', weight: 0 }];
    expect(keptShares(alone, () => true, 1)).toEqual({
      weights: [{ targetGroupArn: 'tg-1', weight: 1 }],
      left: 0,
      sum: 1,
    });
  });
});
