import { describe, expect, it } from '@jest/globals';
import type { Run } from '../facts/types.js';
import { noon } from '../testing/builders.js';
import type { Weights } from '../weights/types.js';
import { goneSince, zeroSince } from './zero-since.js';

const red = (weight: number): Weights => [
  { targetGroupArn: 'black', weight: 100 },
  { targetGroupArn: 'red', weight },
];
const seen = (from: number, to: number, mark: Weights | null, joined = true): Run<Weights> => ({
  from: noon + from,
  to: noon + to,
  mark,
  joined,
});
const watched = (...runs: Run<Weights>[]) => ({ periodMs: 30_000, runs });

describe('a target group at weight 0', () => {
  it('is there since our write, though nobody has looked since', () => {
    expect(zeroSince({ writtenAt: noon, watched: null }, 'red', noon + 9e9)).toBe(noon);
    expect(zeroSince({ writtenAt: noon, watched: watched(seen(-50, -1, red(50))) }, 'red', noon + 9e9)).toBe(noon);
  });

  it('is there since it was seen there, when somebody raised it after our write', () => {
    const looks = watched(seen(-10, 0, red(0)), seen(100, 200, red(5)), seen(300, 900, red(0)));
    expect(zeroSince({ writtenAt: noon, watched: looks }, 'red', noon + 1000)).toBe(noon + 300);
  });

  it('is there since the first of the looks that saw it so without a gap, when we never wrote it', () => {
    const since = (...runs: Run<Weights>[]) =>
      zeroSince({ writtenAt: null, watched: watched(...runs) }, 'red', noon + 900);
    expect(since(seen(0, 100, red(0)), seen(200, 900, [{ targetGroupArn: 'black', weight: 1 }]))).toBe(noon);
    expect(since(seen(0, 100, red(0)), seen(200, 300, null), seen(400, 900, red(0)))).toBe(noon + 400);
    expect(since(seen(0, 100, red(0)), seen(400, 900, red(0), false))).toBe(noon + 400);
  });

  it('is there since nobody knows when: never seen, not seen lately, or last seen with weight', () => {
    expect(zeroSince({ writtenAt: null, watched: null }, 'red', noon)).toBeNull();
    expect(zeroSince({ writtenAt: null, watched: watched(seen(0, 900, red(0))) }, 'red', noon + 60_901)).toBeNull();
    expect(zeroSince({ writtenAt: null, watched: watched(seen(0, 900, red(1))) }, 'red', noon + 900)).toBeNull();
  });
});

describe('an action that is gone', () => {
  it('sends nothing since it was last seen, found missing or removed by us, whichever is last', () => {
    expect(goneSince(watched(seen(0, 100, red(100))), [])).toBe(noon + 100);
    expect(goneSince(watched(seen(0, 100, red(100)), seen(130, 900, null)), [])).toBe(noon + 130);
    expect(goneSince(watched(seen(0, 100, red(100))), [noon + 500])).toBe(noon + 500);
  });

  it('was never seen: nobody knows', () => {
    expect(goneSince(null, [])).toBeNull();
    expect(goneSince(watched(), [])).toBeNull();
  });
});
