import { Inject, Injectable } from '@nestjs/common';
import {
  Backends,
  Clusters,
  Projects,
  Rollouts,
  Routes,
  type Backend,
  type Caller,
  type Cluster,
  type Page,
  type PageRequest,
  type RolloutView,
  type Route,
  type RouteLive,
  type RouteTargetHealth,
} from '@sluice/control';
import { hasEnded, rolloutStates } from '@sluice/domain';
import { answerFor } from '../http/problems.js';

const pageSize: PageRequest = { limit: 200, cursor: null };

type Trouble = { readonly code: string; readonly message: string };
type Read<T> = { readonly value: T; readonly trouble: null } | { readonly value: null; readonly trouble: Trouble };
interface RouteFacts {
  readonly route: Route;
  readonly live: Read<RouteLive>;
  readonly health: Read<RouteTargetHealth>;
  readonly backends: readonly Backend[];
}

/** Puts the first page of the dashboard together: one answer instead of a dozen. */
@Injectable()
export class OverviewReader {
  constructor(
    @Inject(Projects) private readonly projects: Projects,
    @Inject(Clusters) private readonly clusters: Clusters,
    @Inject(Routes) private readonly routes: Routes,
    @Inject(Backends) private readonly backends: Backends,
    @Inject(Rollouts) private readonly rollouts: Rollouts,
  ) {}

  async read(caller: Caller, projectId: string) {
    await this.projects.get(caller, projectId);
    const [clusters, routes, backends, rollouts] = await Promise.all([
      this.clusters.list(caller, { projectId }, pageSize),
      this.routes.list(caller, { projectId }, pageSize),
      this.backends.list(caller, { projectId }, pageSize),
      this.activeRollouts(caller, projectId),
    ]);
    const facts = await Promise.all(routes.items.map((route) => this.factsOf(caller, route, backends.items)));
    const pages: readonly Page<unknown>[] = [clusters, routes, backends, rollouts];
    return {
      projectId,
      at: new Date().toISOString(),
      clusters: clusters.items.map((cluster) => clusterView(cluster, facts)),
      routes: facts.map((fact) => routeView(fact, clusters.items, rollouts.items)),
      rollouts: rollouts.items,
      truncated: pages.some((page) => page.next !== null),
    };
  }

  private async activeRollouts(caller: Caller, projectId: string): Promise<Page<RolloutView>> {
    const active = rolloutStates.filter((state) => !hasEnded(state));
    const pages = await Promise.all(active.map((state) => this.rollouts.list(caller, { projectId, state }, pageSize)));
    return { items: pages.flatMap((page) => page.items), next: pages.find((page) => page.next !== null)?.next ?? null };
  }

  private async factsOf(caller: Caller, route: Route, backends: readonly Backend[]): Promise<RouteFacts> {
    const [live, health] = await Promise.all([
      orTrouble(this.routes.live(caller, route.id)),
      orTrouble(this.routes.targetHealth(caller, route.id)),
    ]);
    return { route, live, health, backends: backends.filter((backend) => backend.routeId === route.id) };
  }
}

/** AWS being away or refusing is something to show, not a reason to show nothing; our own failures are not. */
async function orTrouble<T>(reading: Promise<T>): Promise<Read<T>> {
  try {
    return { value: await reading, trouble: null };
  } catch (error) {
    const { problem } = answerFor(error);
    if (problem.code === undefined) throw error;
    return { value: null, trouble: { code: problem.code, message: problem.detail } };
  }
}

function routeView(
  { route, live, health, backends }: RouteFacts,
  clusters: readonly Cluster[],
  rollouts: readonly RolloutView[],
) {
  const { id, name, arn, loadBalancerArn, protocol, port, isDefault, labels, expected, drift } = route;
  return {
    id,
    name,
    arn,
    loadBalancerArn,
    protocol,
    port,
    isDefault,
    labels,
    expected,
    drift,
    live: live.value?.weights ?? null,
    trouble: live.trouble,
    backends: backends.map((backend) => backendView(backend, live.value, health, clusters)),
    rolloutId: rollouts.find((rollout) => rollout.plan.routes.some((frozen) => frozen.id === id))?.id ?? null,
  };
}

function backendView(
  backend: Backend,
  live: RouteLive | null,
  health: Read<RouteTargetHealth>,
  clusters: readonly Cluster[],
) {
  const { id, name, clusterId, namespace, service, targetGroupArn } = backend;
  const share = shareOf(backend, live);
  const read = health.value?.backends.find((each) => each.backendId === id);
  return {
    id,
    name,
    clusterId,
    namespace,
    service,
    targetGroupArn,
    clusterName: clusters.find((cluster) => cluster.id === clusterId)?.name ?? clusterId,
    weight: share?.weight ?? null,
    permille: live === null ? null : (share?.permille ?? 0),
    health: read?.health ?? null,
    healthTrouble:
      health.trouble ?? (read?.failure ? { code: read.failure.code, message: read.failure.message } : null),
  };
}

function shareOf(backend: Backend, live: RouteLive | null) {
  return live?.shares.find((share) => share.targetGroupArn === backend.targetGroupArn);
}

/** The mean of its shares over the routes that could be read; its targets, each target group counted once. */
function clusterView(cluster: Cluster, facts: readonly RouteFacts[]) {
  const { id, name, labels, cordoned, retired } = cluster;
  const readable = facts.filter((fact) => fact.live.value !== null);
  const sum = readable
    .flatMap((fact) =>
      fact.backends
        .filter((backend) => backend.clusterId === id)
        .map((backend) => shareOf(backend, fact.live.value)?.permille ?? 0),
    )
    .reduce((total, each) => total + each, 0);
  const own = facts.flatMap((fact) =>
    fact.backends
      .filter((backend) => backend.clusterId === id)
      .map((backend) => ({
        backend,
        health: fact.health.value?.backends.find((each) => each.backendId === backend.id)?.health ?? null,
      })),
  );
  const groups = [...new Map(own.map(({ backend, health }) => [backend.targetGroupArn, health])).values()];
  const known = groups.every((health) => health !== null);
  const count = (of: 'healthy' | 'total') =>
    known ? groups.reduce((total, health) => total + (health?.[of] ?? 0), 0) : null;
  return {
    id,
    name,
    labels,
    cordoned,
    retired,
    check:
      cluster.check === null ? null : { at: cluster.check.at, ok: cluster.check.ok, message: cluster.check.message },
    permille: readable.length === 0 ? null : Math.round(sum / readable.length),
    backends: own.length,
    healthyTargets: count('healthy'),
    totalTargets: count('total'),
  };
}
