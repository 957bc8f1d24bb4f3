import { describe, it, expect } from '@jest/globals';
import {
  aLiveRoute,
  anObservation,
  aPlan,
  aRoute,
  aWrite,
  noon,
  redBlack,
  seenAt,
  stranger,
  unseen,
  type RolloutDraft,
} from '../testing/builders.js';
import { held } from '../testing/deciding.js';
import { threeIds, threeRoutes, withRoutes } from '../testing/three-routes.js';
import type { Weights } from '../weights/types.js';
import { applied } from './applied.js';
import { decide } from './decide.js';
import { said, type Said, type SaidVerb } from './said.js';
import { allowedVerbs, rolloutStates, type RolloutState } from './states.js';
import type { Observation, Rollout } from './types.js';

const say = (
  rollout: Rollout,
  verb: SaidVerb,
  seen: Partial<Observation> = {},
  word: Partial<Said> = {},
  now: number = held,
) => said(rollout, anObservation(rollout, now, seen), { verb, actor: 'ana', reason: null, ...word }, now);
/** What is live on some routes; on the others it is as expected. */
const live = (rollout: Rollout, weights: Partial<Record<string, Weights>>): Partial<Observation> => ({
  routes: Object.fromEntries(
    rollout.routes.map((route) => [route.routeId, seenAt(held, aLiveRoute(weights[route.routeId] ?? route.expected))]),
  ),
});
const patchOf = (change: ReturnType<typeof said>, routeId: string) =>
  change.routes.find((route) => route.routeId === routeId);

describe('a verb in a state', () => {
  const becomes: Readonly<Record<SaidVerb, RolloutState | 'what was interrupted' | 'as it was'>> = {
    cancel: 'Cancelled',
    pause: 'Paused',
    resume: 'what was interrupted',
    advance: 'as it was',
    abort: 'Aborted',
    rollback: 'RollingBack',
    adopt: 'what was interrupted',
    reassert: 'what was interrupted',
  };
  const rows = rolloutStates.flatMap((state) =>
    allowedVerbs[state].flatMap((verb) =>
      verb === 'start' ? [] : (['Running', 'RollingBack'] as const).map((pausedFrom) => ({ state, verb, pausedFrom })),
    ),
  );

  it.each(rows)('$verb of $state (from $pausedFrom) leads where the table says', ({ state, verb, pausedFrom }) => {
    const parked = ['Paused', 'Blocked', 'Suspended'].includes(state);
    const rollout = threeRoutes({ state, pausedFrom: parked ? pausedFrom : null });
    const change = say(rollout, verb);
    const interrupted = state === 'RollingBack' || (parked && pausedFrom === 'RollingBack') ? 'RollingBack' : 'Running';
    const expected = { 'what was interrupted': interrupted, 'as it was': state }[becomes[verb] as string];
    expect(applied(rollout, change).state).toBe(expected ?? becomes[verb]);
    expect(change.ledger).toMatchObject({ kind: verb, actor: 'ana', decideVersion: null });
    // each row of a route is written once, and nothing older goes out under the verb but an advance
    expect(new Set(change.routes.map((route) => route.routeId)).size).toBe(change.routes.length);
    expect(change.supersede === null).toBe(verb === 'advance');
  });

  it('keeps the reason that a person gave, in the ledger and for who looks', () => {
    const change = say(threeRoutes(), 'abort', {}, { reason: 'wrong night' });
    expect(change.ledger?.message).toBe('wrong night');
    expect(change.rollout.message).toBe('Aborted by ana: wrong night. Weights stay as they are.');
  });
});

describe('pause and resume', () => {
  it('keep the hold of each route, and nothing of the time between', () => {
    const running = withRoutes(threeRoutes(), { cart: { verifiedAt: noon + 1_000 }, mail: { verifiedAt: null } });
    const paused = applied(running, say(running, 'pause', {}, {}, noon + 3_000));
    expect(paused).toMatchObject({ state: 'Paused', pausedFrom: 'Running', holdFrom: null });
    expect(paused.routes.map((route) => route.heldMs)).toEqual([3_000, 2_000, 0]);
    const resumed = applied(paused, say(paused, 'resume', {}, {}, noon + 60_000));
    expect(resumed).toMatchObject({ state: 'Running', pausedFrom: null, holdFrom: noon + 60_000 });
    const whole = withRoutes(resumed, { mail: { verifiedAt: noon, heldMs: 5_000 } });
    const ask = (now: number) => decide(whole, anObservation(whole, now), now);
    expect(ask(noon + 62_999)).toMatchObject({ reason: 'StepIsHolding' });
    expect(ask(noon + 63_000)).toMatchObject({ kind: 'shift', stepIndex: 2 });
  });

  it('end who asked to advance, and what was suspected', () => {
    const asked = threeRoutes({ advanceRequestedBy: 'ana', suspicion: { reason: 'HealthLost', seenAt: noon } });
    expect(say(asked, 'pause').rollout).toMatchObject({ advanceRequestedBy: null, suspicion: null });
  });

  it('forget writes that failed, so that what is missing is decided anew', () => {
    const blocked = withRoutes(threeRoutes({ state: 'Blocked', pausedFrom: 'Running' }), {
      cart: { stepIndex: 0, verifiedAt: noon, expected: redBlack(100, 0) },
    });
    const change = say(blocked, 'resume', { writes: [aWrite({ routeId: 'cart', state: 'failed' })] });
    expect(change.routes).toEqual(threeIds.map((routeId) => ({ routeId, write: null })));
    const resumed = applied(blocked, change);
    expect(decide(resumed, anObservation(resumed, held), held)).toMatchObject({
      kind: 'shift',
      stepIndex: 1,
      changes: [{ routeId: 'cart', before: redBlack(100, 0), after: redBlack(90, 10) }],
    });
  });

  it('do not take back again what is proven to be back', () => {
    const paused = threeRoutes({ state: 'Paused', pausedFrom: 'RollingBack' });
    const back = (routeId: string, state: 'applied' | 'failed') => aWrite({ routeId, purpose: 'rollback', state });
    const change = say(paused, 'resume', { writes: [back('shop', 'applied'), back('cart', 'failed')] });
    expect(change.routes.map((route) => route.routeId)).toEqual(['cart', 'mail']);
    expect(change.rollout.holdFrom).toBeNull();
  });
});

describe('advance', () => {
  it('is remembered with the name, and moves nothing itself', () => {
    expect(say(threeRoutes(), 'advance')).toMatchObject({
      rollout: { advanceRequestedBy: 'ana' },
      routes: [],
      move: null,
      wakeAt: held,
    });
  });

  it('ends one hold, never the next', () => {
    const advanced = applied(threeRoutes(), say(threeRoutes(), 'advance', {}, {}, noon + 1_000));
    const settles = noon + 2_000;
    expect(decide(advanced, anObservation(advanced, noon + 1_999), noon + 1_999).reason).toBe('SettleTime');
    expect(decide(advanced, anObservation(advanced, settles), settles)).toMatchObject({ kind: 'shift', stepIndex: 2 });
  });
});

describe('abort and cancel', () => {
  it.each(['abort', 'cancel'] as const)('%s lets the routes go and moves nothing', (verb) => {
    const change = say(threeRoutes({ state: verb === 'abort' ? 'Running' : 'Scheduled' }), verb);
    expect(change).toMatchObject({ rollout: { finishedAt: held }, move: null, claims: 'release', wakeAt: null });
  });
});

describe('rollback', () => {
  it('proposes every route that was touched, seen or not, over anything', () => {
    const change = say(threeRoutes(), 'rollback', { routes: {} });
    expect(change.move).toMatchObject({ purpose: 'rollback', minHealthyTargets: 1 });
    expect(change.move?.proposals.map(({ routeId, before, after }) => [routeId, before, after])).toEqual(
      threeIds.map((routeId) => [routeId, null, redBlack(100, 0)]),
    );
    expect(change.claims).toBe('take');
  });

  it('leaves untouched routes that are not seen to decide, and proposes those that are seen elsewhere', () => {
    const home = { touched: false, expected: redBlack(100, 0), stepIndex: 0 };
    const rollout = withRoutes(threeRoutes(), { cart: home, mail: home });
    const seen = live(rollout, { mail: redBlack(40, 60) });
    const change = say(rollout, 'rollback', { routes: { ...seen.routes, cart: unseen('Throttling', true, held) } });
    expect(change.move?.proposals.map((one) => one.routeId)).toEqual(['shop', 'mail']);
    const back = applied(rollout, change);
    const writes = ['shop', 'mail'].map((routeId) => aWrite({ routeId, purpose: 'rollback', state: 'applied' }));
    expect(decide(back, anObservation(back, held, { routes: {}, writes }), held).kind).toBe('hold');
    expect(decide(back, anObservation(back, held, { writes }), held)).toMatchObject({ outcome: 'RolledBack' });
  });

  it('tries again what an earlier way back could not', () => {
    const change = say(threeRoutes({ state: 'RollingBack' }), 'rollback', {
      writes: [aWrite({ routeId: 'cart', purpose: 'rollback', state: 'failed' })],
    });
    expect(change.routes).toEqual(threeIds.map((routeId) => ({ routeId, write: null })));
    expect(change.move?.proposals).toHaveLength(3);
  });

  it.each(['Succeeded', 'Aborted', 'Failed'] as const)('opens again what is %s', (state) => {
    const change = say(threeRoutes({ state, finishedAt: noon }), 'rollback');
    expect(change.rollout).toMatchObject({ state: 'RollingBack', finishedAt: null, bakesUntil: null });
  });
});

describe('adopt', () => {
  const blocked = (change: RolloutDraft = {}) => threeRoutes({ state: 'Blocked', pausedFrom: 'Running', ...change });
  const edited = { cart: redBlack(70, 30) };

  it('takes what is live for right where it is not as we left it, and the hold begins anew there alone', () => {
    const rollout = withRoutes(blocked({ heldMs: 2_000 }), {
      mail: { stepIndex: 0, verifiedAt: noon, expected: redBlack(100, 0) },
    });
    const change = say(rollout, 'adopt', live(rollout, edited));
    expect(change.adopted).toEqual(edited);
    expect(change.ledger?.facts).toEqual({ live: edited, before: { cart: redBlack(90, 10) } });
    const adopted = applied(rollout, change);
    expect(adopted.routes).toMatchObject([
      { heldMs: 2_000, verifiedAt: noon },
      { expected: redBlack(70, 30), heldMs: 0, verifiedAt: held, stepIndex: 1 },
      { stepIndex: 0, expected: redBlack(100, 0) },
    ]);
    // mail, whose write merely waited, is still missing; cart is not written again
    expect(decide(adopted, anObservation(adopted, held), held)).toMatchObject({
      kind: 'shift',
      stepIndex: 1,
      changes: [{ routeId: 'mail' }],
    });
  });

  it('is about the routes that are named, and leaves the failures of others', () => {
    const rollout = blocked();
    const seen = live(rollout, { ...edited, mail: redBlack(60, 40) });
    const change = say(rollout, 'adopt', seen, { routeIds: ['cart'] });
    expect(change.adopted).toEqual(edited);
    expect(change.routes.map((route) => route.routeId)).toEqual(['cart']);
  });

  it.each([null, ['cart']])('never counts a refused write as done, with routeIds %j', (routeIds) => {
    const rollout = withRoutes(blocked(), { cart: { stepIndex: 1, verifiedAt: null, expected: redBlack(100, 0) } });
    const refused = aWrite({ routeId: 'cart', state: 'failed', reason: 'AccessDenied' });
    const change = say(rollout, 'adopt', { ...live(rollout, {}), writes: [refused] }, { routeIds });
    expect(patchOf(change, 'cart')?.verifiedAt).toBeUndefined();
    expect(patchOf(change, 'cart')?.write).toBeNull();
    const adopted = applied(rollout, change);
    expect(decide(adopted, anObservation(adopted, held), held)).toMatchObject({
      kind: 'shift',
      stepIndex: 1,
      changes: [{ routeId: 'cart', after: redBlack(90, 10) }],
    });
  });

  it('takes the weights that a write met for those of the step', () => {
    const rollout = withRoutes(blocked(), { cart: { verifiedAt: null, expected: redBlack(100, 0) } });
    const met = aWrite({ routeId: 'cart', state: 'failed', reason: 'LiveWeightsDiffer', live: redBlack(70, 30) });
    const change = say(rollout, 'adopt', { ...live(rollout, edited), writes: [met] });
    expect(patchOf(change, 'cart')).toMatchObject({ stepIndex: 1, verifiedAt: held, expected: redBlack(70, 30) });
  });

  it('counts no step before the first', () => {
    const rollout = blocked({ stepIndex: -1 });
    const change = say(rollout, 'adopt', live(rollout, edited));
    expect(patchOf(change, 'cart')).toEqual({ routeId: 'cart', expected: redBlack(70, 30), write: null });
  });

  it('on the way back moves where these routes go back to, and no others', () => {
    const rollout = threeRoutes({ state: 'RollingBack' });
    const change = say(rollout, 'adopt', live(rollout, edited), { routeIds: ['cart'] });
    expect(change.routes).toEqual([
      { routeId: 'cart', expected: redBlack(70, 30), baseline: redBlack(70, 30), touched: false, write: null },
    ]);
    const adopted = applied(rollout, change);
    expect(decide(adopted, anObservation(adopted, held), held)).toMatchObject({
      kind: 'rollback',
      changes: [{ routeId: 'shop' }, { routeId: 'mail' }],
    });
  });

  it('on the way back, without names, is about the routes that are stuck and leaves none behind that merely waits', () => {
    const plan = aPlan(
      {},
      threeIds.map((id) => aRoute({ id, name: id, baseline: redBlack(100, 0) })),
    );
    const crowd = [stranger, 'b', 'c', 'd'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 }));
    const rollout = threeRoutes({ plan, state: 'Blocked', pausedFrom: 'RollingBack' });
    const seen = live(rollout, { mail: [...redBlack(90, 10), ...crowd] });
    const writes = [aWrite({ routeId: 'cart', purpose: 'rollback', state: 'failed' })];
    expect(Object.keys(say(rollout, 'adopt', { ...seen, writes }).adopted ?? {})).toEqual(['cart', 'mail']);
  });
});

describe('reassert', () => {
  const blocked = threeRoutes({ state: 'Blocked', pausedFrom: 'Running', heldMs: 2_000 });

  it('writes the step where what is live differs from it, over anything, and nowhere else', () => {
    const change = say(blocked, 'reassert', live(blocked, { cart: redBlack(70, 30) }));
    expect(change.move).toMatchObject({
      purpose: 'reassert',
      stepIndex: 1,
      proposals: [{ routeId: 'cart', before: null, after: redBlack(90, 10), raisedClusterIds: ['c-blue'] }],
    });
    expect(patchOf(change, 'cart')).toEqual({ routeId: 'cart', verifiedAt: null, heldMs: 0 });
    expect(applied(blocked, change).routes[0]).toMatchObject({ verifiedAt: noon, heldMs: 2_000 });
  });

  it('is about the routes that are named', () => {
    const seen = live(blocked, { cart: redBlack(70, 30), mail: redBlack(60, 40) });
    const change = say(blocked, 'reassert', seen, { routeIds: ['mail'] });
    expect(change.move?.proposals.map((one) => one.routeId)).toEqual(['mail']);
    expect(patchOf(change, 'cart')).toBeUndefined();
  });

  it('counts a write whose outcome nobody knew as done where its step is live', () => {
    const rollout = withRoutes(blocked, { cart: { verifiedAt: null, expected: redBlack(100, 0) } });
    const lost = aWrite({ routeId: 'cart', state: 'failed', reason: 'OutcomeUnknown' });
    const change = say(rollout, 'reassert', { ...live(rollout, { cart: redBlack(90, 10) }), writes: [lost] });
    expect(change.move).toBeNull();
    const next = applied(rollout, change);
    expect(next.routes[1]).toMatchObject({ expected: redBlack(90, 10), verifiedAt: null });
    expect(decide(next, anObservation(next, held), held)).toMatchObject({ kind: 'shift', stepIndex: 1, changes: [] });
  });

  it('before the first step puts back what it began with', () => {
    const rollout = threeRoutes({ state: 'Blocked', pausedFrom: 'Running', stepIndex: -1 });
    const change = say(rollout, 'reassert', live(rollout, { cart: redBlack(70, 30) }));
    expect(change.move?.proposals).toMatchObject([{ routeId: 'cart', after: redBlack(100, 0) }]);
  });

  it('on the way back writes nothing of a step; what had failed is decided anew', () => {
    const rollout = threeRoutes({ state: 'Blocked', pausedFrom: 'RollingBack' });
    const change = say(rollout, 'reassert', { writes: [aWrite({ purpose: 'rollback', state: 'failed' })] });
    expect(change).toMatchObject({ rollout: { state: 'RollingBack' }, move: null, adopted: null });
    expect(change.routes).toEqual(threeIds.map((routeId) => ({ routeId, write: null })));
  });
});
