import { describe, it, expect } from '@jest/globals';
import { anObservation, noon, redBlack } from '../testing/builders.js';
import { held } from '../testing/deciding.js';
import { threeRoutes, withRoutes } from '../testing/three-routes.js';
import { decide } from './decide.js';
import { expectedOf, progressOf, verifiedAt } from './progress.js';

describe('how far a rollout has come', () => {
  it('is verified when the last of its routes is', () => {
    expect(verifiedAt(withRoutes(threeRoutes(), { cart: { verifiedAt: noon + 300 } }))).toBe(noon + 300);
  });

  it.each([
    ['one of its routes has a write outstanding', { cart: { verifiedAt: null } }],
    ['one of its routes is verified in the step before only', { mail: { stepIndex: 0 } }],
  ])('is not verified while %s', (_sentence, changes) => {
    expect(verifiedAt(withRoutes(threeRoutes(), changes))).toBeNull();
  });

  it('is not verified before the first step', () => {
    expect(verifiedAt(threeRoutes({ stepIndex: -1, verifiedAt: noon }))).toBeNull();
  });

  it('begins the next step only when the route that was verified last has served its hold', () => {
    const late = withRoutes(threeRoutes(), { cart: { verifiedAt: noon + 3_000 } });
    const ask = (now: number) => decide(late, anObservation(late, now), now);
    expect(ask(held)).toMatchObject({ kind: 'hold', reason: 'StepIsHolding', wakeAt: noon + 8_000 });
    expect(ask(noon + 7_999)).toMatchObject({ kind: 'hold' });
    expect(ask(noon + 8_000)).toMatchObject({ kind: 'shift', stepIndex: 2 });
  });

  it('begins no next step while a route is not written, however long the others are held', () => {
    const missing = withRoutes(threeRoutes({ heldMs: 3_600_000 }), {
      cart: { stepIndex: 0, verifiedAt: noon, expected: redBlack(100, 0) },
    });
    expect(decide(missing, anObservation(missing, held), held)).toMatchObject({
      kind: 'shift',
      stepIndex: 1,
      changes: [{ routeId: 'cart' }],
    });
  });

  it('expects the baseline on a route that it knows nothing of', () => {
    const rollout = { ...threeRoutes(), routes: [] };
    expect(progressOf(rollout, 'shop')).toBeUndefined();
    expect(expectedOf(rollout, rollout.plan.routes[0]!)).toEqual(redBlack(100, 0));
  });
});
