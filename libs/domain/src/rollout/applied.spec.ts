import { describe, it, expect } from '@jest/globals';
import { aPlan, aRollout, aRoute, noon, redBlack } from '../testing/builders.js';
import { threeRoutes } from '../testing/three-routes.js';
import { applied } from './applied.js';
import { nothing } from './change.js';

describe('a rollout after a change', () => {
  it('is the same but for its version when nothing changes', () => {
    const rollout = threeRoutes();
    expect(applied(rollout, nothing)).toEqual({ ...rollout, version: rollout.version + 1 });
  });

  it('has what the change says, and keeps what it leaves out', () => {
    const rollout = threeRoutes({ advanceRequestedBy: 'ana' });
    const next = applied(rollout, {
      ...nothing,
      rollout: { state: 'Paused', pausedFrom: 'Running', holdFrom: null, reason: 'PausedByOperator', message: 'm' },
      routes: [{ routeId: 'cart', heldMs: 1_200, write: null }],
    });
    expect(next).toMatchObject({ state: 'Paused', pausedFrom: 'Running', holdFrom: null, advanceRequestedBy: 'ana' });
    expect(next.routes).toEqual(
      rollout.routes.map((route) => ({ ...route, heldMs: route.routeId === 'cart' ? 1_200 : 0 })),
    );
    expect(Object.keys(next).sort()).toEqual(Object.keys(rollout).sort());
  });

  it('has the baseline that a person adopted on the way back, on that route only', () => {
    const next = applied(threeRoutes(), { ...nothing, routes: [{ routeId: 'cart', baseline: redBlack(70, 30) }] });
    expect(next.plan.routes.map((route) => route.baseline)).toEqual([
      redBlack(100, 0),
      redBlack(70, 30),
      redBlack(100, 0),
    ]);
  });

  it('has the routes of the plan that was compiled at the start', () => {
    const plan = aPlan({}, [aRoute({ id: 'new', name: 'new', baseline: redBlack(70, 30) })]);
    const next = applied(aRollout({ state: 'Scheduled' }), {
      ...nothing,
      plan,
      routes: [{ routeId: 'new', stepIndex: -1, expected: redBlack(70, 30), verifiedAt: noon, heldMs: 0 }],
    });
    expect(next.plan).toEqual(plan);
    expect(next.routes.map((route) => route.routeId)).toEqual(['new']);
  });
});
