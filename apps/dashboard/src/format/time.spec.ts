import { describe, expect, it } from '@jest/globals';
import { countdownText, durationText } from './time.js';

describe('times in words', () => {
  it.each([
    [0, '0:00'],
    [1, '0:01'],
    [8_000, '0:08'],
    [760_000, '12:40'],
    [11_100_000, '3:05:00'],
    [2 * 86_400_000 + 61_000, '2 d 0:01:01'],
  ])('counts %d ms down as %s', (ms, text) => expect(countdownText(ms)).toBe(text));

  it.each([
    [0, '0 s'],
    [400, '400 ms'],
    [8_000, '8 s'],
    [5_400_000, '1 h 30 min'],
    [90_061_000, '1 d 1 h'],
  ])('says %d ms as %s', (ms, text) => expect(durationText(ms)).toBe(text));
});
