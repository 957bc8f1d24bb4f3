import { describe, it, expect } from '@jest/globals';
import {
  aLiveRoute,
  aPlan,
  aRollout,
  aRoute,
  aWrite,
  noon,
  redBlack,
  seenAt,
  stranger,
  unseen,
} from '../testing/builders.js';
import { clusters, decided, health, held, live, ownedByLbc, type Seen } from '../testing/deciding.js';
import type { PlanSpec } from '../plan/types.js';
import type { RolloutDraft } from '../testing/builders.js';

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
  // black left the second route after the start, so the next step can't be made of it
  const lame = aRoute({ id: 'cart', name: 'cart', backends: aRoute().backends.slice(0, 1), baseline: redBlack(1) });
  const unsafe: RolloutDraft = {
    plan: { ...planned, routes: [aRoute(), lame] },
    expected: { shop: redBlack(90, 10), cart: redBlack(1) },
  };
  const bothLive: Seen = {
    routes: { ...live().routes, cart: seenAt(held, aLiveRoute(redBlack(1))) },
  };
  it.each<[string, RolloutDraft, Seen, number, string, string]>([
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
      unsafe,
      { ...bothLive, ...clusters({ retired: true }) },
      held,
      'ClusterIsRetired',
      'UnsafeWeights',
    ],
    [
      'unsafe weights outrank cordoned: uncordoning would not help',
      unsafe,
      { ...bothLive, ...clusters({ cordoned: true }) },
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
      { ...seen, ...(seen.routes ? {} : live(aRollout(change).routes[0]!.expected, {}, now)) },
      now,
    );
    expect(decision.reason).toBe(leads);
    expect(decision.beside.map((one) => one.reason)).toContain(beside);
  });
});
