import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasTooMany, shareOfFree } from './share.js';

const spread = (owned: Record<string, number>, free = 0) => ({ owned, free, nextEndInMs: null });
const names = ['a', 'b', 'c', 'd', 'e'];
const anySpread = fc
  .tuple(fc.array(fc.nat(8), { minLength: 1, maxLength: 5 }), fc.nat(20))
  .map(([counts, free]) => spread(Object.fromEntries(counts.map((count, i) => [names[i]!, count])), free));

describe('a share of the free gateways', () => {
  it('is all of them for who lives alone', () => expect(shareOfFree('a', spread({ a: 3 }, 7))).toBe(7));

  it('goes to who has none first', () => {
    expect(shareOfFree('new', spread({ old: 4, new: 0 }, 3))).toBe(3);
    expect(shareOfFree('old', spread({ old: 4, new: 0 }, 3))).toBe(0);
  });

  it('is that of a replica which nobody knows of yet, too', () => expect(shareOfFree('me', spread({}, 2))).toBe(2));

  it('adds up to what is free, and leaves nobody below who took some by more than one', () => {
    fc.assert(
      fc.property(anySpread, (all) => {
        const shares = Object.keys(all.owned).map((name) => [name, shareOfFree(name, all)] as const);
        expect(shares.reduce((sum, [, share]) => sum + share, 0)).toBe(all.free);
        const after = Object.fromEntries(shares.map(([name, share]) => [name, all.owned[name]! + share]));
        const least = Math.min(...Object.values(after));
        for (const [name, share] of shares) if (share > 0) expect(after[name]! - least).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('one too many', () => {
  it.each([
    [{ a: 2, b: 1 }, false],
    [{ a: 2, b: 0 }, true],
    [{ a: 5 }, false],
    [{ a: 0, b: 7 }, false],
    [{ a: 3, b: 3, c: 1 }, true],
  ])('of %j: %s', (owned, expected) => expect(hasTooMany('a', spread(owned))).toBe(expected));

  it('is never taken back by who handed it over', () => {
    fc.assert(
      fc.property(anySpread, (all) => {
        if (!hasTooMany('a', all)) return;
        const after = spread({ ...all.owned, a: all.owned['a']! - 1 }, 1);
        expect(shareOfFree('a', after)).toBe(0);
      }),
    );
  });
});
