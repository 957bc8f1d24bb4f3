import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  anObservation,
  aRollout,
  black,
  noon,
  red,
  redBlack,
  watchedSince,
  type RolloutDraft,
} from '../testing/builders.js';
import { heldOnRoute, requiredHoldMs } from './hold.js';
import type { Observation } from './types.js';

function heldMs(change: RolloutDraft, now: number, watch?: Observation['watch']): number {
  const rollout = aRollout(change);
  const seen = anObservation(rollout, now, watch ? { watch } : {});
  return heldOnRoute(rollout, seen, rollout.plan.routes[0]!, now);
}
const later = noon + 4_000;

describe('the hold a route has served', () => {
  it.each<[string, RolloutDraft, number]>([
    ['is the time since it was verified', {}, 4_000],
    ['adds to what was served before a pause', { heldMs: 1_500 }, 5_500],
    ['begins to count again when a pause ends', { heldMs: 1_500, holdFrom: noon + 3_000 }, 2_500],
    ['is nothing while its write is outstanding', { verifiedAt: null, heldMs: 700 }, 0],
    ['stays as it is while paused', { state: 'Paused', heldMs: 700 }, 700],
    ['stays as it is while blocked', { state: 'Blocked', heldMs: 700, holdFrom: null }, 700],
  ])('%s', (_sentence, change, ms) => {
    expect(heldMs(change, later)).toBe(ms);
  });

  it('is nothing of another step than the present one', () => {
    const rollout = aRollout();
    const behind = { ...rollout, routes: rollout.routes.map((route) => ({ ...route, stepIndex: 0 })) };
    expect(heldOnRoute(behind, anObservation(rollout, later), rollout.plan.routes[0]!, later)).toBe(0);
  });

  it('counts nothing that nobody watched, in its action or in the health of a group with a share', () => {
    const whole = watchedSince(aRollout(), noon, later);
    const blindTo = (arn: string) => ({ ...whole, health: { ...whole.health, [arn]: { periodMs: 1_000, runs: [] } } });
    expect(heldMs({}, later, blindTo(red))).toBe(0);
    expect(heldMs({}, later, blindTo(black))).toBe(0);
    expect(heldMs({}, later, { ...whole, actions: {} })).toBe(0);
  });

  it('asks no health of a group without a share', () => {
    const rollout: RolloutDraft = { expected: { shop: redBlack(100, 0) } };
    const whole = watchedSince(aRollout(rollout), noon, later);
    expect(heldMs(rollout, later, { ...whole, health: { [red]: whole.health[red]! } })).toBe(4_000);
  });

  it('counts nothing in which the group had too few healthy targets, or the weights were others', () => {
    const whole = watchedSince(aRollout(), noon, later);
    const seenAs = <M>(mark: M) => ({ periodMs: 500, runs: [{ from: noon, to: later, joined: false, mark }] });
    expect(heldMs({}, later, { ...whole, health: { ...whole.health, [black]: seenAs(0) } })).toBe(0);
    expect(heldMs({}, later, { ...whole, actions: { shop: seenAs(redBlack(50, 50)) } })).toBe(0);
  });

  it('counts through ill health that a named person forced, but not through blindness', () => {
    const forced: RolloutDraft = { forced: { by: 'ana', reason: 'drill' } };
    const whole = watchedSince(aRollout(), noon, later);
    const ill = { periodMs: 500, runs: [{ from: noon, to: later, joined: false, mark: 0 }] };
    expect(heldMs(forced, later, { ...whole, health: { ...whole.health, [black]: ill } })).toBe(4_000);
    expect(heldMs(forced, later, { ...whole, health: { [red]: whole.health[red]! } })).toBe(0);
  });

  it('loses the length of a gap and nothing of what was served before it', () => {
    const whole = watchedSince(aRollout(), noon, noon + 10_000);
    const gap = (from: number, to: number) => ({
      periodMs: 100,
      runs: [
        { from: noon, to: from, joined: false, mark: 2 },
        { from: to, to: noon + 10_000, joined: false, mark: 2 },
      ],
    });
    const watch = { ...whole, health: { ...whole.health, [black]: gap(noon + 3_000, noon + 8_000) } };
    expect(heldMs({}, noon + 10_000, watch)).toBe(5_000);
  });

  it('never is more than has passed since it was verified', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5_000, max: 50_000 }), fc.integer({ min: 0, max: 50_000 }), (from, elapsed) => {
        const watch = watchedSince(aRollout(), noon + from, noon + elapsed);
        expect(heldMs({}, noon + elapsed, watch)).toBeLessThanOrEqual(elapsed);
      }),
    );
  });
});

describe('the hold a step needs', () => {
  it.each([
    ['is its own', {}, 5_000],
    ['is the settle time once somebody advances', { advanceRequestedBy: 'ana' }, 2_000],
    ['is nothing before the first step', { stepIndex: -1 }, 0],
  ] as const)('%s', (_sentence, change, ms) => {
    expect(requiredHoldMs(aRollout(change))).toBe(ms);
  });
});
