import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { InvalidInput } from '../errors.js';
import { shareOf, sumOf } from './equal.js';
import { weightsFromShares, type PinnedShare, type ShareOfOurs } from './from-shares.js';
import { unsafeWeights } from './validate.js';

const parts = (...permilles: number[]): ShareOfOurs[] =>
  permilles.map((permille, i) => ({ targetGroupArn: `tg-${i}`, permille }));
const pins = (...permilles: number[]): PinnedShare[] =>
  permilles.map((sharePermille, i) => ({ targetGroupArn: `x-${i}`, sharePermille }));
const numbers = (...args: Parameters<typeof weightsFromShares>) => weightsFromShares(...args).map((one) => one.weight);

describe('weights from shares', () => {
  it.each([
    ['whole percents stay percents', parts(900, 100), [], [90, 10]],
    ['everything on one of two is 100 and 0', parts(1000, 0), [], [100, 0]],
    ['nothing on the first is 0 and 100', parts(0, 1000), [], [0, 100]],
    ['one target group alone is 100', parts(1000), [], [100]],
    ['a tenth of a percent needs the sum 1000', parts(999, 1), [], [999, 1]],
    ['three thirds as far as a person can write them', parts(333, 333, 334), [], [333, 333, 334]],
    ['five backends', parts(200, 200, 200, 200, 200), [], [20, 20, 20, 20, 20]],
    ['ours split what a pinned one leaves', parts(500, 500), pins(100), [45, 45, 10]],
    ['a pinned third stays exactly a third', parts(500, 500), pins(1000 / 3), [1, 1, 1]],
    ['a pinned one at 0 stays at 0', parts(900, 100), pins(0), [90, 10, 0]],
    ['a pinned share that no integers can say is as near as 999 allows', parts(1000, 0), pins(0.4), [998, 0, 1]],
  ])('%s', (_sentence, ours, pinned, expected) => {
    expect(numbers(ours, pinned)).toEqual(expected);
  });

  it('answers sorted by ARN, whatever order it was asked in', () => {
    const ours = [
      { targetGroupArn: 'b', permille: 100 },
      { targetGroupArn: 'a', permille: 900 },
    ];
    expect(weightsFromShares(ours)).toEqual([
      { targetGroupArn: 'a', weight: 90 },
      { targetGroupArn: 'b', weight: 10 },
    ]);
  });

  it.each([
    ['shares that sum to 999', parts(999), [], 'parts'],
    ['no shares at all', [], [], 'parts'],
    ['half a tenth of a percent', parts(999.5, 0.5), [], 'parts.0.permille'],
    ['a share below 0', parts(1100, -100), [], 'parts.1.permille'],
    ['not a number', parts(Number.NaN, 1000), [], 'parts.0.permille'],
    ['a pinned share that is not a number', parts(1000), pins(Number.NaN), 'pinned.0.sharePermille'],
    ['pinned ones that leave nothing', parts(1000), pins(600, 400), 'pinned'],
    ['six target groups, pinned ones counted', parts(250, 250, 250, 250), pins(10, 10), 'parts'],
    ['a target group twice', [...parts(500), { targetGroupArn: 'tg-0', permille: 500 }], [], 'parts.1.targetGroupArn'],
    [
      'a target group that is ours and pinned',
      parts(1000),
      [{ targetGroupArn: 'tg-0', sharePermille: 10 }],
      'pinned.0.targetGroupArn',
    ],
    ['a target group without an ARN', [{ targetGroupArn: '', permille: 1000 }], [], 'parts.0.targetGroupArn'],
  ])('refuses %s and names the field', (_sentence, ours, pinned, field) => {
    expect(() => weightsFromShares(ours, pinned)).toThrow(InvalidInput);
    try {
      weightsFromShares(ours, pinned);
    } catch (error) {
      expect((error as InvalidInput).issues.map((issue) => issue.field)).toContain(field);
    }
  });
});

/** Integers that sum to 1000, some of them 0. */
const permilles = fc.array(fc.nat(1000), { minLength: 0, maxLength: 4 }).map((cuts) => {
  const points = [0, ...[...cuts].sort((a, b) => a - b), 1000];
  return points.slice(1).map((point, i) => point - (points[i] ?? 0));
});

describe('for any shares', () => {
  it('writes what AWS takes, and exactly what was asked', () => {
    fc.assert(
      fc.property(permilles, (shares) => {
        const weights = weightsFromShares(parts(...shares));
        expect(unsafeWeights(weights)).toBeNull();
        for (const [i, share] of shares.entries()) expect(shareOf(weights, `tg-${i}`)).toBeCloseTo(share, 9);
      }),
    );
  });

  it('keeps 0 at 0 and more than 0 above 0, and is never further off than its grain', () => {
    const pinned = fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 2 });
    fc.assert(
      fc.property(
        permilles.filter((shares) => shares.length <= 3),
        pinned,
        (shares, pinnedShares) => {
          const left = 1000 - pinnedShares.reduce((total, one) => total + one, 0);
          const weights = weightsFromShares(parts(...shares), pins(...pinnedShares));
          expect(unsafeWeights(weights)).toBeNull();
          const wanted = [
            ...shares.map((share, i) => [`tg-${i}`, (share * left) / 1000] as const),
            ...pinnedShares.map((share, i) => [`x-${i}`, share] as const),
          ];
          for (const [arn, share] of wanted) {
            expect(shareOf(weights, arn) > 0 || wanted.length === 1).toBe(share > 0);
            // At most one unit of rounding, and up to four more taken from the largest to keep small shares above 0.
            expect(Math.abs(shareOf(weights, arn) - share)).toBeLessThanOrEqual(5_000 / sumOf(weights) + 1e-6);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
