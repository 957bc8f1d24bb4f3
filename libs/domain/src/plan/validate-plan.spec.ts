import { describe, it, expect } from '@jest/globals';
import { aRoute, aSpec } from '../testing/builders.js';
import type { ExplicitStep, PlanSpec } from './types.js';
import { toPermille, validatePlan } from './validate-plan.js';

const explicit = (...steps: Partial<ExplicitStep>[]): PlanSpec['steps'] => ({
  kind: 'explicit',
  steps: steps.map((step) => ({ shares: { red: 0, black: 100 }, holdMs: 1_000, ...step })),
});
const linear = (change: object): PlanSpec['steps'] => ({
  kind: 'linear',
  to: { black: 100 },
  count: 4,
  holdMs: 1_000,
  ...change,
});

describe('a plan', () => {
  it('is in order when everything in it is', () => {
    expect(validatePlan(aSpec(), [aRoute()])).toEqual([]);
    expect(validatePlan(aSpec({ steps: linear({}) }), [aRoute()])).toEqual([]);
    expect(validatePlan(aSpec({ steps: explicit({ shares: { red: 33.3, black: 66.7 } }) }))).toEqual([]);
  });

  it.each<[string, Partial<PlanSpec>, string, RegExp]>([
    [
      'shares that sum to 99.9',
      { steps: explicit({ shares: { red: 49.9, black: 50 } }) },
      'steps.steps.0.shares',
      /sums to 99.9/,
    ],
    ['no shares', { steps: explicit({ shares: {} }) }, 'steps.steps.0.shares', /sums to 0/],
    [
      'two decimals',
      { steps: explicit({ shares: { red: 0.05, black: 99.95 } }) },
      'steps.steps.0.shares.red',
      /one decimal/,
    ],
    [
      'more than 100',
      { steps: explicit({ shares: { red: 150, black: -50 } }) },
      'steps.steps.0.shares.black',
      /0 to 100/,
    ],
    ['not a number', { steps: explicit({ shares: { red: Number.NaN } }) }, 'steps.steps.0.shares.red', /percentage/],
    ['a hold below 0', { steps: explicit({ holdMs: -1 }) }, 'steps.steps.0.holdMs', /0 to 2592000000 milliseconds/],
    ['a hold beyond 30 days', { steps: explicit({ holdMs: 2_592_000_001 }) }, 'steps.steps.0.holdMs', /is 2592000001/],
    ['half a millisecond', { steps: explicit({ holdMs: 0.5 }) }, 'steps.steps.0.holdMs', /whole number/],
    ['no steps', { steps: explicit() }, 'steps.steps', /1 to 100/],
    ['101 steps', { steps: explicit(...Array.from({ length: 101 }, () => ({}))) }, 'steps.steps', /has 101/],
    ['101 linear steps', { steps: linear({ count: 101 }) }, 'steps.count', /1 to 100/],
    ['a linear end that is no whole', { steps: linear({ to: { black: 90 } }) }, 'steps.to', /sums to 90/],
    ['a blank name', { steps: explicit({ name: ' ' }) }, 'steps.steps.0.name', /blank/],
    [
      'a step that needs nobody healthy',
      { steps: explicit({ minHealthyTargets: 0 }) },
      'steps.steps.0.minHealthyTargets',
      /1 to 1000/,
    ],
    ['a plan that needs nobody healthy', { minHealthyTargets: 0 }, 'minHealthyTargets', /1 to 1000/],
    ['facts that are never fresh enough', { maxFactAgeMs: 0 }, 'maxFactAgeMs', /100/],
    [
      'a backend that the route lacks',
      { steps: explicit({ shares: { blue: 100 } }) },
      'steps.steps.0.shares.blue',
      /route shop has no backend blue; it has red, black/,
    ],
    [
      'a backend named like an inherited property',
      { steps: explicit({ shares: { constructor: 100 } }) },
      'steps.steps.0.shares.constructor',
      /no backend constructor/,
    ],
    ['no route', { routes: { kind: 'ids', ids: [] } }, 'routes.ids', /at least one/],
    ['a route twice', { routes: { kind: 'ids', ids: ['a', 'a'] } }, 'routes.ids.1', /twice/],
    [
      'labels that select everything',
      { routes: { kind: 'labels', labels: {} } },
      'routes.labels',
      /at least one label/,
    ],
  ])('is refused for %s', (_sentence, change, field, message) => {
    const issues = validatePlan(aSpec(change), [aRoute()]);
    expect(issues).toContainEqual({ field, message: expect.stringMatching(message) });
  });

  it('answers every problem at once', () => {
    const issues = validatePlan(
      aSpec({ steps: explicit({ holdMs: -1, name: '' }, { shares: { red: 1 } }), settleMs: -1, bakeMs: -1 }),
    );
    expect(issues.map((issue) => issue.field)).toEqual([
      'steps.steps.0.name',
      'steps.steps.0.holdMs',
      'steps.steps.1.shares',
      'settleMs',
      'bakeMs',
    ]);
  });

  it('takes every tenth of a percent for what was meant, however the machine writes it', () => {
    for (let permille = 0; permille <= 1000; permille++) expect(toPermille(permille / 10)).toBe(permille);
    expect(toPermille(0.1 + 0.2)).toBe(3);
  });
});
