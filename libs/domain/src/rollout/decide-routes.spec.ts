import { describe, it, expect } from '@jest/globals';
import {
  aCluster,
  aLiveRoute,
  anObservation,
  aPlan,
  aRollout,
  aRoute,
  black,
  healthOf,
  noon,
  redBlack,
  seenAt,
  sick,
  stranger,
  unseen,
} from '../testing/builders.js';
import { held } from '../testing/deciding.js';
import { applied } from './applied.js';
import { decide } from './decide.js';
import { decided } from './evolve.js';
import type { RolloutDraft } from '../testing/builders.js';
import type { Observation } from './types.js';

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
    rolloutChange: RolloutDraft = {},
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

  const ofCartHealth = (healthy: number | null) => ({
    [ofCart(black)]: seenAt(held, healthy ? healthOf(ofCart(black), healthy) : sick(ofCart(black), 3)),
  });

  it('go on without the one whose new backend is ill, which is named and left', () => {
    const decision = both({ health: ofCartHealth(0) }, { stepIndex: 0 });
    expect(decision).toMatchObject({
      kind: 'shift',
      changes: [{ routeId: 'shop' }],
      left: ['cart'],
      message: expect.stringMatching(
        / starts and writes 1 route\. Left until the new backends are healthy there: route cart\.$/,
      ),
    });
    expect(decision.beside).toMatchObject([
      { reason: 'WaitingForHealthyTargets', message: expect.stringContaining('on cart has 0 of 3') },
    ]);
  });

  it('wait for what is not known yet of any, so that a step is not written piece by piece as looks arrive', () => {
    const decision = both({ health: { [ofCart(black)]: unseen('Throttling', true, held) } }, { stepIndex: 0 });
    expect(decision).toMatchObject({ kind: 'hold', reason: 'ObservationIsStale' });
  });

  it('are a step that is not held until the one that was left is written, too', () => {
    const rollout = aRollout({ plan, stepIndex: 0 });
    const ill = anObservation(rollout, held, {
      health: { ...anObservation(rollout, held).health, ...ofCartHealth(0) },
    });
    const begun = applied(rollout, decided(rollout, ill, decide(rollout, ill, held), held));
    const [shop, cartLeft] = begun.routes;
    expect(begun.stepIndex).toBe(rollout.stepIndex + 1);
    expect(cartLeft).toEqual(rollout.routes[1]);
    const written = {
      ...begun,
      routes: [
        { ...shop!, stepIndex: begun.stepIndex, expected: redBlack(90, 10), verifiedAt: held },
        { ...cartLeft! },
      ],
    };
    const later = held + 60_000;
    const stillIll = anObservation(written, later, {
      health: {
        ...anObservation(written, later).health,
        [ofCart(black)]: seenAt(later, sick(ofCart(black), 3)),
      },
    });
    expect(decide(written, stillIll, later)).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForHealthyTargets',
      message: expect.stringContaining('on cart has 0 of 3'),
    });
    expect(decide(written, anObservation(written, later), later)).toMatchObject({
      kind: 'shift',
      stepIndex: begun.stepIndex,
      changes: [{ routeId: 'cart' }],
      left: [],
      message: expect.stringContaining('goes on with what was not written yet'),
    });
  });

  it('all wait for the one that cannot be read', () => {
    expect(both({ routes: { cart: unseen('Throttling', true, held) } })).toMatchObject({
      kind: 'hold',
      reason: 'AwsUnreachable',
      message: expect.stringMatching(/^Route cart could not be read \(Throttling/),
    });
  });

  it('are told of together where the same is true of them', () => {
    const late = unseen('Throttling', true, held);
    expect(both({ routes: { shop: late, cart: late } }).message).toMatch(
      /^Route shop and cart could not be read \(Throttling[^)]*\); it is tried again\.$/,
    );
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
