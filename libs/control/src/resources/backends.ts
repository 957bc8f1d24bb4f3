import {
  actorText,
  Conflict,
  InvalidInput,
  isAttached,
  maxTargetGroups,
  shareOf,
  type LiveRoute,
} from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { Timers } from '../ports/timers.js';
import type { ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import { namingRollout } from '../removal/naming-rollout.js';
import type { AccountAccess } from './account-access.js';
import { answered } from './aws-refusals.js';
import { Checks, knownId } from './checks.js';
import { readIfThere } from './live-route.js';
import type { MutationOptions } from './options.js';
import { refuseUnfit } from './target-group-fit.js';
import { expectVersion, own, projectFilter } from './tenancy.js';
import type { Backend, Cluster, Page, PageRequest, Route } from './types.js';
import type { WeightWriter } from './weight-writer.js';

export interface CreateBackend {
  readonly routeId: string;
  readonly clusterId: string;
  /** Unique in its route; default: the cluster's name. */
  readonly name?: string;
  readonly namespace: string;
  readonly service: string;
  /** Service port, by number or name. */
  readonly port: number | string;
  readonly targetGroupArn: string;
}

export interface CreatedBackend {
  readonly backend: Backend;
  /** The decision that adds the target group to the action at weight 0; null when it is there already, or on a dry run. */
  readonly attachDecisionId: string | null;
  readonly attachNeeded: boolean;
}

export interface RemoveBackend extends MutationOptions {
  /**
   * Writes nothing to AWS or the cluster: the record and its binding's are forgotten, and a target group that is still in
   * the action is pinned there, so that it keeps its share. Default false.
   */
  readonly forget?: boolean;
}

export interface BackendFilter {
  readonly projectId?: string;
  readonly routeId?: string;
  readonly clusterId?: string;
}

export interface BackendOptions {
  /** How long a caller waits for an earlier write to the route, or for a target group to leave the forward action. Default 20 000. */
  readonly writeWaitMs?: number;
  /** How often that is looked at. Default 500. */
  readonly writePollMs?: number;
}

/** Services in clusters, each a share of one route. */
export class Backends {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly timers: Timers,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly weights: WeightWriter,
    private readonly options: BackendOptions = {},
  ) {}

  /** Attached at weight 0 first (rule 10): a target group that isn't in the action yet is asked into it. */
  async create(caller: Caller, input: CreateBackend, options: MutationOptions = {}): Promise<CreatedBackend> {
    checkInput(input);
    const route = own(
      caller,
      'route',
      input.routeId,
      await this.store.read.routes.find(knownId('route', input.routeId)),
    );
    const cluster = own(
      { ...caller, projectId: route.projectId },
      'cluster',
      input.clusterId,
      await this.store.read.clusters.find(knownId('cluster', input.clusterId)),
    );
    const access = await this.accountAccess.access(route.accountId);
    const group = await answered(this.loadBalancer.describeTargetGroup(access, input.targetGroupArn), 'targetGroupArn');
    const loadBalancer = await answered(this.loadBalancer.describeLoadBalancer(access, route.loadBalancerArn));
    refuseUnfit(group, route, loadBalancer, cluster);
    const live = await answered(this.loadBalancer.readRoute(access, route.arn));
    const name = backendName(input, cluster);
    const backend = await this.store.transaction(
      caller.actor,
      async (tx) => {
        await refuseInTransaction(tx, input, route, live);
        return tx.backends.insert({
          id: this.ids.next('bck'),
          projectId: route.projectId,
          routeId: route.id,
          clusterId: cluster.id,
          name,
          namespace: input.namespace,
          service: input.service,
          port: input.port,
          targetGroupArn: input.targetGroupArn,
          targetType: group.targetType,
          createdBy: actorText(caller.actor),
        });
      },
      options,
    );
    const attachNeeded = !isAttached(live.action.weights, input.targetGroupArn);
    const attachDecisionId = attachNeeded && !options.dryRun ? await this.#attach(caller, backend) : null;
    return { backend, attachDecisionId, attachNeeded };
  }

  async list(
    caller: Caller,
    { projectId, routeId, clusterId }: BackendFilter,
    page: PageRequest,
  ): Promise<Page<Backend>> {
    return this.store.read.backends.page(
      {
        ...projectFilter(caller, projectId),
        ...(routeId !== undefined && { routeId: knownId('route', routeId) }),
        ...(clusterId !== undefined && { clusterId: knownId('cluster', clusterId) }),
      },
      page,
    );
  }

  async get(caller: Caller, id: string): Promise<Backend> {
    return own(caller, 'backend', id, await this.store.read.backends.find(knownId('backend', id)));
  }

  /**
   * Takes its target group out of the action, then forgets it. Conflict while it has live weight, while its binding is in
   * the cluster, or while a rollout names its route: moves it, bakes, or is scheduled to.
   */
  async remove(caller: Caller, id: string, { forget = false, ...options }: RemoveBackend = {}): Promise<void> {
    const backend = await this.get(caller, id);
    expectVersion(backend, options);
    const route = await this.store.read.routes.find(backend.routeId);
    await this.store.transaction(caller.actor, (tx) => refuseRemoval(tx, backend, forget));
    const stays = route !== null && (await this.#letGo(caller, backend, route, forget, options));
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        await tx.moveGuards([`route/${backend.routeId}`]);
        const present = await tx.routes.lock(backend.routeId, 'change');
        const locked = own(caller, 'backend', id, await tx.backends.lock(id, 'change'));
        expectVersion(locked, options);
        await refuseRemoval(tx, locked, forget);
        if (present && stays) await pin(tx, present, backend.targetGroupArn);
        for (const binding of await tx.bindings.all({ backendId: id })) await tx.bindings.remove(binding.id);
        await tx.backends.remove(id);
      },
      options,
    );
  }

  /** Takes its target group out of the action, unless it is only forgotten. Returns whether it stays in there. */
  async #letGo(
    caller: Caller,
    backend: Backend,
    route: Route,
    forget: boolean,
    options: MutationOptions,
  ): Promise<boolean> {
    const access = await this.accountAccess.access(route.accountId);
    const live = await answered(readIfThere(this.loadBalancer, access, route.arn));
    const isIn = live !== null && isAttached(live.action.weights, backend.targetGroupArn);
    if (forget) return isIn;
    refuseServing(backend, route, live);
    if (isIn && !options.dryRun) await this.#detach(caller, backend, route, access);
    return false;
  }

  async #attach(caller: Caller, backend: Backend): Promise<string> {
    const request = {
      routeId: backend.routeId,
      targetGroupArns: [backend.targetGroupArn],
      reason: `backend ${backend.name} was added`,
    };
    try {
      return (await this.#onceIdle(() => this.weights.requestAttach(caller, request))).decisionId;
    } catch (error) {
      // a backend that nobody will attach would look ready for a share and never be
      await this.store.transaction(caller.actor, async (tx) => {
        if (await tx.backends.lock(backend.id, 'change')) await tx.backends.remove(backend.id);
      });
      throw error;
    }
  }

  async #detach(caller: Caller, backend: Backend, route: Route, access: AwsAccess): Promise<void> {
    const request = {
      routeId: route.id,
      targetGroupArns: [backend.targetGroupArn],
      reason: `backend ${backend.name} is removed`,
    };
    const { decisionId } = await this.#onceIdle(() => this.weights.requestDetach(caller, request));
    const giveUpAt = this.#giveUpAt();
    for (;;) {
      const live = await readIfThere(this.loadBalancer, access, route.arn);
      if (!live || !isAttached(live.action.weights, backend.targetGroupArn)) break;
      if (this.timers.now() > giveUpAt) {
        throw new Conflict(
          'DetachPending',
          `decision ${decisionId} takes the target group of ${backend.name} out of the action; it has not been carried out yet. Remove the backend again once it has`,
          { decisionId },
        );
      }
      await this.#poll();
    }
  }

  /** A route takes one write at a time; backends added one after the other would otherwise refuse each other. A rollout is not waited for. */
  async #onceIdle<T>(request: () => Promise<T>): Promise<T> {
    const giveUpAt = this.#giveUpAt();
    for (;;) {
      try {
        return await request();
      } catch (error) {
        const isBusyForAMoment =
          error instanceof Conflict && error.reason === 'RouteIsBusy' && !error.facts['rolloutId'];
        if (!isBusyForAMoment || this.timers.now() > giveUpAt) throw error;
      }
      await this.#poll();
    }
  }

  #giveUpAt(): number {
    return this.timers.now() + (this.options.writeWaitMs ?? 20_000);
  }

  #poll(): Promise<void> {
    return new Promise((resolve) => this.timers.after(this.options.writePollMs ?? 500, resolve));
  }
}

function checkInput(input: CreateBackend): void {
  const checks = new Checks();
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  checks.line('namespace', input.namespace, 63, label, 'must be a DNS label: lower-case letters, digits and -');
  checks.line('service', input.service, 63, label, 'must be a DNS label: lower-case letters, digits and -');
  checks.servicePort('port', input.port);
  checks.arn('targetGroupArn', input.targetGroupArn);
  if (input.name !== undefined) checks.line('name', input.name, 63, namePattern, nameExpected);
  checks.done();
}

const namePattern = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const nameExpected = 'must be letters, digits and . _ - between letters or digits';

function backendName(input: CreateBackend, cluster: Cluster): string {
  if (input.name !== undefined) return input.name;
  if (namePattern.test(cluster.name)) return cluster.name;
  throw new InvalidInput([
    { field: 'name', message: `is needed, because the cluster's name "${cluster.name}" can't be the key of a share` },
  ]);
}

async function refuseInTransaction(
  tx: ResourceTransaction,
  input: CreateBackend,
  before: Route,
  live: LiveRoute,
): Promise<void> {
  const route = await tx.routes.lock(input.routeId, 'change');
  const cluster = await tx.clusters.lock(input.clusterId, 'keep');
  if (!route || !cluster)
    throw new Conflict('Gone', 'the route or the cluster was removed meanwhile; start over', { routeId: before.id });
  if (cluster.retired)
    throw new Conflict(
      'ClusterRetired',
      `cluster ${cluster.name} was retired by ${cluster.retired.by} (${cluster.retired.reason}); it takes no new backend`,
    );
  if (route.pinned.includes(input.targetGroupArn))
    throw new Conflict('TargetGroupPinned', 'this target group is pinned on the route as foreign; unpin it first');
  const elsewhere = (await tx.backends.all({ targetGroupArn: input.targetGroupArn })).filter(
    (one) => one.clusterId !== input.clusterId,
  );
  if (elsewhere.length > 0)
    throw new Conflict(
      'TargetGroupAlreadyBound',
      'this target group is filled by another cluster; each cluster needs a target group of its own, or they would deregister each other',
    );
  const backends = await tx.backends.all({ routeId: route.id });
  const groups = new Set([
    input.targetGroupArn,
    ...route.pinned,
    ...backends.map((one) => one.targetGroupArn),
    ...live.action.weights.map((one) => one.targetGroupArn),
  ]);
  if (groups.size <= maxTargetGroups) return;
  throw new Conflict(
    'TooManyTargetGroups',
    `a forward action takes at most ${maxTargetGroups} target groups; this would make ${groups.size}. Remove a backend, or a foreign target group`,
    { targetGroupArns: [...groups] },
  );
}

async function refuseRemoval(tx: ResourceTransaction, backend: Backend, forget: boolean): Promise<void> {
  const name = (await tx.routes.find(backend.routeId))?.name ?? backend.routeId;
  const named = await namingRollout(tx.engine, { id: backend.routeId, name });
  if (named)
    throw new Conflict('RouteIsBusy', `${backend.name} can't go yet: ${named.message}`, { rolloutId: named.rolloutId });
  if (forget) return;
  const bindings = await tx.bindings.all({ backendId: backend.id });
  const present = bindings.find(
    (one) => one.state !== 'Removed' && !(one.state === 'Refused' && one.observed === null),
  );
  if (present)
    throw new Conflict(
      'BindingPresent',
      `binding ${present.id} of ${backend.name} is still in its cluster; remove it first`,
      { bindingId: present.id, state: present.state },
    );
}

function refuseServing(backend: Backend, route: Route, live: LiveRoute | null): void {
  const share = live ? shareOf(live.action.weights, backend.targetGroupArn) : 0;
  if (share > 0)
    throw new Conflict(
      'BackendIsServing',
      `${backend.name} has live weight in route ${route.name}; move its share away first, or forget the backend (?forget=true), which leaves its share where it is`,
      { live: live?.action.weights },
    );
}

/** From now on it is somebody else's, and keeps its share (rule 8). */
async function pin(tx: ResourceTransaction, route: Route, targetGroupArn: string): Promise<void> {
  const pinned = [...new Set([...route.pinned, targetGroupArn])];
  await tx.routes.update(route.id, { pinned });
}
