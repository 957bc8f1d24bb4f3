import { describe, it, expect } from '@jest/globals';
import {
  anObservation,
  aPlan,
  aRollout,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  sick,
  unseen,
  aLiveRoute,
  aCluster,
} from '../testing/builders.js';
import { decide } from './decide.js';
import { contextOf } from './context.js';
import { explain } from './explain.js';
import type { RolloutDraft } from '../testing/builders.js';
import type { Observation } from './types.js';

function explained(
  change: RolloutDraft,
  seen: Partial<Observation> = {},
  decidedAt = noon + 2_000,
  now = decidedAt,
): string {
  const rollout = aRollout(change);
  const observed = anObservation(rollout, decidedAt, seen);
  const later = anObservation(rollout, now, seen);
  return explain(rollout, decide(rollout, observed, decidedAt), contextOf(rollout, later, now).remainingMs, now);
}

describe('explaining a rollout to an operator', () => {
  it.each<[string, string, string]>([
    [
      'a hold',
      explained({ stepIndex: 2 }),
      'Holding step 3 of 4 (red 50 %, black 50 %) for 3 more seconds; then step 4 of 4 (red 0 %, black 100 %) if green-2026 has at least 1 healthy target (has 2).',
    ],
    [
      'a hold, a second after it was decided',
      explained({ stepIndex: 2 }, {}, noon + 2_000, noon + 3_000),
      'Holding step 3 of 4 (red 50 %, black 50 %) for 2 more seconds; then step 4 of 4 (red 0 %, black 100 %) if green-2026 has at least 1 healthy target (has 2).',
    ],
    [
      'the last hold',
      explained({ stepIndex: 3 }),
      'Holding step 4 of 4 (red 0 %, black 100 %) for 3 more seconds; then it has succeeded.',
    ],
    [
      'a hold before a step that would have to wait',
      explained(
        { stepIndex: 0 },
        { health: { [red]: seenAt(noon, healthOf(red, 2)), [black]: seenAt(noon, sick(black, 3)) } },
      ),
      'Holding step 1 of 4 (red 100 %, black 0 %) for 3 more seconds; then step 2 of 4 (red 90 %, black 10 %) if green-2026 has at least 1 healthy target (has 0).',
    ],
    [
      'a hold whose receiver nobody has seen',
      explained({ stepIndex: 0 }, { health: { [red]: seenAt(noon, healthOf(red, 2)) } }),
      'Holding step 1 of 4 (red 100 %, black 0 %) for 3 more seconds; then step 2 of 4 (red 90 %, black 10 %) if green-2026 has at least 1 healthy target (not known yet). The target health of green-2026 has not been read yet; it is read again before its share is raised.',
    ],
    [
      'a hold before a step that something else stops',
      explained({}, { clusters: { 'c-blue': aCluster('c-blue'), 'c-green': aCluster('c-green', { cordoned: true }) } }),
      'Holding step 2 of 4 (red 90 %, black 10 %) for 3 more seconds; then step 3 of 4 (red 50 %, black 50 %) if green-2026 has at least 1 healthy target (has 2). Step 3 of 4 (red 50 %, black 50 %) would raise the share of green-2026, which is cordoned. Uncordon it, abort, or roll back.',
    ],
    [
      'an advance',
      explained({ stepIndex: 2, advanceRequestedBy: 'ana' }, {}, noon + 500),
      'Letting the load balancer converge after step 3 of 4 (red 50 %, black 50 %) for 2 more seconds; then step 4 of 4 (red 0 %, black 100 %) if green-2026 has at least 1 healthy target (has 2).',
    ],
    [
      'a start to come',
      explained({ state: 'Scheduled', stepIndex: -1, startAt: noon + 92_000 }),
      'Starts in 1 minute 30 seconds (2026-11-23T12:01:32.000Z), or now by the verb start; first comes step 1 of 4 (red 100 %, black 0 %).',
    ],
    ['a start by hand', explained({ state: 'Scheduled', stepIndex: -1 }), 'Waits for the verb start.'],
    [
      'an outage',
      explained({}, { routes: { shop: unseen('Throttling', true) } }),
      'Route shop could not be read (Throttling: AWS answered Throttling); it is tried again. Looks again in 5 seconds.',
    ],
    [
      'a block',
      explained({}, { routes: { shop: seenAt(noon + 2_000, aLiveRoute(redBlack(80, 20))) } }),
      'Somebody else changed the weights: route shop is live at black 20 %, red 80 %; last written black 10 %, red 90 % (as intended). Adopt what is live, reassert what was written, abort, or roll back.',
    ],
    ['the next step', explained({}, {}, noon + 5_000), 'Step 3 of 4 (red 50 %, black 50 %) starts and writes 1 route.'],
  ])('%s', (_what, sentence, expected) => {
    expect(sentence).toBe(expected);
  });

  it('names the backend where a cluster has two in one route', () => {
    const plan = aPlan();
    const [route] = plan.routes;
    if (!route) throw new Error('no route');
    const inOneCluster = {
      ...plan,
      routes: [
        {
          ...route,
          backends: route.backends.map((backend) => ({ ...backend, clusterId: 'c', clusterName: 'blue-2025' })),
        },
      ],
    };
    expect(explained({ plan: inOneCluster })).toContain('if black in blue-2025 has at least 1 healthy target (has 2)');
  });

  it('takes a decision that was stored and read back, whatever became of its facts', () => {
    const rollout = aRollout();
    const decision = decide(rollout, anObservation(rollout, noon), noon);
    expect(explain(rollout, { ...decision, facts: { receivers: ['?', null, 3] } }, 5_000, noon)).toContain(
      'then step 3 of 4 (red 50 %, black 50 %).',
    );
  });
});
