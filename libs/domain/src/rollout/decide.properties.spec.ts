import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  aCluster,
  aLiveRoute,
  anObservation,
  aPlan,
  aRollout,
  aWrite,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  stranger,
  unseen,
} from '../testing/builders.js';
import { isAttached, raisesShare, shareOf } from '../weights/equal.js';
import { unsafeWeights } from '../weights/validate.js';
import { decide } from './decide.js';
import { explain } from './explain.js';
import { countHold, requiredHoldMs } from './hold.js';
import { rolloutStates } from './states.js';
import type { Fact, Observation, Rollout } from './types.js';

const weights = fc.oneof(
  fc.constantFrom(
    redBlack(100, 0),
    redBlack(90, 10),
    redBlack(50, 50),
    redBlack(0, 100),
    redBlack(1),
    redBlack(0, 0),
    [],
    [...redBlack(90, 10), { targetGroupArn: stranger, weight: 1 }],
  ),
  fc.tuple(fc.nat(999), fc.nat(999)).map(([r, b]) => redBlack(r, b)),
);
const age = fc.constantFrom(-40_000, -1, 0, 1_000, 4_999, 5_000, 29_999, 30_000, 30_001, 90_000);
const now = noon + 5_000;

function fact<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Fact<T>> {
  return fc.oneof(
    {
      weight: 15,
      arbitrary: fc
        .tuple(fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, age), value)
        .map(([ageMs, seen]) => seenAt(now - ageMs, seen)),
    },
    { weight: 1, arbitrary: fc.constantFrom(unseen('Throttling', true, now), unseen('RuleNotFound', false, now)) },
  );
}
const ownership = fc.oneof(
  { weight: 15, arbitrary: fc.constant({ kind: 'sluice' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('continuous', 'applyTime')
      .map((kind) => ({ kind: kind as 'continuous', owner: 'o', evidence: 'e', advice: 'a' })),
  },
);
const rarely = fc.constantFrom(...Array.from({ length: 9 }, () => false), true);
const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { freq: 20 }).map((one) => (one === null ? {} : { [key]: one }));
const merged = (...parts: fc.Arbitrary<object>[]) => fc.tuple(...parts).map((list) => Object.assign({}, ...list));

const observations = (rollout: Rollout): fc.Arbitrary<Observation> => {
  const asExpected = fc.constant(rollout.expected['shop'] ?? []);
  const live = fc
    .tuple(fc.oneof({ weight: 12, arbitrary: asExpected }, weights), ownership)
    .map(([w, owner]) => aLiveRoute(w, { ownership: owner }));
  const healthy = (arn: string) =>
    fact(
      fc
        .constantFrom(0, 1, 2, 2, 2, 3)
        .map((count) =>
          healthOf(arn, count, { unhealthy: 1, total: count + 1, reasons: { 'Target.Timeout': 1, constructor: 1 } }),
        ),
    );
  const cluster = (id: string) => fc.record({ cordoned: rarely, retired: rarely }).map((flags) => aCluster(id, flags));
  return fc.record({
    routes: merged(maybe('shop', fact(live))),
    health: merged(maybe(red, healthy(red)), maybe(black, healthy(black))),
    clusters: merged(maybe('c-blue', cluster('c-blue')), maybe('c-green', cluster('c-green'))),
    writes: fc.oneof(
      { weight: 8, arbitrary: fc.constant([]) },
      fc.array(
        fc
          .record({
            purpose: fc.constantFrom('step', 'rollback'),
            state: fc.constantFrom('pending', 'sent', 'applied', 'failed', 'superseded'),
            routeId: fc.constantFrom('shop', 'gone'),
            reason: fc.constantFrom(null, 'AccessDenied', 'LiveWeightsDiffer', 'toString'),
            live: fc.option(weights),
          })
          .map((write) => aWrite(write as Partial<ReturnType<typeof aWrite>>)),
        { maxLength: 3 },
      ),
    ),
  });
};

const plans = fc.constantFrom(
  ...(['block', 'rollback'] as const).flatMap((onHealthLost) =>
    [0, 2_000, 60_000].flatMap((settleMs) =>
      [1, 2].map((minHealthyTargets) =>
        aPlan({ onHealthLost, settleMs, minHealthyTargets, recheckMs: settleMs === 0 ? 1_000 : 10_000 }),
      ),
    ),
  ),
);

const rollouts: fc.Arbitrary<Rollout> = fc
  .record({
    plan: plans,
    state: fc.oneof({ weight: 9, arbitrary: fc.constant('Running' as const) }, fc.constantFrom(...rolloutStates)),
    stepIndex: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(0, 1, 2) },
      { weight: 3, arbitrary: fc.integer({ min: -2, max: 5 }) },
    ),
    verifiedAt: fc.constantFrom(noon, noon, noon, noon, noon, null, now - 100),
    heldMs: fc.constantFrom(0, 4_000, 10_000, 100_000, 100_000),
    heldCheckedAt: fc.constantFrom(noon, null, now + 5_000, noon - 86_400_000),
    expected: fc.oneof(
      { weight: 9, arbitrary: fc.constant(null) },
      weights.map((shop) => ({ shop })),
      fc.constant({}),
    ),
    advanceRequestedBy: fc.constantFrom(null, null, 'ana'),
    startAt: fc.constantFrom(null, noon, now + 1, 1e300),
    finishedAt: fc.constantFrom(null, noon),
    forced: fc.constantFrom(null, null, null, { by: 'ana', reason: 'drill' }),
  })
  .map(({ expected, ...change }) => aRollout(expected ? { ...change, expected } : change));

const cases = rollouts.chain((rollout) => fc.tuple(fc.constant(rollout), observations(rollout)));
const runs = { numRuns: 1_000 };

describe('whatever is observed', () => {
  it('decides, the same each time, with a reason, a sentence and a time that is not past', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        expect(decide(rollout, seen, now)).toEqual(decision);
        expect(decision.message).not.toMatch(/undefined|\[object|NaN/);
        expect(explain(rollout, decision, now).length).toBeGreaterThan(10);
        if (decision.wakeAt !== null) expect(decision.wakeAt).toBeGreaterThanOrEqual(now);
      }),
      runs,
    );
  });

  it('survives observations that nobody could have made', () => {
    const anyFact = fc.oneof(
      fc.record({
        ok: fc.constant(false),
        at: fc.double(),
        transient: fc.boolean(),
        code: fc.string(),
        message: fc.string(),
      }),
      fc.constant(unseen('X', true)),
    );
    const keys = fc.constantFrom('shop', red, black, '__proto__', 'constructor', 'c-green');
    const strange = fc.record({
      routes: fc.dictionary(keys, anyFact),
      health: fc.dictionary(keys, anyFact),
      clusters: fc.constant({}),
      writes: fc.constant([]),
    });
    fc.assert(
      fc.property(rollouts, strange, fc.double(), (rollout, seen, at) => {
        expect(decide(rollout, seen as Observation, at).reason).toBeTruthy();
      }),
    );
  });

  it('shifts only to the next step, or again to one that was not finished, and only while running or due', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        if (decision.kind !== 'shift') return;
        const unfinished = rollout.verifiedAt === null && rollout.plan.steps[rollout.stepIndex] !== undefined;
        expect(decision.stepIndex).toBe(unfinished ? rollout.stepIndex : rollout.stepIndex + 1);
        const due = rollout.state === 'Scheduled' && rollout.startAt !== null && rollout.startAt <= now;
        expect(rollout.state === 'Running' || due).toBe(true);
      }),
      runs,
    );
  });

  it('never shifts before the hold is served, nor before the settle time, whoever advances', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        const step = rollout.plan.steps[rollout.stepIndex];
        const moves = decision.kind === 'shift' || (decision.kind === 'finish' && decision.outcome === 'Succeeded');
        if (!moves || !step || rollout.verifiedAt === null) return;
        expect(countHold(rollout, now).heldMs).toBeGreaterThanOrEqual(requiredHoldMs(rollout));
        expect(countHold(rollout, now).heldMs).toBeGreaterThanOrEqual(rollout.plan.settleMs);
      }),
      runs,
    );
  });

  it('never raises a share where fresh health is missing or too little, unless a named person forced it', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        if (decision.kind !== 'shift' || rollout.forced) return;
        for (const change of decision.changes) {
          for (const arn of [red, black].filter((one) => raisesShare(change.before, change.after, one))) {
            const health = seen.health[arn];
            expect(isAttached(change.before, arn)).toBe(true);
            expect(
              health?.ok &&
                Math.abs(now - health.at) <= 30_000 &&
                health.value.healthy >= rollout.plan.minHealthyTargets,
            ).toBe(true);
          }
        }
      }),
      runs,
    );
  });

  it('never raises a share of a cordoned or retired cluster, forced or not', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        if (decision.kind !== 'shift') return;
        for (const change of decision.changes) {
          if (raisesShare(change.before, change.after, black))
            expect(seen.clusters['c-green']).toMatchObject({ cordoned: false, retired: false });
          if (raisesShare(change.before, change.after, red))
            expect(seen.clusters['c-blue']).toMatchObject({ cordoned: false, retired: false });
        }
      }),
      runs,
    );
  });

  it('writes only what AWS takes, only where no reconciler is known, and leaves a healthy backend with weight where one is', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        if (decision.kind !== 'shift' && decision.kind !== 'rollback') return;
        const route = seen.routes['shop'];
        const isFresh = route?.ok && Math.abs(now - route.at) <= 30_000;
        if (isFresh) expect(route.value.ownership.kind).not.toBe('continuous');
        if (decision.kind === 'shift') expect(isFresh).toBe(true);
        for (const { before, after } of decision.changes) {
          expect(unsafeWeights(after)).toBeNull();
          const healthy = [...before, ...after]
            .map((one) => one.targetGroupArn)
            .filter((arn) => {
              const health = seen.health[arn];
              return health?.ok && Math.abs(now - health.at) <= 30_000 && health.value.healthy > 0;
            });
          const receives = after.filter((one) => one.weight > 0).map((one) => one.targetGroupArn);
          const isUnseen = receives.some(
            (arn) => !seen.health[arn]?.ok || Math.abs(now - (seen.health[arn]?.at ?? 0)) > 30_000,
          );
          if (healthy.length > 0 && !(decision.kind === 'rollback' && isUnseen))
            expect(receives.some((arn) => healthy.includes(arn))).toBe(true);
        }
      }),
      runs,
    );
  });

  it('writes nothing while a write is open, and nothing on live weights that are not as believed', () => {
    fc.assert(
      fc.property(cases, ([rollout, seen]) => {
        const decision = decide(rollout, seen, now);
        if (decision.kind !== 'shift') return;
        expect(seen.writes.some((write) => write.state === 'pending' || write.state === 'sent')).toBe(false);
        const live = seen.routes['shop'];
        if (!live?.ok) throw new Error('shifted blindly');
        for (const arn of [red, black, stranger])
          expect(shareOf(live.value.action.weights, arn)).toBeCloseTo(
            shareOf(rollout.expected['shop'] ?? redBlack(100, 0), arn),
            9,
          );
      }),
      runs,
    );
  });
});

describe('a rollout driven by decide', () => {
  /** Real time that passes, whether somebody looked, how healthy green is, and by how much the clock lies. */
  const ticks = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      healthy: fc.constantFrom(0, 1, 2, 2, 2),
      clockMs: fc.constantFrom(0, 0, 0, -3_600_000),
    }),
    { minLength: 20, maxLength: 80 },
  );

  it('takes every step once, in order, and holds each for its full time, through outages and a clock that steps back', () => {
    fc.assert(
      fc.property(ticks, (list) => {
        let rollout = aRollout({ stepIndex: -1 });
        let [real, skew, verifiedReal] = [noon, 0, noon];
        const steps: number[] = [];
        for (const tick of list) {
          real += tick.afterMs;
          skew += tick.clockMs;
          const clock = real + skew;
          if (rollout.verifiedAt !== null && rollout.verifiedAt > clock) rollout = { ...rollout, verifiedAt: clock };
          const decision = decide(
            rollout,
            anObservation(rollout, clock, {
              health: { [red]: seenAt(clock, healthOf(red, 2)), [black]: seenAt(clock, healthOf(black, tick.healthy)) },
            }),
            clock,
          );
          rollout = { ...rollout, ...countHold(rollout, clock) };
          if (decision.kind === 'finish') {
            expect(steps).toEqual([0, 1, 2, 3]);
            return;
          }
          if (decision.kind !== 'shift') continue;
          if (steps.length > 0) expect(real - verifiedReal).toBeGreaterThanOrEqual(5_000);
          steps.push(decision.stepIndex);
          expect(steps).toEqual(steps.map((_, i) => i));
          for (const change of decision.changes)
            rollout = { ...rollout, expected: { ...rollout.expected, [change.routeId]: change.after } };
          rollout = { ...rollout, stepIndex: decision.stepIndex, verifiedAt: clock, heldMs: 0, heldCheckedAt: clock };
          verifiedReal = real;
        }
      }),
      { numRuns: 500 },
    );
  });
});
