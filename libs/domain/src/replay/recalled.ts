import type { WatchRuns } from '../facts/types.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
import { countsFrom, leastHealthy } from '../rollout/hold.js';
import type {
  Fact,
  FrozenPlan,
  FrozenRoute,
  Instant,
  Observation,
  Rollout,
  RouteProgress,
  WriteFact,
} from '../rollout/types.js';
import {
  blankGroup,
  blankRollout,
  blankRoute,
  blankWrite,
  counted,
  countsFromAny,
  groupsOf,
  type Evidence,
  type GroupEvidence,
  type RouteEvidence,
  type Spans,
} from './evidence.js';
import { unpack } from './packed.js';
import { weightsOfSplit } from './split.js';

/** What `decide` or `said` was asked with, as far as they look at it. */
export interface Recalled {
  readonly rollout: Rollout;
  readonly seen: Observation;
  readonly now: Instant;
}

/** The inverse of `evidenceOf`: `plan` is the frozen one that the rollout had then. */
export function recalled(plan: FrozenPlan, evidence: Evidence): Recalled {
  const routes = unpack(evidence.routes, blankRoute);
  const groups = unpack(evidence.groups, blankGroup);
  const rollout = rolloutOf(plan, evidence, routes);
  return { rollout, seen: observationOf(rollout, evidence, routes, groups), now: evidence.at };
}

function rolloutOf(plan: FrozenPlan, { at, rollout }: Evidence, routes: readonly RouteEvidence[]): Rollout {
  return {
    ...(unpack(rollout, blankRollout)[0] ?? blankRollout),
    ...{ id: '', projectId: '', version: 0 },
    plan: {
      ...plan,
      routes: plan.routes.map((route, i) => ({
        ...route,
        pinned: routes[i]?.pinned ?? [],
        baseline: weightsOfSplit(route, routes[i]?.baseline ?? []),
      })),
    },
    routes: plan.routes.flatMap((route, i) => progressOf(route, routes[i], at) ?? []),
  };
}

function progressOf(route: FrozenRoute, one: RouteEvidence | undefined, at: Instant): RouteProgress | null {
  if (one?.stepIndex == null) return null;
  return {
    routeId: route.id,
    stepIndex: one.stepIndex,
    expected: weightsOfSplit(route, one.expected ?? []),
    verifiedAt: one.verifiedAgo === null ? null : at - one.verifiedAgo,
    heldMs: one.heldMs ?? 0,
    touched: one.touched ?? false,
  };
}

function observationOf(
  rollout: Rollout,
  { at, clusters, writes }: Evidence,
  routes: readonly RouteEvidence[],
  groups: readonly GroupEvidence[],
): Observation {
  const { plan } = rollout;
  const arns = groupsOf(plan);
  const from = countsFromAny(rollout);
  const passes = leastHealthy(rollout);
  return {
    routes: byKey(plan.routes, routes, (route, one) => [route.id, factOf(one, at, () => liveOf(route, one))]),
    health: byKey(arns, groups, (arn, one) => [arn, factOf(one, at, () => healthOf(arn, one))]),
    clusters: Object.fromEntries(clusters.map((one) => [one.id, { ...one, name: one.id }])),
    writes: unpack(writes, blankWrite).map((one): WriteFact => {
      const route = plan.routes[one.route ?? -1];
      const { purpose, state, intentId, reason, message, live } = one;
      return {
        ...{ intentId: intentId ?? '', routeId: route?.id ?? '', reason, message },
        ...{ purpose: purpose ?? 'step', state: state ?? 'superseded' },
        live: live && weightsOfSplit(route, live),
      };
    }),
    watch: {
      actions: byKey(plan.routes, routes, (route, { spans }) => {
        const progress = rollout.routes.find((one) => one.routeId === route.id);
        return [route.id, progress ? runsOf(spans, countsFrom(rollout, progress), at, progress.expected) : null];
      }),
      health: byKey(arns, groups, (arn, { spans }) => [arn, runsOf(spans, from, at, passes)]),
    },
  };
}

function byKey<K, E, V>(
  keys: readonly K[],
  all: readonly E[],
  entry: (key: K, one: E) => readonly [string, V | null],
): Readonly<Record<string, V>> {
  return Object.fromEntries(
    keys.flatMap((key, i) => {
      const one = all[i];
      const [name, value] = one === undefined ? ['', null] : entry(key, one);
      return value === null ? [] : [[name, value] as const];
    }),
  );
}

function factOf<T>(
  { ago, freshForMs, unseen }: RouteEvidence | GroupEvidence,
  at: Instant,
  value: () => T,
): Fact<T> | null {
  if (ago === null) return null;
  if (unseen) return { ok: false, at: at - ago, ...unseen };
  return { ok: true, at: at - ago, value: value(), ...(freshForMs !== null && { freshForMs }) };
}

/** Of an action nothing else was looked at. */
function liveOf(route: FrozenRoute, { live, owner }: RouteEvidence): LiveRoute {
  return {
    ...{ routeArn: route.arn, loadBalancerArn: '', listenerArn: '', protocol: '', port: 0, isDefault: false },
    action: { weights: weightsOfSplit(route, live ?? []), stickiness: { enabled: false }, otherActions: [] },
    ownership: owner ?? { kind: 'unowned' },
  };
}

function healthOf(targetGroupArn: string, { counts, reasons }: GroupEvidence): TargetHealth {
  const none = { healthy: 0, initial: 0, unhealthy: 0, draining: 0, unused: 0, unavailable: 0, total: 0 };
  const known = Object.fromEntries(counted.map((state, i) => [state, counts?.[i] ?? 0]));
  return { targetGroupArn, ...none, ...known, reasons: reasons ?? {} };
}

/** As if it had been looked at all the time in these stretches, and passed. */
function runsOf<M>(spans: Spans | null, from: Instant | null, at: Instant, mark: M): WatchRuns<M> | null {
  if (spans === null || from === null) return null;
  const stretches = spans === 'all' ? [[from - at, 0] as const] : spans;
  const runs = stretches.map(([begin, end]) => ({ from: at + begin, to: at + end, joined: false, mark }));
  return { periodMs: 0, runs };
}
