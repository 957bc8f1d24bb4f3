import type { Rollout } from '@sluice/contracts';

export const startedMs = Date.parse('2026-11-23T14:00:00Z');
export const redArn = 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/red/1';
export const blackArn = 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/black/2';
export const at = (ms: number): string => new Date(startedMs + ms).toISOString();
export const weights = (red: number, black: number) => [
  { targetGroupArn: blackArn, weight: black },
  { targetGroupArn: redArn, weight: red },
];

const backend = (name: string, clusterName: string, targetGroupArn: string) => ({
  id: `bck_${name}`,
  name,
  clusterId: `clu_${name}`,
  clusterName,
  namespace: `${name}-ns`,
  service: `${name}-service`,
  port: 80,
  targetGroupArn,
});

/** Red to black in three steps of a minute, holding the first since it was verified at once. */
export function rollout(change: Partial<Rollout> = {}): Rollout {
  const step = (index: number, red: number, black: number) => ({
    index,
    name: `step ${index + 1}`,
    shares: { red: red * 10, black: black * 10 },
    holdMs: 60_000,
    gates: [{ kind: 'health' as const, minHealthyTargets: 1 }],
  });
  return {
    id: 'rol_1',
    projectId: 'prj_1',
    planId: 'pln_1',
    planVersion: 1,
    name: 'upgrade',
    state: 'Running',
    version: 3,
    stepIndex: 0,
    stepCount: 3,
    routeCount: 1,
    plan: {
      schemaVersion: 1,
      decideVersion: 1,
      planId: 'pln_1',
      planVersion: 1,
      name: 'upgrade',
      routes: [
        {
          id: 'rou_shop',
          name: 'shop',
          arn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop/1/2',
          accountId: 'acc_1',
          backends: [backend('black', 'green-2026', blackArn), backend('red', 'blue-2025', redArn)],
          pinned: [],
          baseline: weights(100, 0),
        },
      ],
      steps: [step(0, 90, 10), step(1, 50, 50), step(2, 0, 100)],
      settleMs: 5_000,
      minHealthyTargets: 1,
      maxFactAgeMs: 30_000,
      onHealthLost: 'block',
      bakeMs: 0,
    },
    expected: {},
    routes: [
      {
        routeId: 'rou_shop',
        name: 'shop',
        stepIndex: 0,
        expected: weights(90, 10),
        verifiedAt: at(0),
        write: null,
        ill: [],
      },
    ],
    reason: 'StepIsHolding',
    message: '',
    beside: [],
    diffs: [],
    allowedVerbs: [],
    verifiedAt: at(0),
    holdMs: 60_000,
    holdEndsAt: at(60_000),
    nextWakeAt: at(10_000),
    advanceRequestedBy: null,
    forced: null,
    startAt: null,
    startedAt: at(0),
    finishedAt: null,
    createdAt: at(0),
    createdBy: 'token:first',
    updatedAt: at(0),
    ...change,
  };
}
