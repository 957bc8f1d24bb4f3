import { describe, it, expect } from '@jest/globals';
import { raisesShare, sameWeights, shareOf, sortWeights } from './equal.js';
import type { Weights } from './types.js';
import { unsafeWeights } from './validate.js';

const w = (record: Record<string, number>): Weights =>
  Object.entries(record).map(([targetGroupArn, weight]) => ({ targetGroupArn, weight }));

describe('comparing weights', () => {
  it.each([
    ['the same integers', w({ a: 90, b: 10 }), w({ a: 90, b: 10 }), true],
    ['another order, as AWS may answer', w({ b: 10, a: 90 }), w({ a: 90, b: 10 }), true],
    ['the same shares by other integers', w({ a: 9, b: 1 }), w({ a: 90, b: 10 }), false],
    ['one alone, whatever AWS says its weight is', w({ a: 1 }), w({ a: 100 }), true],
    ['one alone at 0, as seen on an NLB', w({ a: 0 }), w({ a: 1 }), true],
    ['one alone, but another one', w({ a: 1 }), w({ b: 1 }), false],
    ['one alone and one beside it at 0: that one is health-checked', w({ a: 100 }), w({ a: 100, b: 0 }), false],
    ['another target group in its place', w({ a: 90, c: 10 }), w({ a: 90, b: 10 }), false],
  ])('%s', (_sentence, one, other, same) => {
    expect(sameWeights(one, other)).toBe(same);
    expect(sameWeights(other, one)).toBe(same);
  });

  it('sorts by ARN without touching what it was given', () => {
    const given = w({ b: 1, a: 2 });
    expect(sortWeights(given).map((one) => one.targetGroupArn)).toEqual(['a', 'b']);
    expect(given.map((one) => one.targetGroupArn)).toEqual(['b', 'a']);
  });
});

describe('the share of a target group', () => {
  it.each([
    ['is in tenths of a percent', w({ a: 1, b: 3 }), 'a', 250],
    ['is 0 when it is not in the action', w({ a: 1, b: 3 }), 'c', 0],
    ['is everything when it is alone, even at weight 0', w({ a: 0 }), 'a', 1000],
    ['is 0 when all are 0', w({ a: 0, b: 0 }), 'a', 0],
  ])('%s', (_sentence, weights, arn, share) => {
    expect(shareOf(weights, arn)).toBe(share);
  });

  it.each([
    ['a higher weight is no raise when the share stays', w({ a: 90, b: 10 }), w({ a: 900, b: 100 }), 'b', false],
    ['a lower weight is a raise when the others fall more', w({ a: 900, b: 100 }), w({ a: 50, b: 50 }), 'b', true],
    ['a thousandth is a raise', w({ a: 999, b: 0 }), w({ a: 998, b: 1 }), 'b', true],
    ['joining at 0 is no raise', w({ a: 100 }), w({ a: 100, b: 0 }), 'b', false],
    ['becoming the only one is', w({ a: 50, b: 50 }), w({ b: 1 }), 'b', true],
  ])('%s', (_sentence, before, after, arn, raised) => {
    expect(raisesShare(before, after, arn)).toBe(raised);
  });
});

describe('weights that must never be written', () => {
  it.each([
    ['none at all', w({}), 'at least one'],
    ['six', w({ a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 }), 'at most 5'],
    ['1000', w({ a: 1000, b: 0 }), '0 to 999'],
    ['a fraction', w({ a: 0.5, b: 1 }), 'integer'],
    ['below 0', w({ a: -1, b: 1 }), '0 to 999'],
    ['not a number', w({ a: Number.NaN, b: 1 }), 'integer'],
    ['all at 0', w({ a: 0, b: 0 }), 'all weights are 0'],
    ['the same twice', [...w({ a: 1 }), ...w({ a: 2 })], 'twice'],
  ])('%s', (_sentence, weights, why) => {
    expect(unsafeWeights(weights)).toContain(why);
  });

  it('lets through what AWS takes', () => {
    expect(unsafeWeights(w({ a: 999, b: 0, c: 1, d: 500, e: 0 }))).toBeNull();
  });
});
