import { describe, it, expect } from '@jest/globals';
import {
  aCluster,
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
  unseen,
} from '../testing/builders.js';
import { decide } from './decide.js';
import { reasons } from './decision.js';
import type { ExplicitStep, PlanSpec } from '../plan/types.js';
import type { Observation, Rollout } from './types.js';

type Seen = Partial<Observation>;
/** The hold of 5 s is served; the step was verified at noon. */
const held = noon + 5_000;
const ownedByLbc = {
  kind: 'continuous',
  owner: 'the AWS Load Balancer Controller',
  evidence: 'tag x',
  advice: 'Use another.',
} as const;
const live = (weights = redBlack(90, 10), change = {}, at = held): Seen => ({
  routes: { shop: seenAt(at, aLiveRoute(weights, change)) },
});
const health = (ofRed: number | null, ofBlack: number | null, at = held): Seen => ({
  health: {
    ...(ofRed !== null && { [red]: seenAt(at, ofRed ? healthOf(red, ofRed) : sick(red, 3)) }),
    ...(ofBlack !== null && { [black]: seenAt(at, ofBlack ? healthOf(black, ofBlack) : sick(black, 3)) }),
  },
});
const clusters = (change: object): Seen => ({
  clusters: { 'c-blue': aCluster('c-blue'), 'c-green': aCluster('c-green', change) },
});
const writes = (...list: Parameters<typeof aWrite>[0][]): Seen => ({ writes: list.map((write) => aWrite(write)) });

function decided(change: Partial<Rollout> = {}, seen: Seen = {}, now = held) {
  const rollout = aRollout(change);
  return decide(rollout, anObservation(rollout, now, seen), now);
}

describe('when nothing moves by itself', () => {
  it.each<[string, Partial<Rollout>, Seen, string, number | null]>([
    ['an ended rollout stays ended', { state: 'Aborted' }, {}, 'RolloutHasEnded', null],
    ['without a start time it waits for a person', { state: 'Scheduled', stepIndex: -1 }, {}, 'NotStarted', null],
    [
      'with a start time it waits for that',
      { state: 'Scheduled', stepIndex: -1, startAt: held + 1 },
      {},
      'NotStarted',
      held + 1,
    ],
    ['a pause is only ended by a person', { state: 'Paused' }, {}, 'PausedByOperator', null],
    ['a block is only ended by a person, though its cause is gone', { state: 'Blocked' }, {}, 'NeedsAPerson', null],
    ['a freeze holds it', { state: 'Suspended' }, {}, 'SuspendedByFreeze', null],
  ])('%s', (_sentence, change, seen, reason, wakeAt) => {
    expect(decided(change, seen)).toMatchObject({ kind: 'hold', reason, wakeAt });
  });

  it('shows beside a pause what a resume would run into, but not that nobody looked', () => {
    expect(decided({ state: 'Paused' }, health(2, 0)).beside.map((one) => one.reason)).toContain('HealthLost');
    expect(decided({ state: 'Paused' }, { routes: {}, health: {} }).beside.map((one) => one.reason)).toEqual([
      'StepIsHolding',
    ]);
  });

  it('starts by itself at its time', () => {
    expect(decided({ state: 'Scheduled', stepIndex: -1, startAt: held })).toMatchObject({
      kind: 'shift',
      stepIndex: 0,
    });
  });

  it('names the verbs that go on from a block', () => {
    expect(decided({ state: 'Blocked' }).message).toContain('adopt, reassert, resume, abort and rollback');
  });

  it('says how long a success can still be rolled back', () => {
    expect(decided({ state: 'Succeeded', finishedAt: noon }).message).toContain('one call for 59 minutes 55 seconds');
    expect(decided({ state: 'Succeeded', finishedAt: noon - 3_600_000 }).message).toBe('It has ended: Succeeded.');
  });
});

describe('a running rollout', () => {
  it.each<[string, Partial<Rollout>, Seen, string, string]>([
    [
      'a write that AWS refused',
      {},
      writes({ state: 'failed', reason: 'AccessDenied', message: 'not authorized' }),
      'block',
      'WriteFailed',
    ],
    [
      'a write that met other weights says so',
      {},
      writes({ state: 'failed', reason: 'LiveWeightsDiffer', live: redBlack(30, 70) }),
      'block',
      'LiveWeightsDiffer',
    ],
    [
      'a reconciler that would revert us',
      {},
      live(undefined, { ownership: ownedByLbc }),
      'block',
      'RouteOwnedByReconciler',
    ],
    [
      'an apply-time tool is no obstacle here',
      {},
      live(undefined, { ownership: { ...ownedByLbc, kind: 'applyTime' } }),
      'shift',
      'NextStep',
    ],
    ['a write that is queued', { verifiedAt: null }, writes({ state: 'pending' }), 'hold', 'WaitingForWrite'],
    ['a write that is in flight', { verifiedAt: null }, writes({ state: 'sent' }), 'hold', 'WaitingForWrite'],
    [
      'a listener that is gone',
      {},
      { routes: { shop: unseen('ListenerNotFound', false, held) } },
      'block',
      'AwsUnreachable',
    ],
    ['an AWS that throttles', {}, { routes: { shop: unseen('Throttling', true, held) } }, 'hold', 'AwsUnreachable'],
    ['weights that nobody read', {}, { routes: {} }, 'hold', 'ObservationIsStale'],
    ['weights read too long ago', {}, live(undefined, {}, held - 30_001), 'hold', 'ObservationIsStale'],
    ['weights from a future that the clock left', {}, live(undefined, {}, held + 30_001), 'hold', 'ObservationIsStale'],
    [
      'weights read before the last write was verified',
      {},
      live(undefined, {}, noon - 1),
      'hold',
      'ObservationIsStale',
    ],
    [
      'a target group that is not ours',
      {},
      live([...redBlack(90, 10), { targetGroupArn: stranger, weight: 0 }]),
      'block',
      'ForeignTargetGroup',
    ],
    ['a console edit', {}, live(redBlack(80, 20)), 'block', 'LiveWeightsDiffer'],
    ['the same shares by other integers are an edit too', {}, live(redBlack(900, 100)), 'block', 'LiveWeightsDiffer'],
    ['a target group taken out of the action', {}, live(redBlack(1)), 'block', 'LiveWeightsDiffer'],
    ['a backend with a share that lost its health', {}, health(2, 0), 'block', 'HealthLost'],
    ['health of a backend with a share that nobody read', {}, health(null, 2), 'hold', 'ObservationIsStale'],
    [
      'health of a backend with a share that is old',
      {},
      { health: { [red]: seenAt(held - 30_001, healthOf(red, 2)), [black]: seenAt(held, healthOf(black, 2)) } },
      'hold',
      'ObservationIsStale',
    ],
    [
      'health that AWS will not tell',
      {},
      { health: { [red]: unseen('AccessDenied', false, held), [black]: seenAt(held, healthOf(black, 2)) } },
      'block',
      'AwsUnreachable',
    ],
    ['a receiver whose cluster is cordoned', {}, clusters({ cordoned: true }), 'hold', 'ClusterIsCordoned'],
    ['a receiver whose cluster is retired', {}, clusters({ retired: true }), 'block', 'ClusterIsRetired'],
    ['a receiver whose cluster nobody knows', {}, { clusters: {} }, 'hold', 'ObservationIsStale'],
  ])('%s', (_sentence, change, seen, kind, reason) => {
    expect(decided(change, seen)).toMatchObject({ kind, reason });
  });

  it('moves on when its hold is served and all is well, by one step', () => {
    expect(decided()).toEqual({
      kind: 'shift',
      reason: 'NextStep',
      stepIndex: 2,
      beside: [],
      wakeAt: held + 10_000,
      message: 'Step 3 of 4 (50/50) starts and writes 1 route.',
      changes: [{ routeId: 'shop', before: redBlack(90, 10), after: redBlack(50, 50) }],
    });
  });

  it('ends after the last hold, and asks no health of the backend it left', () => {
    expect(decided({ stepIndex: 3 }, health(0, 2))).toMatchObject({
      kind: 'finish',
      outcome: 'Succeeded',
      reason: 'Completed',
      wakeAt: null,
    });
    expect(decided({ stepIndex: 3 }, {}, held - 1)).toMatchObject({ kind: 'hold', reason: 'StepIsHolding' });
    expect(decided({ stepIndex: 3 }, health(2, 0))).toMatchObject({ kind: 'block', reason: 'HealthLost' });
  });

  it('says what the last verified weights were, what is live and what was meant', () => {
    const decision = decided({}, live(redBlack(80, 20)));
    expect(decision).toMatchObject({
      diffs: [
        {
          routeId: 'shop',
          intended: redBlack(90, 10),
          lastWritten: redBlack(90, 10),
          live: redBlack(80, 20),
          foreign: [],
        },
      ],
    });
    expect(decision.message).toBe(
      'Somebody else changed the weights: route shop is live at black 20 %, red 80 %; last written black 10 %, red 90 % (as intended). Adopt what is live, reassert what was written, abort, or roll back.',
    );
  });

  it('shows an intention that was given up by adopting other weights', () => {
    const decision = decided({ expected: { shop: redBlack(70, 30) } }, live(redBlack(80, 20)));
    expect(decision).toMatchObject({
      diffs: [{ intended: redBlack(90, 10), lastWritten: redBlack(70, 30), live: redBlack(80, 20) }],
    });
    expect(decision.message).toContain('intended black 10 %, red 90 %');
  });

  it('takes one target group alone for what it is, whatever weight AWS answers', () => {
    const rollout = { stepIndex: -1, expected: { shop: redBlack(100) } };
    expect(decided(rollout, live(redBlack(1)))).toMatchObject({
      kind: 'shift',
      stepIndex: 0,
      changes: [{ before: redBlack(100), after: redBlack(100, 0) }],
    });
  });

  it('attaches a target group at 0 without asking for its health', () => {
    expect(
      decided({ stepIndex: -1, expected: { shop: redBlack(100) } }, { ...live(redBlack(1)), ...health(2, null) }),
    ).toMatchObject({ kind: 'shift', stepIndex: 0 });
  });

  it('goes on from weights that were adopted', () => {
    expect(decided({ expected: { shop: redBlack(70, 30) } }, live(redBlack(70, 30)))).toMatchObject({
      kind: 'shift',
      changes: [{ before: redBlack(70, 30), after: redBlack(50, 50) }],
    });
  });

  it('passes through a step that changes nothing, and decides again at once', () => {
    expect(decided({ stepIndex: -1 })).toMatchObject({ kind: 'shift', stepIndex: 0, changes: [], wakeAt: held });
  });

  it('forgives AWS for answering the weights before the last write, within the settle time and no longer', () => {
    const before = (at: number) => decided({}, { routes: { shop: seenAt(at, aLiveRoute(redBlack(100, 0))) } }, at);
    expect(before(noon + 1_999)).toMatchObject({ kind: 'hold', reason: 'SettleTime' });
    expect(before(noon + 2_000)).toMatchObject({ kind: 'block', reason: 'LiveWeightsDiffer' });
  });

  it('sees no drift in a read from before the last verification, or of a route being written', () => {
    expect(decided({}, live(redBlack(100, 0), {}, noon - 1), noon + 3_000)).toMatchObject({
      reason: 'StepIsHolding',
      beside: [],
    });
    expect(decided({ verifiedAt: null }, { ...live(redBlack(50, 50)), ...writes({ state: 'sent' }) })).toMatchObject({
      reason: 'WaitingForWrite',
      beside: [],
    });
  });
});

describe('holding', () => {
  it.each<[string, Partial<Rollout>, number, string, number]>([
    ['wakes when the hold ends', {}, noon + 1_000, 'StepIsHolding', noon + 5_000],
    [
      'wakes to recheck in a long hold',
      { plan: aPlan({ recheckMs: 700 }) },
      noon + 1_000,
      'StepIsHolding',
      noon + 1_700,
    ],
    [
      'holds for the settle time when its own hold is shorter',
      { plan: aPlan({ settleMs: 9_000 }) },
      noon + 6_000,
      'SettleTime',
      noon + 9_000,
    ],
    [
      'holds for the settle time even when a person advances',
      { advanceRequestedBy: 'ana' },
      noon + 500,
      'SettleTime',
      noon + 2_000,
    ],
    [
      'has its remaining hold after an outage, and nothing less',
      { plan: aPlan({ recheckMs: 1_000 }), heldMs: 2_000 },
      noon + 600_000,
      'StepIsHolding',
      noon + 601_000,
    ],
  ])('%s', (_sentence, change, now, reason, wakeAt) => {
    expect(decided(change, {}, now)).toMatchObject({ kind: 'hold', reason, wakeAt });
  });

  it('ends early when a named person advances, after the settle time', () => {
    expect(decided({ advanceRequestedBy: 'ana' }, {}, noon + 2_000)).toMatchObject({
      kind: 'shift',
      stepIndex: 2,
      message: expect.stringContaining('advanced by ana'),
    });
  });

  it('does not let advance skip the health gate', () => {
    expect(decided({ advanceRequestedBy: 'ana', stepIndex: 0 }, health(2, 0), noon + 2_000)).toMatchObject({
      reason: 'WaitingForHealthyTargets',
    });
  });
});

describe('raising a share', () => {
  const first = { stepIndex: 0 };
  it('waits for healthy targets and says who has what', () => {
    expect(decided(first, health(2, 0))).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForHealthyTargets',
      wakeAt: held + 10_000,
      message:
        "Step 2 of 4 (90/10) needs 1 healthy target of each backend that it raises: green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group that doesn't let the load balancer reach the pods is the likely cause).",
    });
  });

  it('counts only healthy targets, not those that may become so', () => {
    expect(
      decided(first, {
        health: {
          [red]: seenAt(held, healthOf(red, 2)),
          [black]: seenAt(held, healthOf(black, 0, { initial: 3, total: 3 })),
        },
      }),
    ).toMatchObject({ reason: 'WaitingForHealthyTargets' });
  });

  it.each<[string, Partial<Rollout>, Seen, string]>([
    ['does not rise without fresh health', first, health(2, null), 'ObservationIsStale'],
    [
      'does not rise on health that AWS will not tell',
      first,
      { health: { [red]: seenAt(held, healthOf(red, 2)), [black]: unseen('TargetGroupNotFound', false, held) } },
      'AwsUnreachable',
    ],
    [
      'does not rise where nobody health-checks',
      { ...first, expected: { shop: redBlack(100) } },
      { ...live(redBlack(100)), ...health(2, null) },
      'ReceiverNotAttached',
    ],
  ])('%s', (_sentence, change, seen, reason) => {
    expect(decided(change, seen)).toMatchObject({ reason });
  });

  it('asks of the step that comes, not of the one that is', () => {
    const steps: ExplicitStep[] = [
      { shares: { red: 100 }, holdMs: 0 },
      { shares: { black: 100 }, holdMs: 0, minHealthyTargets: 3 },
    ];
    expect(decided({ plan: aPlan({ steps: { kind: 'explicit', steps } }), stepIndex: 0 }, health(1, 2))).toMatchObject({
      reason: 'WaitingForHealthyTargets',
    });
  });

  const forced = { by: 'ana', reason: 'fire drill' };
  it('passes the health gate when a named person forces it, who is then named', () => {
    for (const seen of [health(2, 0), health(2, null)]) {
      const decision = decided({ ...first, forced }, seen);
      expect(decision).toMatchObject({ kind: 'shift', message: expect.stringContaining('forced by ana: fire drill') });
      expect(decision.beside.map((one) => one.reason)).toContain('WaitingForHealthyTargets');
    }
  });

  it('is not blocked afterwards by the very health that was forced', () => {
    expect(decided({ forced }, health(2, 0))).toMatchObject({
      kind: 'shift',
      beside: [{ reason: 'HealthLost' }, { reason: 'WaitingForHealthyTargets' }],
    });
  });

  it('lets nobody force all requests away from the only healthy backend, or towards a cordoned or retired one', () => {
    expect(decided({ forced, stepIndex: 2 }, health(2, 0))).toMatchObject({
      kind: 'hold',
      reason: 'NoHealthyReceiver',
      message: expect.stringContaining('blue-2025 is healthy'),
    });
    expect(decided({ forced }, clusters({ cordoned: true }))).toMatchObject({ reason: 'ClusterIsCordoned' });
    expect(decided({ forced }, clusters({ retired: true }))).toMatchObject({ reason: 'ClusterIsRetired' });
  });

  it('may take a share away from a cordoned or retired cluster', () => {
    const blue = (change: object): Seen => ({
      clusters: { 'c-blue': aCluster('c-blue', change), 'c-green': aCluster('c-green') },
    });
    expect(decided({}, blue({ cordoned: true }))).toMatchObject({ kind: 'shift' });
    expect(decided({}, blue({ retired: true }))).toMatchObject({ kind: 'shift' });
  });

  it('is blocked rather than written when the weights would be unsafe', () => {
    const plan = aPlan();
    const broken = {
      ...plan,
      steps: plan.steps.map((step) => (step.index === 2 ? { ...step, weights: { shop: redBlack(0, 0) } } : step)),
    };
    expect(decided({ plan: broken })).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
      message: expect.stringContaining('all weights are 0'),
    });
  });

  it('rebuilds a step around a pinned target group whose new share was adopted', () => {
    const withStranger = (weights: ReturnType<typeof redBlack>, weight: number) => [
      ...weights,
      { targetGroupArn: stranger, weight },
    ];
    const plan = aPlan({}, [aRoute({ pinned: [stranger], baseline: withStranger(redBlack(90, 0), 10) })]);
    const adopted = withStranger(redBlack(50, 10), 40);
    const decision = decided({ plan, expected: { shop: adopted } }, live(adopted));
    expect(decision).toMatchObject({
      kind: 'shift',
      changes: [
        {
          after: [
            { targetGroupArn: black, weight: 30 },
            { targetGroupArn: red, weight: 30 },
            { targetGroupArn: stranger, weight: 40 },
          ],
        },
      ],
    });
  });

  it('is blocked when a pinned target group has taken everything', () => {
    const adopted = [...redBlack(0, 0), { targetGroupArn: stranger, weight: 40 }];
    const plan = aPlan({}, [
      aRoute({ pinned: [stranger], baseline: [...redBlack(90, 0), { targetGroupArn: stranger, weight: 10 }] }),
    ]);
    expect(decided({ plan, expected: { shop: adopted } }, live(adopted))).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
      message: expect.stringContaining('leave nothing to split'),
    });
  });
});

describe('losing health', () => {
  const rollsBack = aPlan({ onHealthLost: 'rollback' });

  it('blocks in the middle of a hold, with counts, reasons and the way out', () => {
    const decision = decided({}, health(2, 0), noon + 1_000);
    expect(decision).toMatchObject({ kind: 'block', reason: 'HealthLost', wakeAt: null });
    expect(decision.message).toContain('green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group');
    expect(decision.message).toContain('verb rollback');
  });

  it('rolls back where the plan says so', () => {
    expect(decided({ plan: rollsBack }, health(2, 0))).toMatchObject({
      kind: 'rollback',
      reason: 'HealthLost',
      changes: [{ before: redBlack(90, 10), after: redBlack(100, 0) }],
    });
  });

  it.each<[string, Partial<Rollout>, Seen, RegExp]>([
    [
      'it is the former backend that is lost',
      { stepIndex: 2 },
      health(0, 2),
      /would raise the share of a backend that has lost its health/,
    ],
    ['the shares are the former ones already', { stepIndex: 0 }, health(0, 2), /are those before the rollout already/],
    ['nobody knows whether the former backend is healthy', { stepIndex: 3 }, health(null, 0), /fresh read/],
  ])('leaves the rollback to a person when %s', (_sentence, change, seen, why) => {
    expect(decided({ ...change, plan: rollsBack }, seen)).toMatchObject({
      kind: 'block',
      reason: 'HealthLost',
      message: expect.stringMatching(why),
    });
  });

  it('is not looked for before the first step: that state is not our doing', () => {
    expect(decided({ stepIndex: -1, plan: rollsBack }, health(0, 2))).toMatchObject({ kind: 'shift' });
  });
});

describe('a step whose writes ended without all being applied', () => {
  it('goes on with what is missing, as the same step', () => {
    const rollout = { verifiedAt: null, expected: { shop: redBlack(100, 0) } };
    expect(decided(rollout, { ...live(redBlack(100, 0)), ...writes({ state: 'superseded' }) })).toMatchObject({
      kind: 'shift',
      stepIndex: 1,
      changes: [{ after: redBlack(90, 10) }],
    });
  });

  it('asks the receiver for its health again', () => {
    const rollout = { verifiedAt: null, expected: { shop: redBlack(100, 0) } };
    expect(decided(rollout, { ...live(redBlack(100, 0)), ...health(2, 0) })).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForHealthyTargets',
    });
  });

  it('waits for the verification when everything is written', () => {
    expect(decided({ verifiedAt: null })).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForWrite',
      wakeAt: held + 10_000,
    });
  });
});

describe('rolling back', () => {
  const back = { state: 'RollingBack' } as const;
  it('writes the shares before the rollout', () => {
    expect(decided(back)).toMatchObject({
      kind: 'rollback',
      reason: 'RollingBack',
      changes: [{ before: redBlack(90, 10), after: redBlack(100, 0) }],
    });
  });

  it('needs no read, no health and no cluster to do so', () => {
    expect(decided(back, { routes: {}, health: {}, clusters: {} })).toMatchObject({
      kind: 'rollback',
      changes: [{ after: redBlack(100, 0) }],
    });
    expect(decided(back, { routes: { shop: unseen('Throttling', true, held) } })).toMatchObject({ kind: 'rollback' });
  });

  it('goes back from where a console edit left it', () => {
    expect(decided(back, live(redBlack(30, 70)))).toMatchObject({
      kind: 'rollback',
      changes: [{ before: redBlack(30, 70) }],
    });
  });

  it('goes back from what was verified, not from a read that is older', () => {
    expect(decided({ ...back, stepIndex: 2 }, live(redBlack(90, 10), {}, noon - 1))).toMatchObject({
      kind: 'rollback',
      changes: [{ before: redBlack(50, 50) }],
    });
  });

  it('is not ended by an old read of the baseline, nor by our belief alone', () => {
    expect(decided(back, live(redBlack(100, 0)))).toMatchObject({ kind: 'rollback' });
    expect(decided({ ...back, expected: { shop: redBlack(100, 0) } }, live(redBlack(90, 10)))).toMatchObject({
      kind: 'rollback',
    });
  });

  it.each<[string, Seen, string, string]>([
    ['waits for its writes', writes({ purpose: 'rollback', state: 'sent' }), 'hold', 'WaitingForWrite'],
    ['ends once they are applied', writes({ purpose: 'rollback', state: 'applied' }), 'finish', 'BackAtBaseline'],
    ['is blocked when AWS refuses one', writes({ purpose: 'rollback', state: 'failed' }), 'block', 'WriteFailed'],
    [
      'does not wait for a step that is still in flight',
      writes({ purpose: 'step', state: 'sent' }),
      'rollback',
      'RollingBack',
    ],
    ['does not mind that a step had failed', writes({ purpose: 'step', state: 'failed' }), 'rollback', 'RollingBack'],
    [
      'writes nothing against a reconciler',
      live(undefined, { ownership: ownedByLbc }),
      'block',
      'RouteOwnedByReconciler',
    ],
    ['does not go to where nobody is healthy while somebody is', health(0, 2), 'block', 'NoHealthyReceiver'],
    ['goes to where nobody is healthy when nobody is anywhere', health(0, 0), 'rollback', 'RollingBack'],
    [
      'leaves a foreign target group alone',
      live([...redBlack(45, 45), { targetGroupArn: stranger, weight: 10 }]),
      'rollback',
      'RollingBack',
    ],
  ])('%s', (_sentence, seen, kind, reason) => {
    expect(decided(back, seen)).toMatchObject({ kind, reason });
  });

  it('is over at once when nothing was moved, but not while a first write may still land', () => {
    const unmoved = { ...back, stepIndex: 1, verifiedAt: null, expected: { shop: redBlack(100, 0) } };
    expect(decided(unmoved)).toMatchObject({ kind: 'finish', outcome: 'RolledBack' });
    expect(decided(unmoved, writes({ purpose: 'step', state: 'sent' }))).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForWrite',
      wakeAt: null,
    });
  });

  it('is blocked when the former shares no longer fit into the action', () => {
    const crowd = ['a', 'b', 'c', 'd'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 }));
    expect(decided(back, live([...redBlack(90, 10), ...crowd]))).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
    });
  });
});

/** The order of the checks is the policy. Each row is seen at once; the first must lead, for the reason given. */
describe('the order of reasons', () => {
  const failed = aWrite({ state: 'failed' });
  const pending = aWrite({ state: 'pending', routeId: 'elsewhere' });
  const foreign = live([...redBlack(80, 20), { targetGroupArn: stranger, weight: 0 }]);
  const edited = live(redBlack(80, 20));
  const atOnce: PlanSpec['steps'] = {
    kind: 'explicit',
    steps: [
      { shares: { red: 100 }, holdMs: 0 },
      { shares: { black: 100 }, holdMs: 0 },
    ],
  };
  const planned = aPlan();
  const unsafePlan = {
    ...planned,
    steps: planned.steps.map((step) => (step.index === 2 ? { ...step, weights: { shop: redBlack(0, 1000) } } : step)),
  };
  it.each<[string, Partial<Rollout>, Seen, number, string, string]>([
    [
      "a pause outranks a failed write: a person's word comes first",
      { state: 'Paused' },
      { writes: [failed] },
      held,
      'PausedByOperator',
      'WriteFailed',
    ],
    [
      'a block outranks lost health: it already waits for a person',
      { state: 'Blocked' },
      health(2, 0),
      held,
      'NeedsAPerson',
      'HealthLost',
    ],
    [
      'a freeze outranks drift: nothing would be written anyway',
      { state: 'Suspended' },
      edited,
      held,
      'SuspendedByFreeze',
      'LiveWeightsDiffer',
    ],
    [
      'a failed write outranks an owner: it is known for sure',
      {},
      { writes: [failed], ...live(undefined, { ownership: ownedByLbc }) },
      held,
      'WriteFailed',
      'RouteOwnedByReconciler',
    ],
    [
      'a failed write outranks one that is still open: waiting cannot mend it',
      {},
      { writes: [failed, pending] },
      held,
      'WriteFailed',
      'WaitingForWrite',
    ],
    [
      'an owner outranks an open write: a fight is not won by waiting',
      {},
      { writes: [pending], ...live(undefined, { ownership: ownedByLbc }) },
      held,
      'RouteOwnedByReconciler',
      'WaitingForWrite',
    ],
    [
      'an open write outranks an unreachable AWS: its outcome wakes us, and will tell',
      {},
      { writes: [pending], routes: { shop: unseen('Throttling', true, held) } },
      held,
      'WaitingForWrite',
      'AwsUnreachable',
    ],
    [
      'an open write outranks lost health: what is live is not settled yet',
      {},
      { writes: [pending], ...health(2, 0) },
      held,
      'WaitingForWrite',
      'HealthLost',
    ],
    [
      'a foreign target group outranks the drift it also is: it explains it',
      {},
      foreign,
      held,
      'ForeignTargetGroup',
      'LiveWeightsDiffer',
    ],
    [
      'drift outranks lost health: health is judged for weights that are ours',
      {},
      { ...edited, ...health(2, 0) },
      held,
      'LiveWeightsDiffer',
      'HealthLost',
    ],
    [
      'stale weights outrank lost health: nothing is judged on old news',
      {},
      { routes: {}, ...health(2, 0) },
      held,
      'ObservationIsStale',
      'HealthLost',
    ],
    [
      'lost health outranks a hold: losing requests outranks every kind of waiting',
      {},
      health(2, 0),
      noon + 1,
      'HealthLost',
      'StepIsHolding',
    ],
    [
      'lost health outranks missing health of another: what is known is enough',
      {},
      health(null, 0),
      held,
      'HealthLost',
      'ObservationIsStale',
    ],
    [
      'missing health outranks a hold: no data is never a pass',
      {},
      health(null, 2),
      noon + 1,
      'ObservationIsStale',
      'StepIsHolding',
    ],
    [
      'a hold outranks a receiver without health: it has the hold to get well',
      { stepIndex: 0 },
      health(2, 0),
      noon + 1,
      'StepIsHolding',
      'WaitingForHealthyTargets',
    ],
    [
      'a hold outranks a retired receiver: it may still be rolled back at leisure',
      {},
      clusters({ retired: true }),
      noon + 1,
      'StepIsHolding',
      'ClusterIsRetired',
    ],
    [
      'the settle time outranks a receiver without health, when advanced',
      { stepIndex: 0, advanceRequestedBy: 'ana' },
      health(2, 0),
      noon + 1,
      'SettleTime',
      'WaitingForHealthyTargets',
    ],
    [
      'retired outranks cordoned: uncordoning would not help',
      {},
      clusters({ cordoned: true, retired: true }),
      held,
      'ClusterIsRetired',
      'ClusterIsCordoned',
    ],
    [
      'cordoned outranks health: getting well would not help',
      { stepIndex: 0 },
      { ...clusters({ cordoned: true }), ...health(2, 0) },
      held,
      'ClusterIsCordoned',
      'WaitingForHealthyTargets',
    ],
    [
      'not attached outranks missing health: it is why there is none',
      { stepIndex: 0, expected: { shop: redBlack(100) } },
      { ...live(redBlack(1)), ...health(2, null) },
      held,
      'ReceiverNotAttached',
      'ObservationIsStale',
    ],
    [
      'a receiver without health outranks having no healthy one left: it says who',
      { stepIndex: 0, plan: aPlan({ steps: atOnce }) },
      health(2, 0),
      held,
      'WaitingForHealthyTargets',
      'NoHealthyReceiver',
    ],
    [
      'a freeze outranks a failed write: nothing is written until it ends',
      { state: 'Suspended' },
      { writes: [failed] },
      held,
      'SuspendedByFreeze',
      'WriteFailed',
    ],
    [
      'an open write outranks a listener that is gone: its outcome will say the same for sure',
      {},
      { writes: [pending], routes: { shop: unseen('ListenerNotFound', false, held) } },
      held,
      'WaitingForWrite',
      'AwsUnreachable',
    ],
    [
      'lost health outranks a read that lags behind: the write was verified all the same',
      {},
      { ...live(redBlack(100, 0), {}, noon + 1), ...health(2, 0) },
      noon + 1,
      'HealthLost',
      'SettleTime',
    ],
    [
      'missing health outranks a read that lags behind',
      {},
      { ...live(redBlack(100, 0), {}, noon + 1), ...health(null, 2) },
      noon + 1,
      'ObservationIsStale',
      'SettleTime',
    ],
    [
      'a read that lags behind outranks a hold: the next step may not start on it',
      {},
      live(redBlack(100, 0), {}, noon + 1),
      noon + 1,
      'SettleTime',
      'StepIsHolding',
    ],
    [
      'the settle time outranks a retired receiver, when advanced',
      { advanceRequestedBy: 'ana' },
      clusters({ retired: true }),
      noon + 1,
      'SettleTime',
      'ClusterIsRetired',
    ],
    [
      'retired outranks unsafe weights: without the cluster they will be others',
      { plan: unsafePlan },
      clusters({ retired: true }),
      held,
      'ClusterIsRetired',
      'UnsafeWeights',
    ],
    [
      'unsafe weights outrank cordoned: uncordoning would not help',
      { plan: unsafePlan },
      clusters({ cordoned: true }),
      held,
      'UnsafeWeights',
      'ClusterIsCordoned',
    ],
    [
      'an unknown cluster outranks a target group that is not attached: it may be retired',
      { stepIndex: 0, expected: { shop: redBlack(100) } },
      { ...live(redBlack(1)), clusters: {} },
      held,
      'ObservationIsStale',
      'ReceiverNotAttached',
    ],
  ])('%s', (_sentence, change, seen, now, leads, beside) => {
    const decision = decided(
      change,
      { ...seen, ...(seen.routes ? {} : live(aRollout(change).expected['shop'], {}, now)) },
      now,
    );
    expect(decision.reason).toBe(leads);
    expect(decision.beside.map((one) => one.reason)).toContain(beside);
  });
});

describe('several routes', () => {
  const ofCart = (arn: string) => `${arn}-cart`;
  const cartWeights = (r: number, b: number) =>
    redBlack(r, b).map((one) => ({ ...one, targetGroupArn: ofCart(one.targetGroupArn) }));
  const cart = aRoute({
    id: 'cart',
    name: 'cart',
    baseline: cartWeights(100, 0),
    backends: aRoute().backends.map((backend) => ({
      ...backend,
      id: ofCart(backend.id),
      clusterId: ofCart(backend.clusterId),
      clusterName: ofCart(backend.clusterName),
      targetGroupArn: ofCart(backend.targetGroupArn),
    })),
  });
  const plan = aPlan({ routes: { kind: 'ids', ids: ['shop', 'cart'] } }, [aRoute(), cart]);
  const both = (
    change: { [K in 'routes' | 'health' | 'clusters']?: Partial<Observation[K]> },
    rolloutChange: Partial<Rollout> = {},
    now = held,
  ) => {
    const rollout = aRollout({ plan, ...rolloutChange });
    const seen = anObservation(rollout, now);
    const merged = {
      ...seen,
      routes: { ...seen.routes, ...change.routes },
      health: { ...seen.health, ...change.health },
      clusters: { ...seen.clusters, ...change.clusters },
    };
    return decide(rollout, merged as Observation, now);
  };
  const ofShop = (weights: ReturnType<typeof redBlack>, now = held) => seenAt(now, aLiveRoute(weights));

  it('move together, one step each', () => {
    const decision = both({});
    expect(decision.kind === 'shift' && decision.changes.map((change) => change.routeId)).toEqual(['shop', 'cart']);
  });

  it('all wait for the one that cannot be read', () => {
    expect(both({ routes: { cart: unseen('Throttling', true, held) } })).toMatchObject({
      kind: 'hold',
      reason: 'AwsUnreachable',
      message: expect.stringMatching(/^Route cart could not be read \(Throttling/),
    });
  });

  it.each<[string, Parameters<typeof both>, string, string, string]>([
    [
      'one that is gone outranks one that is unreachable: waiting will not bring it back',
      [{ routes: { shop: unseen('Throttling', true, held), cart: unseen('RuleNotFound', false, held) } }],
      'block',
      'AwsUnreachable',
      'AwsUnreachable',
    ],
    [
      'one that is unreachable outranks one that is old: it is why',
      [
        {
          routes: {
            shop: unseen('Throttling', true, held),
            cart: seenAt(held - 40_000, aLiveRoute(cartWeights(90, 10))),
          },
        },
      ],
      'hold',
      'AwsUnreachable',
      'ObservationIsStale',
    ],
    [
      'one that is old outranks a foreign target group in another: it is decided on all or on none',
      [
        {
          routes: {
            shop: seenAt(held - 40_000, aLiveRoute(redBlack(90, 10))),
            cart: seenAt(held, aLiveRoute([...cartWeights(90, 10), { targetGroupArn: stranger, weight: 0 }])),
          },
        },
      ],
      'hold',
      'ObservationIsStale',
      'ForeignTargetGroup',
    ],
    [
      'drift outranks a read of another that lags behind',
      [
        {
          routes: { shop: ofShop(redBlack(100, 0), noon + 1), cart: seenAt(noon + 1, aLiveRoute(cartWeights(1, 99))) },
        },
        {},
        noon + 1,
      ],
      'block',
      'LiveWeightsDiffer',
      'SettleTime',
    ],
    [
      'a cordoned receiver outranks one of an unknown cluster: a person can act on it',
      [{ clusters: { 'c-green': aCluster('c-green', { cordoned: true }), 'c-green-cart': undefined } }],
      'hold',
      'ClusterIsCordoned',
      'ObservationIsStale',
    ],
    [
      'a receiver that nobody has seen outranks one without health: it may be worse',
      [{ health: { [black]: seenAt(held, sick(black, 3)), [ofCart(black)]: undefined } }, { stepIndex: 0 }],
      'hold',
      'ObservationIsStale',
      'WaitingForHealthyTargets',
    ],
  ])('%s', (_sentence, args, kind, leads, beside) => {
    const decision = both(...args);
    expect(decision).toMatchObject({ kind, reason: leads });
    expect(decision.beside.map((one) => one.reason)).toContain(beside);
  });
});

it('every reason that a decision can have has a meaning', () => {
  for (const meaning of Object.values(reasons)) expect(meaning.length).toBeGreaterThan(5);
});
