import { Conflict, actorText } from '@sluice/domain';
import type { Caller, Clock, Ids } from '../context.js';
import type { ApplyBinding, ClusterAgent, DesiredBinding, RemoveBinding } from '../ports/cluster-agent.js';
import type { LoadBalancer } from '../ports/load-balancer.js';
import type { DrainLook, Drains, DrainState } from '../removal/drains.js';
import type { ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import type { AccountAccess } from './account-access.js';
import { answered } from './aws-refusals.js';
import { appliedPatch, failurePatch, removedPatch, seenPatch, type BindingPatch } from './binding-patches.js';
import { bindingName, desiredBinding } from './binding-spec.js';
import { clusterRefusal, reached } from './cluster-refusals.js';
import { Checks, knownId } from './checks.js';
import type { ClusterAccessFactory } from './cluster-access.js';
import type { MutationOptions } from './options.js';
import { expectVersion, own, projectFilter } from './tenancy.js';
import type { Backend, Binding, Page, PageRequest } from './types.js';

/** 'auto' (default): the load balancer's security groups, when it has any; 'off': `networking` is left out. */
export type NetworkingChoice =
  'auto' | 'off' | { readonly securityGroupIds: readonly string[]; readonly port?: number | string | null };

export interface ApplyBindingInput {
  readonly backendId: string;
  /** Of the TargetGroupBinding; default: made from the backend's name and id. A binding that exists keeps its name. */
  readonly name?: string;
  readonly networking?: NetworkingChoice;
  /** Takes over fields that another field manager set. Default false. */
  readonly force?: boolean;
}

export interface AppliedBinding {
  readonly binding: Binding;
  /** What the cluster answered; a refusal has `reason`, `message` and `way`. */
  readonly outcome: ApplyBinding;
}

export interface BindingPreview {
  readonly desired: DesiredBinding;
  readonly outcome: ApplyBinding;
}

export interface RemovedBinding {
  readonly binding: Binding;
  readonly outcome: RemoveBinding;
  readonly drained: DrainState;
}

export interface BindingFilter {
  readonly projectId?: string;
  readonly routeId?: string;
  readonly clusterId?: string;
  readonly backendId?: string;
}

/** TargetGroupBindings of backends, pushed to their clusters. The row is written before the cluster is called. */
export class Bindings {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly clock: Clock,
    private readonly loadBalancer: LoadBalancer,
    private readonly accountAccess: AccountAccess,
    private readonly clusterAccess: ClusterAccessFactory,
    private readonly agent: ClusterAgent,
    private readonly drains: Drains,
  ) {}

  /** Refused by the cluster is an outcome (state Refused), not an error. */
  async apply(caller: Caller, input: ApplyBindingInput, options: MutationOptions = {}): Promise<AppliedBinding> {
    const { backend, desired } = await this.#desired(caller, input);
    if (options.dryRun) return this.#rehearse(caller, backend, desired, input, options);
    const pending = await this.store.transaction(caller.actor, (tx) =>
      this.#record(tx, caller, backend, desired, options),
    );
    try {
      const access = await this.clusterAccess.access(backend.clusterId);
      const outcome = await this.agent.applyBinding(access, desired, { force: input.force ?? false });
      return { outcome, binding: await this.#settle(caller, pending.id, appliedPatch(outcome)) };
    } catch (error) {
      await this.#settle(caller, pending.id, failurePatch(error, 'Pending'));
      throw clusterRefusal(error);
    }
  }

  /** Asks the cluster's API server with a dry run; stores nothing. */
  async dryRun(caller: Caller, input: ApplyBindingInput): Promise<BindingPreview> {
    const { backend, desired } = await this.#desired(caller, input);
    await this.store.transaction(caller.actor, (tx) => this.#record(tx, caller, backend, desired, {}), {
      dryRun: true,
    });
    return { desired, outcome: await this.#ask(backend, desired, input) };
  }

  /** Reads it back and stores what the cluster shows. */
  async refresh(caller: Caller, id: string): Promise<Binding> {
    const binding = await this.get(caller, id);
    const access = await this.clusterAccess.access(binding.clusterId);
    const state = await reached(this.agent.readBinding(access, binding.namespace, binding.name));
    return this.#settle(caller, id, seenPatch(binding, state));
  }

  async list(
    caller: Caller,
    { projectId, routeId, clusterId, backendId }: BindingFilter,
    page: PageRequest,
  ): Promise<Page<Binding>> {
    const filter = {
      ...projectFilter(caller, projectId),
      ...(clusterId !== undefined && { clusterId: knownId('cluster', clusterId) }),
      ...(backendId !== undefined && { backendId: knownId('backend', backendId) }),
    };
    if (routeId === undefined) return this.store.read.bindings.page(filter, page);
    // a route has five backends at most: one page holds them all
    const backends = await this.store.read.backends.all({ routeId: knownId('route', routeId) });
    const bindings = await Promise.all(
      backends.map((one) => this.store.read.bindings.all({ ...filter, backendId: one.id })),
    );
    const wanted = bindings.flat().filter((one) => backendId === undefined || one.backendId === backendId);
    return { items: wanted, next: null };
  }

  async get(caller: Caller, id: string): Promise<Binding> {
    return own(caller, 'binding', id, await this.store.read.bindings.find(knownId('binding', id)));
  }

  /**
   * Conflict until its target group is drained (rule 10): `StillServing` while any load balancer sends it requests or its
   * times aren't over, `RouteIsBusy` while a rollout, a bake or a write may still raise it.
   */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<RemovedBinding> {
    const binding = await this.get(caller, id);
    expectVersion(binding, options);
    const look = await this.#look(binding);
    const drained = await this.store.transaction(caller.actor, (tx) => this.#mayGo(tx, id, look, options), options);
    if (options.dryRun) return { binding, outcome: { result: 'removed' }, drained };
    try {
      const access = await this.clusterAccess.access(binding.clusterId);
      const outcome = await this.agent.removeBinding(
        access,
        { namespace: binding.namespace, name: binding.name },
        drained,
      );
      return { outcome, drained, binding: await this.#settle(caller, id, removedPatch(binding, outcome)) };
    } catch (error) {
      await this.#settle(caller, id, failurePatch(error, 'Removing'));
      throw clusterRefusal(error);
    }
  }

  async #look(binding: Binding): Promise<DrainLook> {
    const backend = await this.store.read.backends.find(binding.backendId);
    const route = backend && (await this.store.read.routes.find(backend.routeId));
    if (!backend || !route)
      throw new Conflict('Gone', "the binding's backend was removed meanwhile", { backendId: binding.backendId });
    return this.drains.look(route.accountId, backend.targetGroupArn);
  }

  /** Durable before the call: from here on it is being removed, and nothing older raises what it fills. */
  async #mayGo(tx: ResourceTransaction, id: string, look: DrainLook, options: MutationOptions): Promise<DrainState> {
    const [verdict] = await this.drains.judge(tx, [look]);
    const { reason, facts, ...drained } = verdict!;
    if (reason !== null) throw new Conflict(reason, `the binding can't go yet: ${drained.message}`, facts);
    const binding = await tx.bindings.lock(id, 'change');
    if (!binding) throw new Conflict('Gone', 'the binding was forgotten meanwhile', { bindingId: id });
    expectVersion(binding, options);
    await tx.bindings.update(id, { state: 'Removing', reason: null, message: null });
    return drained;
  }

  async #desired(caller: Caller, input: ApplyBindingInput): Promise<{ backend: Backend; desired: DesiredBinding }> {
    checkInput(input);
    const backend = own(
      caller,
      'backend',
      input.backendId,
      await this.store.read.backends.find(knownId('backend', input.backendId)),
    );
    const [present] = await this.store.read.bindings.all({ backendId: backend.id });
    const name = present && present.state !== 'Removed' ? present.name : (input.name ?? bindingName(backend));
    return {
      backend,
      desired: desiredBinding(backend, name, await this.#networking(backend, input.networking ?? 'auto')),
    };
  }

  async #networking(backend: Backend, choice: NetworkingChoice): Promise<DesiredBinding['networking']> {
    if (choice === 'off') return null;
    if (choice !== 'auto') return { securityGroupIds: choice.securityGroupIds, port: choice.port ?? null };
    const route = await this.store.read.routes.find(backend.routeId);
    if (!route) throw new Conflict('Gone', "the backend's route was removed meanwhile", { routeId: backend.routeId });
    const { securityGroups } = await answered(
      this.loadBalancer.describeLoadBalancer(await this.accountAccess.access(route.accountId), route.loadBalancerArn),
    );
    return securityGroups.length > 0 ? { securityGroupIds: securityGroups, port: null } : null;
  }

  async #ask(backend: Backend, desired: DesiredBinding, input: ApplyBindingInput): Promise<ApplyBinding> {
    const access = await this.clusterAccess.access(backend.clusterId);
    return reached(this.agent.applyBinding(access, desired, { dryRun: true, force: input.force ?? false }));
  }

  async #rehearse(
    caller: Caller,
    backend: Backend,
    desired: DesiredBinding,
    input: ApplyBindingInput,
    options: MutationOptions,
  ): Promise<AppliedBinding> {
    const pending = await this.store.transaction(
      caller.actor,
      (tx) => this.#record(tx, caller, backend, desired, options),
      {
        dryRun: true,
      },
    );
    const outcome = await this.#ask(backend, desired, input);
    return { outcome, binding: { ...pending, ...appliedPatch(outcome) } };
  }

  /** Durable before the call: what we are about to ask the cluster for. */
  async #record(
    tx: ResourceTransaction,
    caller: Caller,
    backend: Backend,
    desired: DesiredBinding,
    options: MutationOptions,
  ): Promise<Binding> {
    if (!(await tx.backends.lock(backend.id, 'change')))
      throw new Conflict('Gone', 'the backend was removed meanwhile', { backendId: backend.id });
    await refuseBoundElsewhere(tx, backend);
    const [present] = await tx.bindings.all({ backendId: backend.id });
    const wanted = {
      namespace: desired.namespace,
      name: desired.name,
      networking: desired.networking,
      state: 'Pending' as const,
      reason: null,
      message: null,
    };
    if (present) {
      expectVersion(present, options);
      return tx.bindings.update(present.id, wanted);
    }
    const { id: backendId, projectId, clusterId } = backend;
    return tx.bindings.insert({
      id: this.ids.next('bnd'),
      projectId,
      backendId,
      clusterId,
      ...wanted,
      observed: null,
      observedAt: null,
      createdBy: actorText(caller.actor),
    });
  }

  async #settle(caller: Caller, id: string, patch: BindingPatch): Promise<Binding> {
    const observedAt = 'observed' in patch ? { observedAt: new Date(this.clock.now()).toISOString() } : {};
    return this.store.transaction(caller.actor, async (tx) => {
      const binding = await tx.bindings.lock(id, 'change');
      if (!binding) throw new Conflict('Gone', 'the binding was forgotten meanwhile', { bindingId: id });
      return tx.bindings.update(id, { ...patch, ...observedAt });
    });
  }
}

function checkInput(input: ApplyBindingInput): void {
  const checks = new Checks();
  if (input.name !== undefined)
    checks.line(
      'name',
      input.name,
      63,
      /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
      'must be lower-case letters, digits and -, at most 63 characters',
    );
  if (typeof input.networking === 'object') {
    const { securityGroupIds, port } = input.networking;
    if (securityGroupIds.length < 1 || securityGroupIds.length > 5)
      checks.fail('networking.securityGroupIds', 'must be 1 to 5 security groups');
    securityGroupIds.forEach((group, i) =>
      checks.line(
        `networking.securityGroupIds.${i}`,
        group,
        64,
        /^sg-[0-9a-z]+$/,
        'must be a security group id such as sg-0123456789abcdef0',
      ),
    );
    if (port != null) checks.servicePort('networking.port', port);
  } else if (input.networking !== undefined) {
    checks.oneOf('networking', input.networking, ['auto', 'off']);
  }
  checks.done();
}

/** Two clusters bound to one target group deregister each other's pods in a loop (aws-and-lbc §1.8). */
async function refuseBoundElsewhere(tx: ResourceTransaction, backend: Backend): Promise<void> {
  for (const other of await tx.backends.all({ targetGroupArn: backend.targetGroupArn })) {
    if (other.clusterId === backend.clusterId) continue;
    const bound = (await tx.bindings.all({ backendId: other.id })).some(
      (one) => one.state !== 'Removed' && !(one.state === 'Refused' && one.observed === null),
    );
    if (bound)
      throw new Conflict(
        'TargetGroupAlreadyBound',
        "this target group is bound in another cluster already; both would deregister each other's pods. Give each cluster a target group of its own",
      );
  }
}
