import { describe, it, expect } from '@jest/globals';
import {
  aLiveRoute,
  anObservation,
  aPlan,
  aRollout,
  aRoute,
  aWrite,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  sick,
  stranger,
} from '../testing/builders.js';
import { held } from '../testing/deciding.js';
import { threeIds, threeRoutes, threeRoutesPlan, withRoutes } from '../testing/three-routes.js';
import type { Weights } from '../weights/types.js';
import { applied } from './applied.js';
import { decide } from './decide.js';
import { decided, decideVersion, settled, started } from './evolve.js';
import type { Observation, Rollout } from './types.js';

/** What the decision of this moment makes of a rollout. */
function changeOf(rollout: Rollout, seen: Partial<Observation> = {}, now = held) {
  const all = anObservation(rollout, now, seen);
  return decided(rollout, all, decide(rollout, all, now), now);
}
const at = (rollout: Rollout, lookAt: number, weights: Partial<Record<string, Weights>>) => ({
  routes: Object.fromEntries(
    rollout.routes.map((route) => [
      route.routeId,
      seenAt(lookAt, aLiveRoute(weights[route.routeId] ?? route.expected)),
    ]),
  ),
});
const ill = (lookAt: number) => ({
  health: { [red]: seenAt(lookAt, healthOf(red, 2)), [black]: seenAt(lookAt, sick(black, 3)) },
});

describe('a decision', () => {
  it('to shift makes its step the present one, unverified on each route that it writes, over the weights it saw', () => {
    expect(changeOf(threeRoutes({ advanceRequestedBy: 'ana' }))).toMatchObject({
      rollout: { stepIndex: 2, holdFrom: held, advanceRequestedBy: null, suspicion: null, reason: 'NextStep' },
      routes: threeIds.map((routeId) => ({ routeId, stepIndex: 2, verifiedAt: null, heldMs: 0 })),
      move: {
        purpose: 'step',
        stepIndex: 2,
        minHealthyTargets: 1,
        proposals: threeIds.map((routeId) => ({
          routeId,
          before: redBlack(90, 10),
          after: redBlack(50, 50),
          raisedClusterIds: ['c-green'],
        })),
      },
      ledger: { kind: 'shift', reason: 'NextStep', actor: 'engine:rollout', stepIndex: 2, decideVersion },
      supersede: null,
      claims: 'keep',
    });
  });

  it('to hold says why and when it is asked again, and leaves everything else', () => {
    const change = changeOf(threeRoutes(), {}, noon + 1_000);
    expect(change).toMatchObject({ rollout: { reason: 'StepIsHolding' }, routes: [], move: null, ledger: null });
    expect(change.rollout.state).toBeUndefined();
    expect(change.wakeAt).toBe(held);
  });

  it('to block keeps the hold that each route has served, and forgets who asked to advance', () => {
    const rollout = withRoutes(threeRoutes({ advanceRequestedBy: 'ana' }), {
      cart: { verifiedAt: noon + 3_000 },
      mail: { verifiedAt: null },
    });
    expect(changeOf(rollout, { writes: [aWrite({ routeId: 'mail', state: 'failed' })] })).toMatchObject({
      rollout: { state: 'Blocked', pausedFrom: 'Running', holdFrom: null, advanceRequestedBy: null },
      routes: [
        { routeId: 'shop', heldMs: 5_000 },
        { routeId: 'cart', heldMs: 2_000 },
      ],
      move: null,
      supersede: null,
      ledger: { kind: 'block', reason: 'WriteFailed' },
    });
  });

  it('to roll back sends every touched route home, over anything, and nothing older any more', () => {
    const rollout = threeRoutes({
      plan: threeRoutesPlan({ onHealthLost: 'rollback' }),
      suspicion: { reason: 'HealthLost', seenAt: noon },
    });
    expect(changeOf(rollout, ill(held))).toMatchObject({
      rollout: { state: 'RollingBack', pausedFrom: null, holdFrom: null, suspicion: null, reason: 'HealthLost' },
      move: {
        purpose: 'rollback',
        proposals: threeIds.map((routeId) => ({ routeId, before: null, after: redBlack(100, 0) })),
      },
      supersede: expect.stringContaining('The plan says to roll back'),
      claims: 'keep',
      ledger: { kind: 'rollback' },
    });
  });

  it('to finish lets the routes go, begins the bake and gives each the shares of the last step', () => {
    const change = changeOf(threeRoutes({ stepIndex: 3 }));
    expect(change).toMatchObject({
      rollout: { state: 'Succeeded', finishedAt: held, bakesUntil: held + 3_600_000, holdFrom: null },
      claims: 'release',
      ledger: { kind: 'finish', reason: 'Completed' },
    });
    expect(change.steady).toEqual(Object.fromEntries(threeIds.map((id) => [id, { red: 0, black: 1000 }])));
  });

  it('to finish a rollback gives each route its own former shares, of what is ours, whole', () => {
    const backends = ['red', 'black', 'white'].map((name, i) => ({
      ...aRoute().backends[0]!,
      id: name,
      name,
      targetGroupArn: [red, black, 'tg-white'][i]!,
    }));
    const thirds = [red, black, 'tg-white'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 }));
    const routes = [
      aRoute(),
      aRoute({ id: 'cart', name: 'cart', baseline: redBlack(60, 40) }),
      aRoute({ id: 'mail', name: 'mail', backends, baseline: thirds }),
      aRoute({
        id: 'pins',
        name: 'pins',
        pinned: [stranger],
        baseline: [...redBlack(45, 45), { targetGroupArn: stranger, weight: 10 }],
      }),
      aRoute({ id: 'dark', name: 'dark', backends: aRoute().backends.slice(0, 1), baseline: [] }),
    ];
    const rollout = aRollout({ state: 'RollingBack', plan: { ...aPlan(), routes } });
    const writes = routes.map((route) => aWrite({ routeId: route.id, purpose: 'rollback', state: 'applied' }));
    const change = changeOf(rollout, { writes });
    expect(change.rollout).toMatchObject({ state: 'RolledBack', bakesUntil: null });
    expect(change.steady).toEqual({
      shop: { red: 1000, black: 0 },
      cart: { red: 600, black: 400 },
      mail: { red: 334, black: 333, white: 333 },
      pins: { red: 500, black: 500 },
    });
  });
});

describe('a step that begins', () => {
  it('is verified at once where it changes nothing, and its hold begins', () => {
    const rollout = threeRoutes({ stepIndex: -1, holdFrom: noon });
    const change = changeOf(rollout, {}, noon);
    expect(change.move).toBeNull();
    expect(change.routes).toEqual(
      threeIds.map((routeId) => ({ routeId, stepIndex: 0, verifiedAt: noon, heldMs: 0, write: null })),
    );
    const next = applied(rollout, change);
    expect(decide(next, anObservation(next, noon + 4_999), noon + 4_999)).toMatchObject({ reason: 'StepIsHolding' });
    expect(decide(next, anObservation(next, held), held)).toMatchObject({ kind: 'shift', stepIndex: 1 });
  });

  it('is verified at once on the routes that stand there already, and only on those', () => {
    const rollout = withRoutes(threeRoutes({ stepIndex: 0 }), { cart: { expected: redBlack(90, 10) } });
    expect(changeOf(rollout).routes).toEqual([
      { routeId: 'shop', stepIndex: 1, verifiedAt: null, heldMs: 0 },
      { routeId: 'cart', stepIndex: 1, verifiedAt: held, heldMs: 0, write: null },
      { routeId: 'mail', stepIndex: 1, verifiedAt: null, heldMs: 0 },
    ]);
  });

  it('goes on where it was not written, and leaves alone what is verified in it, be it what a person adopted', () => {
    const rollout = withRoutes(threeRoutes(), {
      shop: { expected: redBlack(70, 30) },
      mail: { stepIndex: 0, expected: redBlack(100, 0) },
    });
    const change = changeOf(rollout);
    expect(change.move?.proposals.map((one) => one.routeId)).toEqual(['mail']);
    const next = applied(rollout, change);
    expect(next.stepIndex).toBe(1);
    expect(next.routes.map((route) => route.verifiedAt)).toEqual([noon, noon, null]);
  });
});

describe('what has to be seen twice', () => {
  const rollout = threeRoutes();
  const edit = (lookAt: number) => at(rollout, lookAt, { cart: redBlack(80, 20) });
  const once = changeOf(rollout, edit(noon + 1_000), noon + 1_000);

  it('stops nothing when it is seen once, says so, and is looked at again before long', () => {
    expect(once).toMatchObject({
      rollout: { suspicion: { reason: 'LiveWeightsDiffer', seenAt: noon + 1_000 } },
      move: null,
      ledger: null,
    });
    expect(once.rollout.state).toBeUndefined();
    expect(once.rollout.message).toMatch(/^Seen once: Somebody else changed the weights/);
    expect(once.wakeAt).toBeGreaterThan(noon + 1_000);
    expect(once.wakeAt).toBeLessThanOrEqual(noon + 6_000);
  });

  it.each<[string, number, 'Blocked' | undefined]>([
    ['is not seen twice by the same look, whenever it is asked again', noon + 1_000, undefined],
    ['is not seen twice by an older look that comes late', noon + 900, undefined],
    ['is seen twice by a newer look', noon + 1_001, 'Blocked'],
  ])('%s', (_sentence, secondLookAt, state) => {
    const suspects = applied(rollout, once);
    const again = changeOf(suspects, edit(secondLookAt), noon + 4_000);
    expect(again.rollout.state).toBe(state);
    if (state === undefined) expect(again.rollout.suspicion).toEqual(suspects.suspicion);
  });

  it('is forgotten when it is gone at the next look', () => {
    const gone = applied(applied(rollout, once), changeOf(applied(rollout, once), {}, noon + 2_000));
    expect(gone.suspicion).toBeNull();
    expect(changeOf(gone, edit(noon + 3_000), noon + 3_000).rollout.state).toBeUndefined();
  });

  it('is not seen twice when the second look shows something else', () => {
    const foreign = [...redBlack(90, 10), { targetGroupArn: stranger, weight: 1 }];
    const other = changeOf(applied(rollout, once), at(rollout, noon + 2_000, { cart: foreign }), noon + 2_000);
    expect(other.rollout).toMatchObject({ suspicion: { reason: 'ForeignTargetGroup', seenAt: noon + 2_000 } });
    expect(other.rollout.state).toBeUndefined();
  });

  it('needs no second look where a write has already met it', () => {
    const failed = aWrite({ routeId: 'cart', state: 'failed', reason: 'LiveWeightsDiffer', live: redBlack(80, 20) });
    expect(changeOf(rollout, { ...edit(held), writes: [failed] }).rollout).toMatchObject({
      state: 'Blocked',
      reason: 'LiveWeightsDiffer',
    });
  });

  it('is asked of lost health too, be it to block or to roll back', () => {
    for (const onHealthLost of ['block', 'rollback'] as const) {
      const careful = threeRoutes({ plan: threeRoutesPlan({ onHealthLost }) });
      const first = changeOf(careful, ill(noon + 1_000), noon + 1_000);
      expect(first).toMatchObject({ rollout: { suspicion: { reason: 'HealthLost' } }, move: null });
      const second = changeOf(applied(careful, first), ill(noon + 2_000), noon + 2_000);
      expect(second.rollout.state).toBe(onHealthLost === 'block' ? 'Blocked' : 'RollingBack');
    }
  });
});

describe('the end of a write', () => {
  const [route] = threeRoutes({ stepIndex: 0, heldMs: 700 }).routes;
  const step = { purpose: 'step', stepIndex: 1 } as const;

  it('that was applied begins the hold of its step on its route', () => {
    expect(settled(route!, step, { state: 'applied', live: redBlack(90, 10) }, held)).toEqual({
      routeId: 'shop',
      stepIndex: 1,
      expected: redBlack(90, 10),
      verifiedAt: held,
      heldMs: 0,
    });
  });

  it('of a way back belongs to no step', () => {
    const back = { purpose: 'rollback', stepIndex: null } as const;
    expect(settled(route!, back, { state: 'applied', live: redBlack(100, 0) }, held)).not.toHaveProperty('stepIndex');
  });

  it.each(['failed', 'superseded'] as const)('that %s leaves its route as it was', (state) => {
    expect(settled(route!, step, { state, live: redBlack(90, 10) }, held)).toBeNull();
  });

  it('without weights that were seen proves nothing', () => {
    expect(settled(route!, step, { state: 'applied', live: null }, held)).toBeNull();
  });
});

describe('the start', () => {
  it('takes the routes as the plan was compiled just now, each at its baseline and untouched', () => {
    const plan = aPlan({}, [aRoute({ baseline: redBlack(70, 30) })]);
    const scheduled = threeRoutes({ state: 'Scheduled', stepIndex: -1 });
    const change = started(scheduled, plan, 'ana', 'upgrade', noon);
    expect(change).toMatchObject({
      rollout: { state: 'Running', stepIndex: -1, startedAt: noon, holdFrom: noon },
      claims: 'take',
      move: null,
      ledger: { kind: 'start', message: 'upgrade', actor: 'ana', decideVersion: null },
      wakeAt: noon,
    });
    expect(applied(scheduled, change).routes).toEqual([
      { routeId: 'shop', stepIndex: -1, expected: redBlack(70, 30), verifiedAt: null, heldMs: 0, touched: false },
    ]);
  });
});
