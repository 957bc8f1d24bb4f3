import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { noon, redBlack } from '../testing/builders.js';
import { RolloutWorld } from '../testing/rollout-world.js';
import { threeIds, threeRoutes, threeRoutesPlan } from '../testing/three-routes.js';
import { evidenceOf } from '../replay/evidence.js';
import { recalled } from '../replay/recalled.js';
import { replay } from '../replay/replay.js';
import { sameSplit } from '../goals/same-split.js';
import { changesOf, type LedgerLine } from './change.js';
import { decide } from './decide.js';
import { verifiedAt } from './progress.js';
import { rolloutVerbs } from './states.js';
import type { SaidVerb } from './said.js';

type Deed = (world: RolloutWorld) => void;

const routeId = fc.constantFrom(...threeIds);
const verb = fc.constantFrom(...rolloutVerbs.filter((one): one is SaidVerb => one !== 'start' && one !== 'cancel'));
const healthy = fc.constantFrom(2, 2, 2, 2, 1, 0);
/** What the engine does all the time: time passes, somebody looks, decides, sends, settles. */
const round: fc.Arbitrary<Deed> = fc
  .record({ afterMs: fc.nat(9_000), healthyRed: healthy, healthyBlack: healthy })
  .map(({ afterMs, healthyRed, healthyBlack }) => (world) => {
    world.now += afterMs;
    world.look(healthyRed, healthyBlack);
    world.decide();
  });
const wholeRound: fc.Arbitrary<Deed> = fc.nat(9_000).map((afterMs) => (world) => {
  world.now += afterMs;
  world.look(2, 2);
  world.decide();
  for (const id of threeIds) {
    world.send(id);
    world.settle(id, 'applied');
  }
  world.now += 1;
  world.look(2, 2);
});
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: wholeRound },
  { weight: 6, arbitrary: round },
  { weight: 2, arbitrary: fc.nat(60_000).map((ms) => (world: RolloutWorld) => void (world.now += ms)) },
  {
    weight: 3,
    arbitrary: fc.constant<Deed>((world) => {
      world.decide();
    }),
  },
  {
    weight: 5,
    arbitrary: routeId.map((id) => (world: RolloutWorld) => {
      world.send(id);
    }),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(routeId, fc.constantFrom('applied', 'applied', 'taken, unknown', 'lost, unknown' as const))
      .map(([id, how]) => (world: RolloutWorld) => {
        world.settle(id, how);
      }),
  },
  {
    weight: 1,
    arbitrary: routeId.map((id) => (world: RolloutWorld) => {
      world.meddle(id, redBlack(30, 70));
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(verb, fc.option(fc.subarray([...threeIds], { minLength: 1 })))
      .map(([one, routeIds]) => (world: RolloutWorld) => {
        world.say({ verb: one, actor: 'ana', reason: null, routeIds });
      }),
  },
);
const story = fc.tuple(fc.constantFrom('block', 'rollback' as const), fc.array(deed, { minLength: 10, maxLength: 60 }));

function tell([onHealthLost, deeds]: readonly [string, readonly Deed[]], check: (world: RolloutWorld) => void): void {
  const plan = threeRoutesPlan({ onHealthLost: onHealthLost as 'block' });
  const world = new RolloutWorld(threeRoutes({ plan, stepIndex: -1, holdFrom: noon }));
  for (const one of deeds) one(world);
  check(world);
}
const always = (check: (world: RolloutWorld) => void, numRuns = 200) => {
  fc.assert(
    fc.property(story, (one) => {
      tell(one, check);
    }),
    { numRuns },
  );
};
const stored = <T>(one: T): T => JSON.parse(JSON.stringify(one)) as T;
const aLine: LedgerLine = {
  ...{ kind: '', reason: 'NextStep', message: '', actor: '', stepIndex: null, facts: {}, decideVersion: null },
};
const shifts = (world: RolloutWorld) => world.transitions.filter((one) => one.decision?.kind === 'shift');

describe('whatever is decided, settled, said and seen, in whatever order, over three routes', () => {
  it('takes the steps in order, each begun once, and none before its whole predecessor is verified and held', () => {
    always((world) => {
      const begun: number[] = [];
      for (const { before, after, now } of shifts(world)) {
        if (after.stepIndex === before.stepIndex) continue;
        begun.push(after.stepIndex);
        expect(before.stepIndex < 0 || verifiedAt(before) !== null).toBe(true);
        const step = before.plan.steps[before.stepIndex];
        const leastMs = before.advanceRequestedBy === null ? (step?.holdMs ?? 0) : 0;
        for (const route of step ? before.routes : [])
          expect(now - (route.verifiedAt ?? now)).toBeGreaterThanOrEqual(Math.max(leastMs, before.plan.settleMs));
      }
      expect(begun).toEqual(begun.map((_, i) => i));
    });
  });

  it('ends one hold by one advance', () => {
    always((world) => {
      for (const { before, after } of shifts(world))
        if (before.advanceRequestedBy !== null) expect(after.advanceRequestedBy).toBeNull();
    }, 100);
  });

  it('has no route ahead of the rollout, and one patch for each', () => {
    always((world) => {
      for (const { after, change } of world.transitions) {
        for (const route of after.routes) expect(route.stepIndex).toBeLessThanOrEqual(after.stepIndex);
        expect(new Set(change.routes.map((one) => one.routeId)).size).toBe(change.routes.length);
      }
    });
  });

  it('moves weights only while it runs or goes back, or by the verb that says so', () => {
    always((world) => {
      for (const { after, change } of world.transitions)
        if (change.move) expect(after.state).toBe(change.move.purpose === 'rollback' ? 'RollingBack' : 'Running');
    }, 100);
  });

  it('is rolled back only on evidence, and then it is true', () => {
    always((world) => {
      const last = world.transitions.at(-1);
      if (last?.after.state !== 'RolledBack') return;
      for (const route of last.after.plan.routes) {
        const ours = last.before.routes.find((one) => one.routeId === route.id)?.touched;
        const write = last.seen.writes.find((one) => one.routeId === route.id && one.purpose === 'rollback');
        const fact = last.seen.routes[route.id];
        if (ours) expect(write?.state).toBe('applied');
        else expect(write?.state === 'applied' || fact?.ok).toBe(true);
        if (!world.movedByOthers.has(route.id))
          expect(sameSplit(world.live.get(route.id) ?? [], route.baseline)).toBe(true);
      }
    }, 500);
  });

  it('replays from what is kept of it: every decision, every word, and every wait in between', () => {
    always((world) => {
      const kept = world.transitions.map(({ before, seen, now, change }, i) => ({
        ...(change.ledger ?? aLine),
        id: String(i),
        changes: changesOf(change.move),
        evidence: stored(evidenceOf(before, seen, now, change.word)),
      }));
      const ledger = kept.filter((_, i) => world.transitions[i]?.change.ledger);
      expect(replay(world.rollout.plan, stored(ledger))).toEqual({
        same: ledger.length,
        otherVersion: 0,
        differs: null,
      });
      for (const [i, { decision }] of world.transitions.entries()) {
        const { rollout, seen, now } = recalled(world.rollout.plan, kept[i]!.evidence);
        if (decision !== null) expect(decide(rollout, seen, now)).toEqual(decision);
      }
    }, 100);
  });

  it('goes all the ways that there are, or the rest of this proves little', () => {
    const ways = new Set<string>();
    for (const one of fc.sample(story, { numRuns: 200, seed: 7 }))
      tell(one, (world) => {
        for (const { decision, after } of world.transitions)
          ways.add(decision ? `${decision.kind}: ${after.state}` : `said: ${after.state}`);
      });
    expect([...ways]).toEqual(
      expect.arrayContaining([
        'shift: Running',
        'hold: Running',
        'block: Running', // seen once
        'block: Blocked',
        'rollback: RollingBack',
        'hold: RollingBack',
        'finish: RolledBack',
        'finish: Succeeded',
        'said: Paused',
        'said: Aborted',
        'said: RollingBack',
      ]),
    );
  });
});
