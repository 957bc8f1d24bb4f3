import { describe, expect, it } from '@jest/globals';
import { at, rollout, weights } from '../testing/rollout.js';
import { standingOf, standingRoutes, verifiedCount, type RouteProgress } from './route-standing.js';

const route = (change: Partial<RouteProgress> = {}): RouteProgress => ({
  routeId: 'rou_shop',
  name: 'shop',
  stepIndex: 0,
  expected: weights(90, 10),
  verifiedAt: at(0),
  write: null,
  ...change,
});
const write = (state: 'pending' | 'sent' | 'failed'): NonNullable<RouteProgress['write']> => ({
  intentId: 'int_1',
  purpose: 'step',
  state,
  reason: null,
  message: null,
});

describe('how a route stands in the present step', () => {
  it.each([
    ['verified, once nothing is outstanding', route(), rollout(), 'verified'],
    [
      'being written, while its write is queued',
      route({ verifiedAt: null, write: write('pending') }),
      rollout(),
      'writing',
    ],
    [
      'being written, while its write is on its way',
      route({ verifiedAt: null, write: write('sent') }),
      rollout(),
      'writing',
    ],
    ['not written, when its write failed', route({ verifiedAt: null, write: write('failed') }), rollout(), 'failed'],
    ['to come, before its turn', route({ stepIndex: -1, verifiedAt: null }), rollout(), 'toCome'],
    ['to come, where it stands at the step before', route(), rollout({ stepIndex: 1 }), 'toCome'],
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
});
