import { describe, it, expect } from '@jest/globals';
import {
  aLiveRoute,
  aPlan,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  stranger,
  unseen,
} from '../testing/builders.js';
import { clusters, decided, health, held, live, ownedByLbc, writes, type Seen } from '../testing/deciding.js';
import type { RolloutDraft } from '../testing/builders.js';

describe('when nothing moves by itself', () => {
  it.each<[string, RolloutDraft, Seen, string, number | null]>([
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
  it.each<[string, RolloutDraft, Seen, string, string]>([
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
      live(redBlack(100, 0), {}, noon - 1),
      'hold',
      'ObservationIsStale',
    ],
    [
      'a read begun before the write was verified that shows just what was written',
      {},
      live(redBlack(90, 10), {}, noon - 1),
      'shift',
      'NextStep',
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
      left: [],
      stepIndex: 2,
      beside: [],
      wakeAt: held + 15_000,
      message: 'Step 3 of 4 (red 50 %, black 50 %) starts and writes 1 route.',
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
  it.each<[string, RolloutDraft, number, string, number]>([
    ['wakes when the hold ends', {}, noon + 1_000, 'StepIsHolding', noon + 5_000],
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
      { heldMs: 2_000, holdFrom: noon + 600_000 },
      noon + 600_000,
      'StepIsHolding',
      noon + 603_000,
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

  it('begins its hold when everything turns out to be written: nothing else would ever wake it', () => {
    expect(decided({ verifiedAt: null })).toMatchObject({ kind: 'shift', stepIndex: 1, changes: [] });
  });
});
