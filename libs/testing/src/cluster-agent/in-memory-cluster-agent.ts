import {
  ClusterAgent,
  ExternalFailure,
  type ApplyBinding,
  type BackendService,
  type BindingRefusal,
  type BindingState,
  type CallOptions,
  type ClusterAccess,
  type ClusterCheck,
  type DesiredBinding,
  type RemoveBinding,
} from '@sluice/control';
import type { Named } from './cluster-world.js';
import { InMemoryCluster, keyOf, type KeptBinding } from './in-memory-cluster.js';
import { isOurs, madeByController, refusal, whyNotApply } from './in-memory-refusals.js';

type ApplyOptions = CallOptions & { readonly dryRun?: boolean; readonly force?: boolean };

/** Token of a user who may log in to a cluster of the fake and nothing else. */
export const powerlessToken = 'powerless';

/** Clusters in memory, for tests of use cases. It keeps the contract of the port; faults are switched on from outside. */
export class InMemoryClusterAgent extends ClusterAgent {
  /** Every binding that was really applied, in order. */
  readonly applied: { readonly clusterId: string; readonly desired: DesiredBinding }[] = [];
  /** Every binding that was removed or is going, in order. */
  readonly removed: { readonly clusterId: string; readonly namespace: string; readonly name: string }[] = [];
  private readonly clusters = new Map<string, InMemoryCluster>();
  private readonly down = new Map<string, { readonly code: string; readonly kind: 'transient' | 'terminal' }>();
  private readonly refusals: BindingRefusal[] = [];

  /** The cluster of this id; it is there from the first time somebody asks. */
  cluster(clusterId: string): InMemoryCluster {
    const known = this.clusters.get(clusterId);
    if (known !== undefined) return known;
    const made = new InMemoryCluster();
    this.clusters.set(clusterId, made);
    return made;
  }

  /** From now on every call to this cluster fails: transient `ECONNREFUSED` unless told otherwise. */
  switchOff(
    clusterId: string,
    how: { readonly code: string; readonly kind: 'transient' | 'terminal' } = {
      code: 'ECONNREFUSED',
      kind: 'transient',
    },
  ): void {
    this.down.set(clusterId, how);
  }

  switchOn(clusterId: string): void {
    this.down.delete(clusterId);
  }

  /** The next apply or removal is refused like this; more than one are used up in order. */
  refuseNext(reason: BindingRefusal['reason'], message = `refused by the test: ${reason}`): void {
    this.refusals.push(refusal(reason, message));
  }

  async check(access: ClusterAccess): Promise<ClusterCheck> {
    this.mustAnswer(access);
    const bindings = ['create', 'delete', 'get', 'list', 'patch'].map(
      (verb) => `${verb} targetgroupbindings.${access.bindingApi.split('/')[0]}`,
    );
    const all = [...bindings, 'get namespaces', 'get services', 'list endpointslices.discovery.k8s.io', 'list events'];
    return {
      version: 'v1.36.3',
      user: isPowerless(access) ? 'powerless' : 'sluice',
      bindingApis: ['elbv2.k8s.aws/v1beta1'],
      missingPermissions: isPowerless(access) ? all : [],
      kubeSystemUid: await this.identify(access),
    };
  }

  async identify(access: ClusterAccess): Promise<string | null> {
    const cluster = this.mustAnswer(access);
    return isPowerless(access) ? null : cluster.kubeSystemUid;
  }

  async applyBinding(
    access: ClusterAccess,
    desired: DesiredBinding,
    options: ApplyOptions = {},
  ): Promise<ApplyBinding> {
    const cluster = this.mustAnswer(access);
    const refused =
      this.refusals.shift() ??
      forbidden(access) ??
      unserved(access) ??
      whyNotApply(cluster, desired, options.force ?? false);
    if (refused !== null) return refused;
    const after = changed(cluster, desired);
    if (options.dryRun !== true) {
      cluster.bindings.set(keyOf(desired), after);
      this.applied.push({ clusterId: access.clusterId, desired });
    }
    const empty =
      cluster.services.get(keyOf({ namespace: desired.namespace, name: desired.service }))?.service.readyEndpoints ===
      0;
    return {
      result: 'applied',
      binding: empty
        ? { ...after.state, problems: [...after.state.problems, 'ServiceHasNoEndpoints: no pod is ready'] }
        : after.state,
    };
  }

  async readBinding(access: ClusterAccess, namespace: string, name: string): Promise<BindingState | null> {
    const kept = this.mustAllow(access).bindings.get(keyOf({ namespace, name }));
    return kept === undefined
      ? null
      : { ...kept.state, problems: [...kept.state.problems, ...terminating(kept), ...warnings(kept)] };
  }

  async listBindings(access: ClusterAccess): Promise<readonly BindingState[]> {
    return [...this.mustAllow(access).bindings.values()].map(({ state }) => state);
  }

  async readService(access: ClusterAccess, namespace: string, name: string): Promise<BackendService | null> {
    return this.mustAllow(access).services.get(keyOf({ namespace, name }))?.service ?? null;
  }

  async removeBinding(
    access: ClusterAccess,
    binding: Named,
    drained: { readonly drained: boolean; readonly message: string },
  ): Promise<RemoveBinding> {
    const cluster = this.mustAnswer(access);
    const refused = this.refusals.shift() ?? forbidden(access) ?? unserved(access);
    if (refused !== null) return refused;
    const kept = cluster.bindings.get(keyOf(binding));
    if (kept === undefined) return { result: 'absent' };
    if (madeByController(kept)) return refusal('ManagedByController', `${keyOf(binding)} was made by a controller`);
    if (!isOurs(kept)) return refusal('NotOurs', `${keyOf(binding)} was not made by Sluice`);
    if (!drained.drained) return refusal('StillServing', drained.message);
    if (kept.state.deleting) return { result: 'removing' };
    this.removed.push({ clusterId: access.clusterId, namespace: binding.namespace, name: binding.name });
    if (kept.finalizers.length === 0) {
      cluster.bindings.delete(keyOf(binding));
      return { result: 'removed' };
    }
    kept.state = { ...kept.state, deleting: true };
    return { result: 'removing' };
  }

  private mustAnswer(access: ClusterAccess): InMemoryCluster {
    const fault = this.down.get(access.clusterId);
    if (fault !== undefined)
      throw failure(fault.kind, fault.code, `Cluster ${access.name} (${access.server}): not reachable`);
    return this.cluster(access.clusterId);
  }

  private mustAllow(access: ClusterAccess): InMemoryCluster {
    const cluster = this.mustAnswer(access);
    if (isPowerless(access))
      throw failure('terminal', 'Forbidden', `User "powerless" may not look into cluster ${access.name}`);
    if (unserved(access) !== null)
      throw failure('terminal', 'NotFound', `Cluster ${access.name} does not serve ${access.bindingApi}`);
    return cluster;
  }
}

function changed(cluster: InMemoryCluster, desired: DesiredBinding): KeptBinding {
  const { service, port, targetGroupArn, targetType, networking } = desired;
  const ports =
    networking === null
      ? []
      : [networking.port === null ? { protocol: 'TCP' } : { protocol: 'TCP', port: networking.port }];
  const from = networking?.securityGroupIds.map((groupID) => ({ securityGroup: { groupID } })) ?? [];
  const spec = {
    serviceRef: { name: service, port },
    targetGroupARN: targetGroupArn,
    targetType,
    ...(networking === null ? {} : { networking: { ingress: [{ from, ports }] } }),
  };
  const live = cluster.bindings.get(keyOf(desired));
  if (live === undefined)
    return { state: cluster.newState(desired), spec, finalizers: [], portTakenBy: null, events: [] };
  const generation = live.state.generation + (JSON.stringify(spec) === JSON.stringify(live.spec) ? 0 : 1);
  return {
    ...live,
    spec,
    portTakenBy: null,
    state: { ...live.state, service, port, generation, labels: { ...live.state.labels, ...desired.labels } },
  };
}

function terminating(kept: KeptBinding): string[] {
  return kept.state.deleting
    ? [`Terminating: the AWS Load Balancer Controller still holds ${kept.finalizers.join(', ')}`]
    : [];
}

function warnings({ events }: KeptBinding): string[] {
  const settledBy = (reason: string, ageSeconds: number) =>
    events.some(
      (later) =>
        later.type === 'Normal' &&
        (reason === 'BackendNotFound' ? later.ageSeconds + 2 < ageSeconds : later.ageSeconds < ageSeconds),
    );
  return events
    .filter((event) => event.type === 'Warning' && !settledBy(event.reason, event.ageSeconds))
    .sort((a, b) => a.ageSeconds - b.ageSeconds)
    .map((event) => `${event.reason}: ${event.message}`);
}

function isPowerless(access: ClusterAccess): boolean {
  return access.auth.kind === 'token' && access.auth.token === powerlessToken;
}

function forbidden(access: ClusterAccess): BindingRefusal | null {
  return isPowerless(access)
    ? refusal('Forbidden', `User "powerless" may not do this in cluster ${access.name}`)
    : null;
}

function unserved(access: ClusterAccess): BindingRefusal | null {
  return access.bindingApi === 'elbv2.k8s.aws/v1beta1'
    ? null
    : refusal('CrdMissing', `Cluster ${access.name} does not serve ${access.bindingApi}`);
}

function failure(kind: 'transient' | 'terminal', code: string, message: string): ExternalFailure {
  return new ExternalFailure({ system: 'kubernetes', kind, code, message });
}
