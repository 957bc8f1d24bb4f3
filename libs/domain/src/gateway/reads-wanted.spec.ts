import { describe, it, expect } from '@jest/globals';
import { periodMs } from './period.js';
import { periodsOf, readsWanted, type ToWatch } from './reads-wanted.js';

function watch(counts: { rules?: number; listeners?: number; raised?: number; donors?: number }): ToWatch {
  const routes = (count = 0, isDefault: boolean) =>
    Array.from({ length: count }, () => ({ accountId: 'a', isDefault }));
  const groups = (count = 0, as: 'raised' | 'donor') => Array.from({ length: count }, () => ({ as }));
  return {
    routes: [...routes(counts.rules, false), ...routes(counts.listeners, true)],
    health: [...groups(counts.raised, 'raised'), ...groups(counts.donors, 'donor')],
  };
}

describe('how many reads a round of looks takes', () => {
  it.each([
    ['twenty rules are one request, and a tenth of three for their tags', { rules: 20 }, 1.3],
    ['one more rule is one more request', { rules: 21 }, 2.4],
    ['listeners are asked apart from rules', { rules: 1, listeners: 1 }, 2.1],
    ['a target group that is raised is asked every round', { raised: 7 }, 7],
    ['one that only gives is asked every third', { donors: 6 }, 2],
    ['the job to have in mind', { rules: 100, raised: 100, donors: 100 }, 5 + 100 + 100 / 3 + 1.5],
  ])('%s', (_sentence, counts, reads) => {
    expect(readsWanted(watch(counts))).toBeCloseTo(reads);
  });

  it('each account record is asked apart', () => {
    const routes = ['a', 'b'].map((accountId) => ({ accountId, isDefault: false }));
    expect(readsWanted({ routes, health: [] })).toBeCloseTo(2.1);
  });
});

describe('how often something is looked at', () => {
  it('never sooner than AWS itself looks, nor sooner than six tenths of the budget give', () => {
    expect(periodMs({ healthCheckIntervalMs: 30_000, readsWanted: 6, readsPerSecond: 5 })).toBe(30_000);
    expect(periodMs({ healthCheckIntervalMs: 30_000, readsWanted: 300, readsPerSecond: 5 })).toBe(100_000);
  });

  it('a donor every third round, owners every few minutes', () => {
    expect(periodsOf(watch({ raised: 10 }), 5, 30_000)).toEqual({ usualMs: 30_000, donorMs: 90_000, ownerMs: 300_000 });
    expect(periodsOf(watch({ raised: 300 }), 5, 30_000).ownerMs).toBe(1_000_000);
  });

  it('all rounds together take six tenths of the budget at the most', () => {
    const counts = { rules: 5_000, listeners: 30, raised: 40, donors: 90 };
    const { usualMs, donorMs, ownerMs } = periodsOf(watch(counts), 5, 1_000);
    const perSecond = (250 + 2 + 40) / usualMs + 90 / donorMs + 755 / ownerMs;
    expect(perSecond * 1_000).toBeLessThanOrEqual(0.6 * 5);
  });
});
