import { compilePlan } from '../plan/compile.js';
import type { PlanSpec } from '../plan/types.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
import { expectedOf } from '../rollout/progress.js';
import { weightsOfStep } from '../rollout/step-weights.js';
import type {
  ClusterFact,
  CompiledStep,
  Fact,
  FrozenPlan,
  FrozenRoute,
  Instant,
  Observation,
  Rollout,
  WriteFact,
} from '../rollout/types.js';
import type { Weights } from '../weights/types.js';

/** Every table of sentences happens at this instant. */
export const noon: Instant = Date.UTC(2026, 10, 23, 12);

const region = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333';
export const red = `${region}:targetgroup/red/0000000000000001`;
export const black = `${region}:targetgroup/black/0000000000000002`;
export const stranger = `${region}:targetgroup/stranger/0000000000000009`;
export const listenerArn = `${region}:listener/app/shop/1111111111111111/2222222222222222`;

/** Weights of red and black, as `[90, 10]`; only red with one number. */
export function redBlack(redWeight: number, blackWeight?: number): Weights {
  const first = { targetGroupArn: red, weight: redWeight };
  return blackWeight === undefined ? [first] : [{ targetGroupArn: black, weight: blackWeight }, first];
}

export function aRoute(change: Partial<FrozenRoute> = {}): FrozenRoute {
  return {
    id: 'shop',
    name: 'shop',
    arn: listenerArn,
    accountId: 'account-1',
    backends: [
      {
        id: 'b1',
        name: 'red',
        clusterId: 'c-blue',
        clusterName: 'blue-2025',
        namespace: 'red-ns',
        service: 'red-service',
        port: 80,
        targetGroupArn: red,
      },
      {
        id: 'b2',
        name: 'black',
        clusterId: 'c-green',
        clusterName: 'green-2026',
        namespace: 'black-ns',
        service: 'black-service',
        port: 80,
        targetGroupArn: black,
      },
    ],
    pinned: [],
    baseline: redBlack(100, 0),
    ...change,
  };
}

export function aSpec(change: Partial<PlanSpec> = {}): PlanSpec {
  return {
    schemaVersion: 1,
    routes: { kind: 'ids', ids: ['shop'] },
    steps: {
      kind: 'explicit',
      steps: [
        [100, 0],
        [90, 10],
        [50, 50],
        [0, 100],
      ].map(([r = 0, b = 0]) => ({ shares: { red: r, black: b }, holdMs: 5_000 })),
    },
    minHealthyTargets: 1,
    settleMs: 2_000,
    maxFactAgeMs: 30_000,
    onHealthLost: 'block',
    bakeMs: 3_600_000,
    ...change,
  };
}

export function aPlan(change: Partial<PlanSpec> = {}, routes: readonly FrozenRoute[] = [aRoute()]): FrozenPlan {
  const live = Object.fromEntries(routes.map((route) => [route.id, route.baseline]));
  const compiled = compilePlan(aSpec(change), routes, live, {
    planId: 'plan-1',
    planVersion: 1,
    name: 'blue/green upgrade',
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.plan;
}

/** What all routes of a built rollout have in common, and the weights that explain what is live, by route id. */
interface OfEveryRoute {
  readonly verifiedAt?: Instant | null;
  readonly heldMs?: number;
  readonly touched?: boolean;
  readonly expected?: Readonly<Record<string, Weights>>;
}

/** Running step 2 of 4 (90/10), verified at noon, nothing held yet. */
export type RolloutDraft = Partial<Rollout> & OfEveryRoute;

export function aRollout(change: RolloutDraft = {}): Rollout {
  const { verifiedAt, heldMs, touched, expected, ...rest } = change;
  const plan = change.plan ?? aPlan();
  const stepIndex = change.stepIndex ?? 1;
  const step = plan.steps[stepIndex];
  const isVerified = verifiedAt !== undefined ? verifiedAt : stepIndex < 0 ? null : noon;
  return {
    id: 'rollout-1',
    projectId: 'project-1',
    state: 'Running',
    version: 7,
    plan,
    stepIndex,
    routes: plan.routes.map((route) => ({
      routeId: route.id,
      stepIndex,
      expected: expected?.[route.id] ?? (step ? stepWeights(route, step) : route.baseline),
      verifiedAt: isVerified,
      heldMs: heldMs ?? 0,
      touched: touched ?? stepIndex >= 0,
    })),
    holdFrom: stepIndex < 0 ? null : noon,
    advanceRequestedBy: null,
    pausedFrom: null,
    suspicion: null,
    startAt: null,
    finishedAt: null,
    bakesUntil: change.finishedAt == null ? null : change.finishedAt + plan.bakeMs,
    forced: null,
    ...rest,
  };
}

/** What a step makes of a route that stands at its baseline. */
export function stepWeights(route: FrozenRoute, step: CompiledStep): Weights {
  const built = weightsOfStep(route, step, route.baseline);
  return built.ok ? built.weights : [];
}

export function healthOf(targetGroupArn: string, healthy: number, change: Partial<TargetHealth> = {}): TargetHealth {
  return {
    targetGroupArn,
    healthy,
    initial: 0,
    unhealthy: 0,
    draining: 0,
    unused: 0,
    unavailable: 0,
    total: healthy,
    reasons: {},
    ...change,
  };
}

export function sick(targetGroupArn: string, unhealthy: number, reason = 'Target.Timeout'): TargetHealth {
  return healthOf(targetGroupArn, 0, { unhealthy, total: unhealthy, reasons: { [reason]: unhealthy } });
}

export function seenAt<T>(at: Instant, value: T): Fact<T> {
  return { ok: true, at, value };
}

export function unseen(code: string, transient: boolean, at: Instant = noon): Fact<never> {
  return { ok: false, at, transient, code, message: `AWS answered ${code}` };
}

export function aLiveRoute(weights: Weights, change: Partial<LiveRoute> = {}): LiveRoute {
  return {
    routeArn: listenerArn,
    loadBalancerArn: `${region}:loadbalancer/app/shop/1111111111111111`,
    listenerArn,
    protocol: 'HTTP',
    port: 80,
    isDefault: true,
    action: { weights, stickiness: { enabled: false }, otherActions: [] },
    ownership: { kind: 'sluice' },
    ...change,
  };
}

export function aCluster(id: string, change: Partial<ClusterFact> = {}): ClusterFact {
  return { id, name: id, cordoned: false, retired: false, ...change };
}

export function aWrite(change: Partial<WriteFact> = {}): WriteFact {
  return {
    intentId: 'intent-1',
    routeId: 'shop',
    purpose: 'step',
    state: 'applied',
    reason: null,
    message: null,
    live: null,
    ...change,
  };
}

/** What is seen at `now` when all is well: live weights as expected, two healthy targets everywhere. */
export function anObservation(rollout: Rollout, now: Instant, change: Partial<Observation> = {}): Observation {
  return {
    routes: Object.fromEntries(
      rollout.plan.routes.map((route) => [route.id, seenAt(now, aLiveRoute(expectedOf(rollout, route)))]),
    ),
    health: Object.fromEntries(
      rollout.plan.routes
        .flatMap((route) => route.backends)
        .map((backend) => [backend.targetGroupArn, seenAt(now, healthOf(backend.targetGroupArn, 2))]),
    ),
    clusters: Object.fromEntries(
      rollout.plan.routes
        .flatMap((route) => route.backends)
        .map((backend) => [backend.clusterId, aCluster(backend.clusterId, { name: backend.clusterName })]),
    ),
    writes: [],
    watch: watchedSince(rollout, rollout.holdFrom ?? noon, now),
    ...change,
  };
}

/** Everything watched without a gap from one instant to another, and as it should be. */
export function watchedSince(rollout: Rollout, from: Instant, to: Instant): Observation['watch'] {
  const runs = <M>(mark: M) => ({ periodMs: 10_000, runs: [{ from, to: Math.max(from, to), joined: false, mark }] });
  return {
    actions: Object.fromEntries(rollout.plan.routes.map((route) => [route.id, runs(expectedOf(rollout, route))])),
    health: Object.fromEntries(
      rollout.plan.routes.flatMap((route) => route.backends.map((backend) => [backend.targetGroupArn, runs(2)])),
    ),
  };
}
