import { describe, it, expect } from '@jest/globals';
import {
  aLiveRoute,
  anObservation,
  aPlan,
  aRollout,
  aRoute,
  aWrite,
  healthOf,
  noon,
  redBlack,
  seenAt,
  stranger,
} from '../testing/builders.js';
import { held } from '../testing/deciding.js';
import { threeRoutes } from '../testing/three-routes.js';
import { changesOf } from '../rollout/change.js';
import { decide } from '../rollout/decide.js';
import { decided, decideVersion } from '../rollout/evolve.js';
import { said, type SaidVerb } from '../rollout/said.js';
import type { Instant, Observation, Rollout } from '../rollout/types.js';
import { evidenceOf } from './evidence.js';
import { replay, type KeptDecision } from './replay.js';

/** What the ledger keeps of the decision of this moment, as it is read back. */
function kept(rollout: Rollout, seen: Partial<Observation> = {}, now: Instant = held): KeptDecision {
  const all = anObservation(rollout, now, seen);
  const { ledger, move, word } = decided(rollout, all, decide(rollout, all, now), now);
  if (!ledger) throw new Error('that is no decision');
  const line = { ...ledger, id: 'dec_1', changes: changesOf(move), evidence: evidenceOf(rollout, all, now, word) };
  return JSON.parse(JSON.stringify(line)) as KeptDecision;
}
function keptWord(rollout: Rollout, verb: SaidVerb, seen: Partial<Observation> = {}): KeptDecision {
  const all = anObservation(rollout, held, seen);
  const { ledger, move, word } = said(rollout, all, { verb, actor: 'ana', reason: 'why not' }, held);
  if (!ledger) throw new Error('that is no decision');
  return { ...ledger, id: 'dec_2', changes: changesOf(move), evidence: evidenceOf(rollout, all, held, word) };
}
const rollout = threeRoutes();
const edited = {
  routes: Object.fromEntries(
    rollout.plan.routes.map((one) => [
      one.id,
      seenAt(held, aLiveRoute([...redBlack(80, 20), { targetGroupArn: stranger, weight: 1 }])),
    ]),
  ),
};

describe('a ledger that is decided again', () => {
  it('comes out the same, decisions and words', () => {
    const failed = { writes: [aWrite({ routeId: 'cart', state: 'failed', reason: 'AccessDenied', message: 'no' })] };
    const ledger = [
      kept(rollout),
      kept(rollout, failed),
      kept(threeRoutes({ stepIndex: 3 })),
      keptWord(rollout, 'pause'),
      keptWord(threeRoutes({ state: 'Blocked', pausedFrom: 'Running' }), 'adopt', edited),
      keptWord(threeRoutes({ state: 'Blocked', pausedFrom: 'Running' }), 'reassert', edited),
      keptWord(rollout, 'rollback', edited),
    ];
    expect(replay(rollout.plan, ledger)).toEqual({ same: ledger.length, otherVersion: 0, differs: null });
  });

  const line = kept(rollout);
  it.each<[string, Partial<KeptDecision>, RegExp]>([
    ['what was decided', { kind: 'hold' }, /^its kind is "hold", and would be "shift"/],
    ['why', { message: 'because' }, /^its message is "because", and would be "Step 3/],
    ['which step', { stepIndex: 3 }, /^its stepIndex is 3, and would be 2/],
    ['what it wrote', { changes: line.changes.slice(1) }, /^its changes is \[.*\], and would be \[/],
    ['what it says it saw', { facts: {} }, /^its facts is {}, and would be {/],
    ['that it was one', { evidence: { ...line.evidence!, at: noon } }, /^it is no decision this time: .* is held for/],
    ['its facts', { evidence: null }, /^its facts were not kept/],
  ])('differs where somebody changed %s', (_what, change, why) => {
    expect(replay(rollout.plan, [line, { ...line, id: 'dec_9', ...change }, line])).toEqual({
      same: 1,
      otherVersion: 0,
      differs: { id: 'dec_9', why: expect.stringMatching(why) },
    });
  });

  it('leaves out what another version decided, and lines that nobody decided on facts', () => {
    const older = {
      ...line,
      evidence: { ...line.evidence!, version: decideVersion - 1 },
      message: 'said otherwise then',
    };
    const created = { ...line, kind: 'create', decideVersion: null, evidence: null };
    expect(replay(rollout.plan, [older, created])).toEqual({ same: 0, otherVersion: 1, differs: null });
  });
});

describe('what is kept of the facts', () => {
  const arn = (name: string, i: number) =>
    `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}-${String(i)}/0123456789abcdef`;
  /** Verified one after the other at three writes a second, then looked at together; each target group read by itself. */
  function upgradeOf(count: number) {
    const routes = Array.from({ length: count }, (_, i) =>
      aRoute({
        id: `rte_0000000000000000000000${String(i)}`,
        backends: aRoute().backends.map((backend) => ({ ...backend, targetGroupArn: arn(backend.name, i) })),
        baseline: [
          { targetGroupArn: arn('black', i), weight: 0 },
          { targetGroupArn: arn('red', i), weight: 100 },
        ],
      }),
    );
    const all = aRollout({ plan: aPlan({}, routes), holdFrom: noon - 60_000 });
    const verified = all.routes.map((route, i) => ({ ...route, verifiedAt: noon - 333 * (count - i) }));
    const groups = routes.flatMap((route) => route.backends.map((backend) => backend.targetGroupArn));
    const health = groups.map(
      (group, i) => [group, { ...seenAt(held - 137 * i, healthOf(group, 2)), freshForMs: 60_000 }] as const,
    );
    const writes = routes.map((route, i) => aWrite({ routeId: route.id, intentId: `int_${String(i)}` }));
    return { rollout: { ...all, routes: verified }, seen: { health: Object.fromEntries(health), writes } };
  }

  it.each([
    [1, 750],
    [100, 3_000],
  ])('of a step over %i routes is less than %i bytes', (count, most) => {
    const { rollout: one, seen } = upgradeOf(count);
    const line = kept(one, seen);
    expect(line.changes).toHaveLength(count);
    expect(replay(one.plan, [line]).differs).toBeNull();
    expect(JSON.stringify(line.evidence).length).toBeLessThan(most);
  });
});
