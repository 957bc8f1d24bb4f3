import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timeTicks } from './time-ticks.js';

describe('the marks of a time axis', () => {
  it('are round, within it, and never too many', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 1_000, max: 86_400_000 * 300 }),
        fc.integer({ min: 2, max: 12 }),
        (fromMs, spanMs, most) => {
          const { atMs, spacingMs } = timeTicks(fromMs, fromMs + spanMs, most);
          expect(atMs.length).toBeLessThanOrEqual(most + 1);
          expect(atMs.every((at) => at >= fromMs && at <= fromMs + spanMs)).toBe(true);
          expect(atMs.slice(1).every((at, index) => at - (atMs[index] ?? 0) === spacingMs)).toBe(true);
          expect(spacingMs % 1_000).toBe(0);
        },
      ),
    );
  });

  it('stand on full minutes of the clock when a quarter of an hour is shown', () => {
    const from = Date.parse('2026-11-23T14:00:30Z');
    const { atMs, spacingMs } = timeTicks(from, from + 900_000, 8);
    expect(spacingMs).toBe(120_000);
    expect(atMs.every((at) => at % 60_000 === 0)).toBe(true);
  });
});
