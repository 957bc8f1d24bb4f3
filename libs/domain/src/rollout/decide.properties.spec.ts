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
  watchedSince,
} from '../testing/builders.js';
import { lookedAt } from '../facts/looked-at.js';
import type { Watched } from '../facts/types.js';
import { isAttached, raisesShare, shareOf } from '../weights/equal.js';
import { unsafeWeights } from '../weights/validate.js';
import { decide } from './decide.js';
import { explain } from './explain.js';
import { applied } from './applied.js';
import { decided, settled } from './evolve.js';
import { heldOnRoute, requiredHoldMs } from './hold.js';
import { expectedOf, verifiedAt } from './progress.js';
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
  const asExpected = fc.constant(expectedOf(rollout, rollout.plan.routes[0]!));
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
  const runs = <M>(mark: fc.Arbitrary<M>) =>
    fc
      .record({
        from: age,
        lasts: fc.constantFrom(0, 1_000, 5_000, 40_000),
        joined: fc.boolean(),
        mark,
        periodMs: fc.constantFrom(100, 5_000),
      })
      .map(({ from, lasts, joined, mark: seen, periodMs }) => ({
        periodMs,
        runs: [{ from: now - from - lasts, to: now - from, joined, mark: seen }],
      }));
  const watch = fc.oneof(
    { weight: 9, arbitrary: fc.constant(watchedSince(rollout, noon, now)) },
    fc.record({
      actions: merged(maybe('shop', runs(fc.oneof(asExpected, weights)))),
      health: merged(maybe(red, runs(fc.nat(3))), maybe(black, runs(fc.nat(3)))),
    }),
  );
  return fc.record({
    watch,
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
      [1, 2].map((minHealthyTargets) => aPlan({ onHealthLost, settleMs, minHealthyTargets })),
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
    holdFrom: fc.constantFrom(noon, null, now + 5_000, noon - 86_400_000),
    touched: fc.boolean(),
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
        expect(explain(rollout, decision, 1_000, now).length).toBeGreaterThan(10);
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
      watch: fc.constant({ actions: {}, health: {} }),
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
        const unfinished = verifiedAt(rollout) === null && rollout.plan.steps[rollout.stepIndex] !== undefined;
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
        if (!moves || !step || verifiedAt(rollout) === null) return;
        for (const route of rollout.plan.routes) {
          const heldMs = heldOnRoute(rollout, seen, route, now);
          expect(heldMs).toBeGreaterThanOrEqual(requiredHoldMs(rollout));
          expect(heldMs).toBeGreaterThanOrEqual(rollout.plan.settleMs);
        }
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
            shareOf(expectedOf(rollout, rollout.plan.routes[0]!), arn),
            9,
          );
      }),
      runs,
    );
  });
});

describe('a rollout driven by decide', () => {
  /** Time that passes until the next look, and how healthy green is then. */
  const ticks = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 40_000 }),
      healthy: fc.constantFrom(0, 1, 2, 2, 2),
    }),
    { minLength: 20, maxLength: 80 },
  );

  it('takes every step once, in order, and holds each for its full time, through outages and ill health', () => {
    fc.assert(
      fc.property(ticks, (list) => {
        let rollout = aRollout({ stepIndex: -1, state: 'Running', holdFrom: noon });
        let [now, verifiedAtMs] = [noon, noon];
        const steps: number[] = [];
        const looks: { at: number; healthy: number }[] = [];
        for (const tick of list) {
          now += tick.afterMs;
          looks.push({ at: now, healthy: tick.healthy });
          const seen = anObservation(rollout, now, {
            health: { [red]: seenAt(now, healthOf(red, 2)), [black]: seenAt(now, healthOf(black, tick.healthy)) },
            watch: watchOf(rollout, looks),
          });
          const decision = decide(rollout, seen, now);
          const change = decided(rollout, seen, decision, now);
          rollout = applied(rollout, change);
          if (decision.kind === 'finish') {
            expect(steps).toEqual([0, 1, 2, 3]);
            return;
          }
          if (rollout.state === 'Blocked') rollout = { ...rollout, state: 'Running', holdFrom: now };
          if (decision.kind !== 'shift') continue;
          if (steps.length > 0) expect(now - verifiedAtMs).toBeGreaterThanOrEqual(5_000);
          steps.push(decision.stepIndex);
          expect(steps).toEqual(steps.map((_, i) => i));
          for (const one of decision.changes) {
            const progress = rollout.routes[0]!;
            const write = { purpose: 'step', stepIndex: decision.stepIndex } as const;
            const patch = settled(progress, write, { state: 'applied', live: one.after }, now);
            rollout = { ...rollout, routes: [{ ...progress, ...patch }] };
          }
          verifiedAtMs = now;
        }
      }),
      { numRuns: 500 },
    );
  });

  /** Runs as a reader with a period of 10 s would have them; the action is always as expected. */
  function watchOf(rollout: Rollout, looks: readonly { at: number; healthy: number }[]): Observation['watch'] {
    const joined = <T, M>(mark: (look: { at: number; healthy: number }) => T, sameMark: (a: M, b: M) => boolean) =>
      looks.reduce<Watched<T, M> | null>(
        (before, look) =>
          lookedAt<T, M>(before, { ok: true, at: look.at, value: mark(look) }, 10_000, (v) => v as never, sameMark)
            .watched,
        null,
      )!;
    const expected = expectedOf(rollout, rollout.plan.routes[0]!);
    return {
      actions: {
        shop: joined(
          () => expected,
          () => true,
        ),
      },
      health: {
        [red]: joined(
          () => 2,
          (a, b) => a === b,
        ),
        [black]: joined(
          (look) => look.healthy,
          (a, b) => a === b,
        ),
      },
    };
  }
});
