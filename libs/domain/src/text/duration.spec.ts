import { describe, it, expect } from '@jest/globals';
import { counted, durationText, listed } from './duration.js';
import { instantText } from './instant-text.js';

describe('words for an operator', () => {
  it.each([
    [0, '0 milliseconds'],
    [1, '1 millisecond'],
    [999, '999 milliseconds'],
    [1_000, '1 second'],
    [1_001, '2 seconds'],
    [90_000, '1 minute 30 seconds'],
    [3_600_000, '1 hour'],
    [90_061_000, '1 day 1 hour'],
    [-5, '0 milliseconds'],
  ])('%d ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it('counts and lists', () => {
    expect([
      counted(1, 'target'),
      counted(0, 'target'),
      listed([]),
      listed(['a']),
      listed(['a', 'b']),
      listed(['a', 'b', 'c']),
    ]).toEqual(['1 target', '0 targets', '', 'a', 'a and b', 'a, b and c']);
  });

  it('writes an instant that no calendar has as the number it is', () => {
    expect([instantText(0), instantText(8.64e15 + 1), instantText(Number.NaN)]).toEqual([
      '1970-01-01T00:00:00.000Z',
      '8640000000000001',
      'NaN',
    ]);
  });
});
