import { describe, expect, it } from '@jest/globals';
import { at, rollout, weights } from '../testing/rollout.js';
import { standingOf, standingRoutes, verifiedCount, waitsOf, type RouteProgress } from './route-standing.js';

const route = (change: Partial<RouteProgress> = {}): RouteProgress => ({
  routeId: 'rou_shop',
  name: 'shop',
  stepIndex: 0,
  expected: weights(90, 10),
  verifiedAt: at(0),
  write: null,
  ill: [],
  ...change,
});
const write = (state: 'pending' | 'sent' | 'failed'): NonNullable<RouteProgress['write']> => ({
  intentId: 'int_1',
  purpose: 'step',
  state,
  reason: null,
  message: null,
});

const kept = { ...write('pending'), reason: 'WaitingForHealthyTargets', message: 'None is healthy.' };
const sick = { backend: 'black', healthy: 0, total: 2 };
const differs = { routeId: 'rou_shop', intended: [], lastWritten: [], live: [], foreign: [] };

describe('how a route stands in the present step', () => {
  it.each([
    ['verified, once nothing is outstanding', route(), rollout(), 'verified'],
    [
      'queued, while its write waits for the budget',
      route({ verifiedAt: null, write: write('pending') }),
      rollout(),
      'queued',
    ],
    [
      'waiting, while its write is kept back for a reason',
      route({ verifiedAt: null, write: kept }),
      rollout(),
      'waiting',
    ],
    [
      'being written, while its write is on its way',
      route({ verifiedAt: null, write: write('sent') }),
      rollout(),
      'writing',
    ],
    ['not written, when its write failed', route({ verifiedAt: null, write: write('failed') }), rollout(), 'failed'],
    [
      'ill, where a backend with a share lacks healthy targets, though it is verified',
      route({ ill: [sick] }),
      rollout(),
      'ill',
    ],
    [
      'verified, however its targets are once it has ended',
      route({ ill: [sick] }),
      rollout({ state: 'Succeeded' }),
      'verified',
    ],
    ['different, where somebody else changed it', route(), rollout({ diffs: [differs] }), 'differs'],
    [
      'to come, before the first step',
      route({ stepIndex: -1, verifiedAt: null }),
      rollout({ stepIndex: -1 }),
      'toCome',
    ],
    ['left, where the step goes on without it', route(), rollout({ stepIndex: 1 }), 'left'],
    ['to come, until it is on its way back', route(), rollout({ state: 'RollingBack' }), 'toCome'],
    [
      'back, at the shares before the rollout',
      route({ expected: weights(100, 0) }),
      rollout({ state: 'RolledBack' }),
      'verified',
    ],
    [
      'not reached, once the rollout has ended without it',
      route({ stepIndex: -1, verifiedAt: null }),
      rollout({ state: 'Aborted' }),
      'notReached',
    ],
  ] as const)('%s', (_sentence, one, of, expected) => {
    expect(standingOf(of, one)).toBe(expected);
  });

  it('puts those first that need a person, then counts as people do', () => {
    const named = (name: string, change: Partial<RouteProgress> = {}) =>
      route({ routeId: `rou_${name}`, name, ...change });
    const routes = [named('shop-10'), named('shop-2'), named('zoo', { verifiedAt: null, write: write('failed') })];
    expect(standingRoutes(rollout({ routes })).map((one) => one.route.name)).toEqual(['zoo', 'shop-2', 'shop-10']);
    expect(verifiedCount(rollout({ routes }))).toBe(2);
  });

  it('tells of each reason once, with how many it holds up and what is said of the first', () => {
    const held = ['a', 'b', 'c'].map((name) => route({ routeId: name, name, write: kept }));
    const failed = route({
      routeId: 'd',
      name: 'd',
      write: { ...write('failed'), reason: 'AccessDenied', message: 'No.' },
    });
    const rows = standingRoutes(rollout({ routes: [...held, failed] }));
    expect(waitsOf(rows)).toEqual([
      { reason: 'WaitingForHealthyTargets', count: 3, example: { name: 'a', message: 'None is healthy.' } },
      { reason: 'AccessDenied', count: 1, example: { name: 'd', message: 'No.' } },
    ]);
  });
});
