import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { black, red, stranger } from '../testing/builders.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { resolve } from './resolve.js';
import { sameSplit } from './same-split.js';
import type { Goal, GoalRoute } from './types.js';

const weight = fc.oneof(fc.constantFrom(0, 0, 1, 2, 100), fc.nat(999));
const arns = [red, black, stranger, 'tg-white', 'tg-fifth', 'tg-sixth'];
const anyWeights: fc.Arbitrary<Weights> = fc
  .array(fc.tuple(fc.constantFrom(...arns), weight), { maxLength: 5 })
  .map((list) => [...new Map(list)].map(([targetGroupArn, one]) => ({ targetGroupArn, weight: one })));
const anyRoute: fc.Arbitrary<GoalRoute> = fc
  .tuple(fc.subarray([red, black, 'tg-white']), fc.subarray([stranger, 'tg-fifth']))
  .map(([ours, pins]) => ({
    backends: ours.map((targetGroupArn, i) => ({ name: `b${i}`, clusterId: `c${i % 2}`, targetGroupArn })),
    pinned: pins,
  }));
const permilles = (count: number): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.nat(1000), { minLength: Math.max(0, count - 1), maxLength: Math.max(0, count - 1) }).map((cuts) => {
    const points = [0, ...[...cuts].sort((a, b) => a - b), 1000];
    return points.slice(1).map((point, i) => point - (points[i] ?? 0));
  });
const goalFor = (on: GoalRoute): fc.Arbitrary<Goal> =>
  fc.oneof(
    permilles(on.backends.length).map((list): Goal => ({
      kind: 'shares',
      shares: Object.fromEntries(on.backends.map((one, i) => [one.name, list[i] ?? 0])),
    })),
    anyWeights.map((weights): Goal => ({ kind: 'weights', weights })),
    anyWeights.map((baseline): Goal => ({ kind: 'baseline', baseline })),
    fc.subarray(arns).map((targetGroupArns): Goal => ({ kind: 'attach', targetGroupArns })),
    fc.subarray(arns).map((targetGroupArns): Goal => ({ kind: 'detach', targetGroupArns })),
  );
const anyCase = anyRoute.chain((on) =>
  fc.record({
    on: fc.constant(on),
    goal: goalFor(on),
    live: anyWeights,
    mask: fc.subarray(['c0', 'c1'], { maxLength: 2 }).map((ids) => new Set(ids)),
  }),
);

describe('for any goal, live weights and mask', () => {
  it('resolves to what AWS takes, and resolving again over that changes nothing', () => {
    fc.assert(
      fc.property(anyCase, ({ on, goal, live, mask }) => {
        const first = resolve(goal, live, on, mask);
        fc.pre(first.ok);
        if (!first.ok) return;
        expect(unsafeWeights(first.weights)).toBeNull();
        const again = resolve(goal, first.weights, on, mask);
        expect(again).toMatchObject({ ok: true });
        if (again.ok) expect(sameSplit(first.weights, again.weights)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});
