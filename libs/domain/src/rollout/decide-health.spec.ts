import { describe, it, expect } from '@jest/globals';
import {
  aCluster,
  aPlan,
  aRoute,
  black,
  healthOf,
  noon,
  red,
  redBlack,
  seenAt,
  stranger,
  unseen,
} from '../testing/builders.js';
import { clusters, decided, health, held, live, type Seen } from '../testing/deciding.js';
import type { ExplicitStep } from '../plan/types.js';
import type { RolloutDraft } from '../testing/builders.js';

describe('raising a share', () => {
  const first = { stepIndex: 0 };
  it('waits for healthy targets and says who has what', () => {
    expect(decided(first, health(2, 0))).toMatchObject({
      kind: 'hold',
      reason: 'WaitingForHealthyTargets',
      wakeAt: held + 15_000,
      message:
        "Step 2 of 4 (red 90 %, black 10 %) needs 1 healthy target of each backend that it raises: green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group that doesn't let the load balancer reach the pods is the likely cause).",
    });
  });

  it('counts only healthy targets, not those that may become so', () => {
    expect(
      decided(first, {
        health: {
          [red]: seenAt(held, healthOf(red, 2)),
          [black]: seenAt(held, healthOf(black, 0, { initial: 3, total: 3 })),
        },
      }),
    ).toMatchObject({ reason: 'WaitingForHealthyTargets' });
  });

  it.each<[string, RolloutDraft, Seen, string]>([
    ['does not rise without fresh health', first, health(2, null), 'ObservationIsStale'],
    [
      'does not rise on health that AWS will not tell',
      first,
      { health: { [red]: seenAt(held, healthOf(red, 2)), [black]: unseen('TargetGroupNotFound', false, held) } },
      'AwsUnreachable',
    ],
    [
      'does not rise where nobody health-checks',
      { ...first, expected: { shop: redBlack(100) } },
      { ...live(redBlack(100)), ...health(2, null) },
      'ReceiverNotAttached',
    ],
  ])('%s', (_sentence, change, seen, reason) => {
    expect(decided(change, seen)).toMatchObject({ reason });
  });

  it('asks of the step that comes, not of the one that is', () => {
    const steps: ExplicitStep[] = [
      { shares: { red: 100 }, holdMs: 0 },
      { shares: { black: 100 }, holdMs: 0, minHealthyTargets: 3 },
    ];
    expect(decided({ plan: aPlan({ steps: { kind: 'explicit', steps } }), stepIndex: 0 }, health(1, 2))).toMatchObject({
      reason: 'WaitingForHealthyTargets',
    });
  });

  const forced = { by: 'ana', reason: 'fire drill' };
  it('passes the health gate when a named person forces it, who is then named', () => {
    for (const seen of [health(2, 0), health(2, null)]) {
      const decision = decided({ ...first, forced }, seen);
      expect(decision).toMatchObject({ kind: 'shift', message: expect.stringContaining('forced by ana: fire drill') });
      expect(decision.beside.map((one) => one.reason)).toContain('WaitingForHealthyTargets');
    }
  });

  it('is not blocked afterwards by the very health that was forced', () => {
    expect(decided({ forced }, health(2, 0))).toMatchObject({
      kind: 'shift',
      beside: [{ reason: 'HealthLost' }, { reason: 'WaitingForHealthyTargets' }],
    });
  });

  it('is not held afterwards by health that nobody can see, when that was forced', () => {
    expect(decided({ forced }, health(2, null))).toMatchObject({ kind: 'shift', stepIndex: 2 });
  });

  it('lets nobody force all requests away from the only healthy backend, or towards a cordoned or retired one', () => {
    expect(decided({ forced, stepIndex: 2 }, health(2, 0))).toMatchObject({
      kind: 'hold',
      reason: 'NoHealthyReceiver',
      message: expect.stringContaining('blue-2025 is healthy'),
    });
    expect(decided({ forced }, clusters({ cordoned: true }))).toMatchObject({ reason: 'ClusterIsCordoned' });
    expect(decided({ forced }, clusters({ retired: true }))).toMatchObject({ reason: 'ClusterIsRetired' });
  });

  it('may take a share away from a cordoned or retired cluster', () => {
    const blue = (change: object): Seen => ({
      clusters: { 'c-blue': aCluster('c-blue', change), 'c-green': aCluster('c-green') },
    });
    expect(decided({}, blue({ cordoned: true }))).toMatchObject({ kind: 'shift' });
    expect(decided({}, blue({ retired: true }))).toMatchObject({ kind: 'shift' });
  });

  it("is blocked rather than written when the step can't be made of what is live", () => {
    const plan = aPlan();
    const broken = {
      ...plan,
      steps: plan.steps.map((step) => (step.index === 2 ? { ...step, shares: { gone: 1000 } } : step)),
    };
    expect(decided({ plan: broken })).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
      message: expect.stringContaining("gone, which this route doesn't have"),
    });
  });

  it('rebuilds a step around a pinned target group whose new share was adopted', () => {
    const withStranger = (weights: ReturnType<typeof redBlack>, weight: number) => [
      ...weights,
      { targetGroupArn: stranger, weight },
    ];
    const plan = aPlan({}, [aRoute({ pinned: [stranger], baseline: withStranger(redBlack(90, 0), 10) })]);
    const adopted = withStranger(redBlack(50, 10), 40);
    const decision = decided({ plan, expected: { shop: adopted } }, live(adopted));
    expect(decision).toMatchObject({
      kind: 'shift',
      changes: [
        {
          after: [
            { targetGroupArn: black, weight: 30 },
            { targetGroupArn: red, weight: 30 },
            { targetGroupArn: stranger, weight: 40 },
          ],
        },
      ],
    });
  });

  it('is blocked when a pinned target group has taken everything', () => {
    const adopted = [...redBlack(0, 0), { targetGroupArn: stranger, weight: 40 }];
    const plan = aPlan({}, [
      aRoute({ pinned: [stranger], baseline: [...redBlack(90, 0), { targetGroupArn: stranger, weight: 10 }] }),
    ]);
    expect(decided({ plan, expected: { shop: adopted } }, live(adopted))).toMatchObject({
      kind: 'block',
      reason: 'UnsafeWeights',
      message: expect.stringContaining('leave nothing to split'),
    });
  });
});

describe('losing health', () => {
  const rollsBack = aPlan({ onHealthLost: 'rollback' });

  it('blocks in the middle of a hold, with counts, reasons and the way out', () => {
    const decision = decided({}, health(2, 0), noon + 1_000);
    expect(decision).toMatchObject({ kind: 'block', reason: 'HealthLost', wakeAt: null });
    expect(decision.message).toContain('green-2026 has 0 of 3 targets healthy (3 Target.Timeout: a security group');
    expect(decision.message).toContain('verb rollback');
  });

  it('rolls back where the plan says so', () => {
    expect(decided({ plan: rollsBack }, health(2, 0))).toMatchObject({
      kind: 'rollback',
      reason: 'HealthLost',
      changes: [{ before: redBlack(90, 10), after: redBlack(100, 0) }],
    });
  });

  it.each<[string, RolloutDraft, Seen, RegExp]>([
    [
      'it is the former backend that is lost',
      { stepIndex: 2 },
      health(0, 2),
      /would raise the share of a backend that has lost its health/,
    ],
    ['the shares are the former ones already', { stepIndex: 0 }, health(0, 2), /are those before the rollout already/],
    [
      'they are, and nothing was ever written',
      { stepIndex: 0, touched: false },
      health(0, 2),
      /are those before the rollout already/,
    ],
    ['nobody knows whether the former backend is healthy', { stepIndex: 3 }, health(null, 0), /fresh read/],
  ])('leaves the rollback to a person when %s', (_sentence, change, seen, why) => {
    expect(decided({ ...change, plan: rollsBack }, seen)).toMatchObject({
      kind: 'block',
      reason: 'HealthLost',
      message: expect.stringMatching(why),
    });
  });

  it('is not looked for before the first step: that state is not our doing', () => {
    expect(decided({ stepIndex: -1, plan: rollsBack }, health(0, 2))).toMatchObject({ kind: 'shift' });
  });
});
