import { describe, expect, it } from '@jest/globals';
import { rollout } from '../testing/rollout.js';
import { permilleOf, shownOf } from './backends.js';

const route = rollout().plan.routes[0]!;
const named = (names: readonly [string, string][]) => ({
  ...route,
  backends: route.backends.map((backend, index) => ({
    ...backend,
    name: names[index]?.[0] ?? '',
    clusterName: names[index]?.[1] ?? '',
  })),
});
const coloursOf = (names: readonly [string, string][]) =>
  Object.fromEntries(shownOf(named(names)).map(({ name, colour }) => [name, colour]));

describe('how a backend is drawn', () => {
  it('has the colour that its name says', () => {
    expect(
      coloursOf([
        ['red', 'a'],
        ['black', 'b'],
      ]),
    ).toEqual({ red: 'var(--series-1)', black: 'var(--series-ink)' });
  });

  it('has the colour of its cluster where backends are named otherwise', () => {
    expect(
      coloursOf([
        ['shop', 'green-2026'],
        ['shop-old', 'blue-2025'],
      ]),
    ).toEqual({ shop: 'var(--series-3)', 'shop-old': 'var(--series-2)' });
  });

  it('has one of its own where two would share one', () => {
    expect(
      new Set(
        Object.values(
          coloursOf([
            ['green-a', 'x'],
            ['green-b', 'y'],
          ]),
        ),
      ).size,
    ).toBe(2);
  });

  it('has no share in an action without weight', () => {
    expect(permilleOf([{ targetGroupArn: 'a', weight: 0 }], 'a')).toBe(0);
  });
});
