import { describe, it, expect } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { aCluster, black, healthOf, noon, red, redBlack, seenAt, sick, stranger, unseen } from '../testing/builders.js';
import { aChange, fresh, healthBy, someFacts } from '../testing/proposed.js';
import type { Reason } from '../rollout/decision.js';
import type { Ownership } from '../route/types.js';
import { isAttached, raisesShare } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { unsafeWeights } from '../weights/validate.js';
import { mayMove, policyRules, worst } from './may-move.js';
import {
  ruleNames,
  type Effect,
  type PolicyFacts,
  type ProposedChange,
  type Purpose,
  type RuleFinding,
  type RuleName,
} from './types.js';

const purposes: readonly Purpose[] = ['planned', 'person', 'emergency'];
const forced = { by: 'ana', reason: 'drill' };
const lbc: Ownership = { kind: 'continuous', owner: 'the LBC', evidence: 'tag x', advice: 'Use another listener.' };
const terraform: Ownership = { kind: 'applyTime', owner: 'Terraform', evidence: 'tag y', advice: 'Acknowledge that.' };
const with9 = (weights: Weights, weight: number): Weights => [...weights, { targetGroupArn: stranger, weight }];
const away = { before: redBlack(50, 50), after: redBlack(100, 0) };
const clusters = (ofGreen: Parameters<typeof aCluster>[1] | null): Partial<PolicyFacts> => ({
  clusters: { 'c-blue': aCluster('c-blue'), ...(ofGreen && { 'c-green': aCluster('c-green', ofGreen) }) },
});
type Health = Parameters<typeof healthBy>[0][string];
const health = (ofRed: Health | null, ofBlack: Health | null): Partial<PolicyFacts> => ({
  health: healthBy({ ...(ofRed && { [red]: ofRed }), ...(ofBlack && { [black]: ofBlack }) }),
});
const well = (arn: string, ageMs = 0) => seenAt(noon - ageMs, healthOf(arn, 2));

/** What one rule does: planned, a person, an emergency; then the same three when forced. */
type Column = readonly [Effect | null, Effect | null, Effect | null];
interface Row {
  readonly when: string;
  readonly rule: RuleName;
  readonly reason: Reason;
  readonly change?: Partial<ProposedChange>;
  readonly facts?: Partial<PolicyFacts>;
  readonly does: Column;
  /** Default: the same. */
  readonly forcedDoes?: Column;
}
const waiting: Column = ['hold', 'refuse', 'note'];
const ending: Column = ['refuse', 'refuse', 'note'];
const binding: Column = ['refuse', 'refuse', 'leave'];
const noted: Column = ['note', 'note', 'note'];

const rows: readonly Row[] = [
  {
    when: 'all weights are 0',
    rule: 'unsafeWeights',
    reason: 'UnsafeWeights',
    change: { after: redBlack(0, 0) },
    does: binding,
  },
  {
    when: 'there would be six target groups',
    rule: 'unsafeWeights',
    reason: 'UnsafeWeights',
    change: { after: ['a', 'b', 'c', 'd', 'e', 'f'].map((targetGroupArn) => ({ targetGroupArn, weight: 1 })) },
    does: binding,
  },
  {
    when: 'a controller owns the route',
    rule: 'ownership',
    reason: 'RouteOwnedByReconciler',
    change: { ownership: lbc, acknowledged: true },
    does: binding,
  },
  {
    when: 'nobody knows yet who owns the route',
    rule: 'ownership',
    reason: 'ObservationIsStale',
    change: { ownership: null },
    does: waiting,
  },
  {
    when: 'Terraform made the route and nobody acknowledged that',
    rule: 'acknowledgement',
    reason: 'ApplyTimeToolNotAcknowledged',
    change: { ownership: terraform },
    does: waiting,
  },
  {
    when: 'a foreign target group is in the action',
    rule: 'foreign',
    reason: 'ForeignTargetGroup',
    change: { before: with9(redBlack(90, 10), 5), after: with9(redBlack(50, 50), 5) },
    does: ending,
  },
  {
    when: 'a foreign target group would get in',
    rule: 'foreign',
    reason: 'ForeignTargetGroup',
    change: { after: with9(redBlack(50, 50), 5) },
    does: ending,
  },
  {
    when: 'the receiver’s cluster is retired',
    rule: 'retired',
    reason: 'ClusterIsRetired',
    facts: clusters({ retired: true }),
    does: ending,
  },
  {
    when: 'the receiver’s cluster is evacuated',
    rule: 'mask',
    reason: 'ClusterIsEvacuated',
    facts: { mask: new Set(['c-green']) },
    does: ['hold', 'refuse', 'leave'],
  },
  {
    when: 'an evacuated cluster would keep some of its share',
    rule: 'mask',
    reason: 'ClusterIsEvacuated',
    change: { before: redBlack(50, 50), after: redBlack(90, 10) },
    facts: { mask: new Set(['c-green']) },
    does: ['hold', 'refuse', 'leave'],
  },
  {
    when: 'a freeze is on',
    rule: 'freeze',
    reason: 'FrozenByFreeze',
    facts: { freeze: { by: 'bob', reason: 'Black Friday' } },
    does: ['hold', 'refuse', null],
  },
  {
    when: 'the receiver’s cluster is cordoned',
    rule: 'cordoned',
    reason: 'ClusterIsCordoned',
    facts: clusters({ cordoned: true }),
    does: waiting,
  },
  {
    when: 'nothing is known of the receiver’s cluster',
    rule: 'clusterKnown',
    reason: 'ObservationIsStale',
    facts: clusters(null),
    does: waiting,
  },
  {
    when: 'the receiver isn’t attached',
    rule: 'attached',
    reason: 'ReceiverNotAttached',
    change: { before: redBlack(100) },
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'nobody looked at the receiver’s health',
    rule: 'healthKnown',
    reason: 'ObservationIsStale',
    facts: health(well(red), null),
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'the receiver’s health is a millisecond too old',
    rule: 'healthKnown',
    reason: 'ObservationIsStale',
    facts: health(well(red), well(black, fresh + 1)),
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'the receiver’s health comes from the future, where the clock went back',
    rule: 'healthKnown',
    reason: 'ObservationIsStale',
    facts: health(well(red), well(black, -fresh - 1)),
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'the receiver’s health can’t be read just now',
    rule: 'healthKnown',
    reason: 'ObservationIsStale',
    facts: health(well(red), unseen('Throttling', true)),
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'AWS refuses to tell the receiver’s health',
    rule: 'healthKnown',
    reason: 'AwsUnreachable',
    facts: health(well(red), unseen('AccessDenied', false)),
    does: ending,
    forcedDoes: noted,
  },
  {
    when: 'the receiver has one healthy target too few',
    rule: 'healthy',
    reason: 'WaitingForHealthyTargets',
    facts: health(well(red), healthOf(black, 1)),
    does: waiting,
    forcedDoes: noted,
  },
  {
    when: 'a healthy one would lose its weight to one that isn’t',
    rule: 'healthyLeft',
    reason: 'NoHealthyReceiver',
    change: { after: redBlack(0, 100) },
    facts: health(well(red), sick(black, 3)),
    does: ['hold', 'refuse', 'leave'],
    forcedDoes: ['hold', 'refuse', 'note'],
  },
  {
    when: 'a healthy one has no weight and gets none, while nobody who has is healthy',
    rule: 'healthyLeft',
    reason: 'NoHealthyReceiver',
    change: { before: with9(redBlack(0, 50), 50), after: with9(redBlack(0, 100), 0), pinned: [stranger] },
    facts: { health: healthBy({ [red]: well(red), [black]: sick(black, 3), [stranger]: sick(stranger, 1) }) },
    does: ['hold', 'refuse', 'leave'],
    forcedDoes: ['hold', 'refuse', 'note'],
  },
  {
    when: 'nobody is healthy anyway',
    rule: 'healthyLeft',
    reason: 'NoHealthyReceiver',
    change: away,
    facts: health(sick(red, 3), sick(black, 3)),
    does: [null, null, 'note'],
  },
  {
    when: 'a healthy one would lose its weight to one of unknown health',
    rule: 'healthyLeft',
    reason: 'NoHealthyReceiver',
    change: away,
    facts: health(null, well(black)),
    does: ['hold', 'refuse', null],
  },
  {
    when: 'a healthy one would lose its weight in an emergency to one of unknown health',
    rule: 'healthyLeft',
    reason: 'ObservationIsStale',
    change: away,
    facts: health(null, well(black)),
    does: [null, null, 'note'],
  },
  {
    when: 'the health of who receives is too old',
    rule: 'healthyLeft',
    reason: 'ObservationIsStale',
    change: away,
    facts: health(well(red, fresh + 1), sick(black, 3)),
    does: [null, null, 'note'],
  },
];

const found = (row: Row, purpose: Purpose, by: ProposedChange['forced']): RuleFinding | undefined =>
  mayMove(aChange({ ...row.change, forced: by }), someFacts(row.facts), purpose).find(
    (one) => one.rule === row.rule && one.reason === row.reason,
  );

describe.each(rows)('$rule: when $when', (row) => {
  it.each(purposes.map((purpose, i) => [purpose, row.does[i] ?? null] as const))('%s: %s', (purpose, effect) => {
    expect(found(row, purpose, null)?.effect ?? null).toBe(effect);
  });

  it.each(purposes.map((purpose, i) => [purpose, (row.forcedDoes ?? row.does)[i] ?? null] as const))(
    'forced, %s: %s',
    (purpose, effect) => {
      expect(found(row, purpose, forced)?.effect ?? null).toBe(effect);
    },
  );
});

describe('nothing is in the way', () => {
  const foreignRaise = { before: with9(redBlack(600, 200), 199), after: with9(redBlack(300, 100), 100) };
  it.each<[string, Partial<ProposedChange>, Partial<PolicyFacts>]>([
    ['where all is well', {}, {}],
    ['of a raise by whose health is known to the last millisecond', {}, health(well(red), well(black, fresh))],
    ['of a raise whose donor nobody knows', {}, health(null, well(black))],
    ['of one that joins at 0', { before: redBlack(1), after: redBlack(100, 0) }, health(well(red), null)],
    ['of a pinned one whose share rounding moved', { ...foreignRaise, pinned: [stranger] }, {}],
    ['of a pinned one that is ours, too', { pinned: [black] }, health(well(red), sick(black, 1))],
    ['of a share taken from a cordoned cluster', away, clusters({ cordoned: true })],
    ['of a share taken from a retired one', away, clusters({ retired: true })],
    ['of a share taken from one that is unknown', away, clusters(null)],
    ['of a share taken from an evacuated one', away, { mask: new Set(['c-green']) }],
    [
      'of attaching where an evacuated one still has its share',
      { before: redBlack(0, 100), after: with9(redBlack(0, 100), 0), pinned: [stranger] },
      { mask: new Set(['c-green']) },
    ],
    [
      'of attaching where a healthy one has no weight',
      { before: redBlack(0, 100), after: with9(redBlack(0, 100), 0), pinned: [stranger] },
      health(well(red), sick(black, 1)),
    ],
    ['of what Terraform made, once that is acknowledged', { ownership: terraform, acknowledged: true }, {}],
    ['of a route that nobody owns', { ownership: { kind: 'unowned' } }, {}],
  ])('%s', (_sentence, change, facts) => {
    for (const purpose of purposes) expect(mayMove(aChange(change), someFacts(facts), purpose)).toEqual([]);
  });
});

describe('the list of rules', () => {
  const folder = new URL('rules/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts') && file !== 'rule.ts');
  const fileOf = (name: string) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;

  it('is the closed list of names, in its order', () => {
    expect(policyRules.map((rule) => rule.name)).toEqual([...ruleNames]);
  });

  it('has a file for each rule, and no file without one', () => {
    expect(files.sort()).toEqual(ruleNames.map(fileOf).sort());
  });

  it.each(ruleNames)('has %s in the file of that name', (name) => {
    expect(readFileSync(new URL(fileOf(name), folder), 'utf8')).toContain(`export const ${name}: Rule = {`);
  });

  it.each(ruleNames)('has a row here for each reason of %s', (name) => {
    const reasons = Object.keys(policyRules.find((rule) => rule.name === name)?.summaries ?? {});
    expect([...new Set(rows.filter((row) => row.rule === name).map((row) => row.reason))].sort()).toEqual(
      reasons.sort(),
    );
  });

  it('lets nobody force what binds', () => {
    const never = ['unsafeWeights', 'ownership', 'foreign', 'retired', 'mask', 'freeze', 'cordoned'];
    expect(policyRules.filter((rule) => never.includes(rule.name) && rule.forcedFor.length > 0)).toEqual([]);
  });
});

describe('a finding', () => {
  const first = (change: Partial<ProposedChange>, facts: Partial<PolicyFacts>, purpose: Purpose) =>
    mayMove(aChange(change), someFacts(facts), purpose)[0];

  it('names who lacks what, the likely cause and the way out', () => {
    expect(first({}, health(well(red), sick(black, 3)), 'planned')).toEqual({
      rule: 'healthy',
      reason: 'WaitingForHealthyTargets',
      effect: 'hold',
      routeId: 'shop',
      routeName: 'shop',
      subjects: ['green-2026'],
      message:
        "green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group that doesn't let the load balancer reach the pods is the likely cause); each backend needs 2 healthy targets before its share is raised. Repair the pods, or what keeps the load balancer from reaching them.",
    });
  });

  it.each<[string, Partial<ProposedChange>, Partial<PolicyFacts>, Purpose, string]>([
    ['tells a person that they may force it', {}, health(well(red), null), 'person', 'Or force it, with a reason.'],
    ['names who forced it and why', { forced }, health(well(red), null), 'planned', 'Forced by ana: drill'],
    ['says that an emergency goes on', {}, health(well(red), null), 'emergency', 'The emergency goes on all the same.'],
    ['says that a route is left', { ownership: lbc }, {}, 'emergency', 'The route is left as it is. Use another'],
    ['names the owner and the evidence', { ownership: lbc }, {}, 'person', 'belongs to the LBC (tag x)'],
    [
      'names who froze it and why',
      {},
      { freeze: { by: 'bob', reason: 'Black Friday' } },
      'planned',
      'by bob: Black Friday.',
    ],
    ['names what is foreign', { after: with9(redBlack(50, 50), 1) }, {}, 'planned', `not pinned: ${stranger}.`],
  ])('%s', (_sentence, change, facts, purpose, text) => {
    expect(first(change, facts, purpose)?.message).toContain(text);
  });

  it('says who may force a route that is left', () => {
    const findings = mayMove(
      aChange({ after: redBlack(0, 100) }),
      someFacts(health(well(red), sick(black, 3))),
      'emergency',
    );
    expect(findings.find((one) => one.rule === 'healthyLeft')?.message).toContain(
      'while blue-2025 is healthy. The route is left as it is.',
    );
    expect(findings.find((one) => one.rule === 'healthyLeft')?.message).toContain('A named person may force it.');
  });

  it('tells of a retired cluster as that, cordoned or not', () => {
    const findings = mayMove(aChange(), someFacts(clusters({ cordoned: true, retired: true })), 'planned');
    expect(findings.map((one) => one.rule)).toEqual(['retired']);
  });

  it('says that an emergency goes on, where there was nothing to force', () => {
    const nobodyHealthy = health(sick(red, 3), sick(black, 3));
    expect(first({ ...away, minHealthyTargets: 0, forced }, nobodyHealthy, 'emergency')?.message).toContain(
      'The emergency goes on all the same.',
    );
  });

  it('tells two backends in one cluster apart', () => {
    const twice = aChange().backends.map((one) => ({ ...one, clusterId: 'c-green', clusterName: 'green-2026' }));
    expect(first({ backends: twice }, clusters({ cordoned: true }), 'planned')?.subjects).toEqual([
      'black in green-2026',
    ]);
  });

  it('stands in the order of the list, with the others beside it', () => {
    const findings = mayMove(
      aChange({ ownership: null, before: redBlack(100) }),
      someFacts({ ...clusters({ cordoned: true }), ...health(well(red), null) }),
      'planned',
    );
    expect(findings.map((one) => one.rule)).toEqual(['ownership', 'cordoned', 'attached', 'healthKnown']);
  });
});

describe('the worst of what was found', () => {
  it.each<[readonly Effect[], Effect | null]>([
    [[], null],
    [['note'], 'note'],
    [['note', 'hold', 'note'], 'hold'],
    [['hold', 'refuse'], 'refuse'],
    [['note', 'leave', 'note'], 'leave'],
  ])('%j is %s', (effects, expected) => {
    expect(worst(effects.map((effect) => ({ effect })))).toBe(expected);
  });
});

const anyWeights: fc.Arbitrary<Weights> = fc
  .array(fc.tuple(fc.constantFrom(red, black, stranger, 'tg-6'), fc.constantFrom(0, 1, 50, 1_000, -1, Number.NaN)), {
    maxLength: 6,
  })
  .map((list) => list.map(([targetGroupArn, weight]) => ({ targetGroupArn, weight })));
const anyHealth = (arn: string) =>
  fc.constantFrom<Health>(
    well(arn),
    well(arn, 99_999),
    sick(arn, 2),
    unseen('Throttling', true),
    unseen('Gone', false),
  );
const anyFacts = fc
  .record({
    health: fc
      .tuple(fc.option(anyHealth(red)), fc.option(anyHealth(black)), fc.option(anyHealth(stranger)))
      .map(([r, b, s]) => healthBy({ ...(r && { [red]: r }), ...(b && { [black]: b }), ...(s && { [stranger]: s }) })),
    green: fc.option(fc.record({ cordoned: fc.boolean(), retired: fc.boolean() })),
    mask: fc.subarray(['c-blue', 'c-green']).map((ids) => new Set(ids)),
    freeze: fc.constantFrom(null, { by: 'bob', reason: 'x' }),
  })
  .map(({ green, ...facts }) => someFacts({ ...facts, ...clusters(green) }));
const anyChange = fc
  .record({
    before: anyWeights,
    after: anyWeights,
    pinned: fc.subarray([stranger, black]),
    ownership: fc.constantFrom<Ownership | null>(null, lbc, terraform, { kind: 'sluice' }),
    acknowledged: fc.boolean(),
    forced: fc.constantFrom(null, forced),
  })
  .map((change) => aChange(change));

describe('for any change and facts', () => {
  const forAny = (check: (change: ProposedChange, facts: PolicyFacts) => void) => {
    fc.assert(fc.property(anyChange, anyFacts, check), { numRuns: 500 });
  };

  it('each rule says at most one thing, in order, with a sentence', () => {
    forAny((change, facts) => {
      for (const purpose of purposes) {
        const findings = mayMove(change, facts, purpose);
        const order = findings.map((one) => ruleNames.indexOf(one.rule));
        expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
        for (const { message } of findings) expect(message).not.toMatch(/undefined|null|\s{2}|\.\.$/);
      }
    });
  });

  it('nobody waits in an emergency, and only an emergency leaves a route', () => {
    forAny((change, facts) => {
      const effects = (purpose: Purpose) => mayMove(change, facts, purpose).map((one) => one.effect);
      expect(effects('emergency').filter((one) => one === 'hold' || one === 'refuse')).toEqual([]);
      expect(effects('planned')).not.toContain('leave');
      expect(effects('person').filter((one) => one === 'leave' || one === 'hold')).toEqual([]);
    });
  });

  it('a plan goes on nowhere where a person is refused, nor the other way round', () => {
    forAny((change, facts) => {
      const stops = (purpose: Purpose) =>
        mayMove(change, facts, purpose)
          .filter((one) => one.effect !== 'note')
          .map((one) => one.rule);
      expect(stops('planned')).toEqual(stops('person'));
    });
  });

  it('force turns findings into notes and never takes one away or adds one', () => {
    forAny((change, facts) => {
      for (const purpose of purposes) {
        const without = mayMove({ ...change, forced: null }, facts, purpose);
        const by = mayMove({ ...change, forced }, facts, purpose);
        expect(by.map((one) => one.rule)).toEqual(without.map((one) => one.rule));
        by.forEach((one, i) => expect(one.effect === 'note' || one.effect === without[i]?.effect).toBe(true));
      }
    });
  });

  it('what nobody objects to gives AWS what it takes, and more only to who is attached, fresh and healthy', () => {
    const weight = fc.constantFrom(0, 1, 50, 100);
    const anySplit = fc.oneof(
      fc.tuple(weight, weight).map(([r, b]) => redBlack(r, b)),
      fc.constant(redBlack(1)),
    );
    let unopposed = 0;
    fc.assert(
      fc.property(
        anySplit,
        anySplit,
        anyFacts,
        fc.constantFrom('planned', 'person'),
        (before, after, facts, purpose) => {
          const change = aChange({ before, after });
          if (mayMove(change, facts, purpose).length > 0) return;
          unopposed += 1;
          expect(unsafeWeights(after)).toBeNull();
          for (const { targetGroupArn, clusterId } of change.backends) {
            if (!raisesShare(before, after, targetGroupArn)) continue;
            const seen = facts.health[targetGroupArn];
            expect(isAttached(before, targetGroupArn)).toBe(true);
            expect(seen?.fact.ok && noon - seen.fact.at <= fresh && seen.fact.value.healthy >= 2).toBe(true);
            expect(facts.clusters[clusterId]).toMatchObject({ cordoned: false, retired: false });
            expect(facts.mask.has(clusterId)).toBe(false);
          }
        },
      ),
      { numRuns: 2_000 },
    );
    expect(unopposed).toBeGreaterThan(20);
  });
});
