import { PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import {
  ClusterAgent,
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
import { ApiRefusal, isRecord } from './api-reply.js';
import type { SeenService } from './backend-service.js';
import { bindingApiOf, bindingManifest, fieldManager } from './binding-manifest.js';
import { bindingState } from './binding-state.js';
import { checkCluster } from './check.js';
import {
  everyBinding,
  kubeSystemUid,
  namespaceMayExist,
  nullIfAbsent,
  oneBinding,
  seeService,
  warningsAbout,
} from './cluster-reads.js';
import type { ClusterClients } from './connection.js';
import { Connections } from './connections.js';
import { toFailure } from './failures.js';
import { isOurs, madeByController } from './ownership.js';
import { managedByController, whyNotBind } from './preflight.js';
import { namespaceNotFound, readRefusal, refused, type RefusedWrite } from './refusals.js';

type ApplyOptions = CallOptions & { readonly dryRun?: boolean; readonly force?: boolean };

/**
 * Acts in a cluster over its API, with credentials that the cluster's record gives. `timeoutMs` (5 s unless set) bounds a
 * whole operation, however many requests it needs; all of them end with it, sockets closed.
 */
export class DirectClusterAgent extends ClusterAgent {
  private readonly connections = new Connections();

  /** Permissions are asked for all namespaces: a Role in single namespaces is reported as missing. */
  async check(access: ClusterAccess, options?: CallOptions): Promise<ClusterCheck> {
    return this.within(access, options, 'checking the connection', (clients) => checkCluster(clients, access));
  }

  async identify(access: ClusterAccess, options?: CallOptions): Promise<string | null> {
    return this.within(access, options, 'reading namespace kube-system', kubeSystemUid);
  }

  /** A binding whose Service has no ready pod yet is applied; `problems` of the answer say so. */
  async applyBinding(
    access: ClusterAccess,
    desired: DesiredBinding,
    options: ApplyOptions = {},
  ): Promise<ApplyBinding> {
    const doing = `applying binding ${desired.namespace}/${desired.name}`;
    return this.within(access, options, doing, async (clients) => {
      const write = { access, ...desired };
      const seen = await valueOrRefusal(seeService(clients, desired.namespace, desired.service), write);
      if (seen === null) return this.missingService(clients, access, desired);
      if (isRefusal(seen)) return seen;
      const bindings = await valueOrRefusal(everyBinding(clients, access), write);
      if (isRefusal(bindings)) return bindings;
      const refusal = whyNotBind({ access, desired, seen, bindings }, options.force ?? false);
      if (refusal !== null) return refusal;
      const applied = await valueOrRefusal(this.sendApply(clients, access, desired, options), write);
      return isRefusal(applied) ? applied : { result: 'applied', binding: withEmptiness(applied, seen) };
    });
  }

  async readBinding(
    access: ClusterAccess,
    namespace: string,
    name: string,
    options?: CallOptions,
  ): Promise<BindingState | null> {
    return this.within(access, options, `reading binding ${namespace}/${name}`, async (clients) => {
      const found = await oneBinding(clients, access, namespace, name);
      if (found === null) return null;
      const problems = await warningsAbout(clients, found);
      return { ...found, problems: [...found.problems, ...problems] };
    });
  }

  async listBindings(access: ClusterAccess, options?: CallOptions): Promise<readonly BindingState[]> {
    return this.within(access, options, 'listing bindings', (clients) => everyBinding(clients, access));
  }

  async readService(
    access: ClusterAccess,
    namespace: string,
    name: string,
    options?: CallOptions,
  ): Promise<BackendService | null> {
    return this.within(access, options, `reading Service ${namespace}/${name}`, async (clients) => {
      const seen = await seeService(clients, namespace, name);
      return seen === null ? null : seen.service;
    });
  }

  /** `removing` stays until the controller has deregistered every target; `readBinding` then says what it waits for. */
  async removeBinding(
    access: ClusterAccess,
    binding: { readonly namespace: string; readonly name: string },
    drained: { readonly drained: boolean; readonly message: string },
    options?: CallOptions,
  ): Promise<RemoveBinding> {
    const { namespace, name } = binding;
    return this.within(access, options, `removing binding ${namespace}/${name}`, async (clients) => {
      const write = { access, namespace, name, targetGroupArn: '' };
      const live = await valueOrRefusal(oneBinding(clients, access, namespace, name), write);
      if (live === null) return { result: 'absent' };
      if (isRefusal(live)) return live;
      const refusal = whyNotRemove(access, live, drained);
      if (refusal !== null) return refusal;
      if (live.deleting) return { result: 'removing' };
      return valueOrRefusal(this.sendDelete(clients, access, live), { ...write, targetGroupArn: live.targetGroupArn });
    });
  }

  /** Closes every socket; to be called once, when the process ends. */
  async close(): Promise<void> {
    await this.connections.close();
  }

  private async within<T>(
    access: ClusterAccess,
    options: CallOptions | undefined,
    doing: string,
    work: (clients: ClusterClients) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.connections.to(access).clients(options));
    } catch (error) {
      throw toFailure(error, access, doing);
    }
  }

  private async missingService(
    clients: ClusterClients,
    access: ClusterAccess,
    desired: DesiredBinding,
  ): Promise<BindingRefusal> {
    if (!(await namespaceMayExist(clients, desired.namespace)))
      return namespaceNotFound(access.name, desired.namespace);
    return refused(
      'ServiceNotFound',
      `Cluster ${access.name} has no Service ${desired.namespace}/${desired.service}; a binding to it would empty its target group.`,
      `Create the Service, or correct the backend's namespace and Service name.`,
    );
  }

  private async sendApply(
    clients: ClusterClients,
    access: ClusterAccess,
    desired: DesiredBinding,
    options: ApplyOptions,
  ): Promise<BindingState> {
    const reply: unknown = await clients.custom.patchNamespacedCustomObject(
      {
        ...bindingApiOf(access),
        namespace: desired.namespace,
        name: desired.name,
        body: bindingManifest(access.bindingApi, desired),
        fieldManager,
        force: options.force ?? false,
        ...(options.dryRun === true ? { dryRun: 'All' } : {}),
      },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
    return bindingState(reply, access);
  }

  private async sendDelete(clients: ClusterClients, access: ClusterAccess, live: BindingState): Promise<RemoveBinding> {
    const reply: unknown = await nullIfAbsent(
      clients.custom.deleteNamespacedCustomObject({
        ...bindingApiOf(access),
        namespace: live.namespace,
        name: live.name,
        body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: live.uid } },
      }),
    );
    if (reply === null) return { result: 'absent' };
    return isRecord(reply) && reply['kind'] === 'Status' ? { result: 'removed' } : { result: 'removing' };
  }
}

function whyNotRemove(
  access: ClusterAccess,
  live: BindingState,
  drained: { readonly drained: boolean; readonly message: string },
): BindingRefusal | null {
  if (madeByController(live)) return managedByController(access.name, live);
  if (!isOurs(live)) {
    return refused(
      'NotOurs',
      `Binding ${live.namespace}/${live.name} of cluster ${access.name} was not made by Sluice.`,
      'Delete it by hand, if nobody needs it: its controller then deregisters every target of its target group.',
    );
  }
  if (drained.drained) return null;
  return refused(
    'StillServing',
    `Binding ${live.namespace}/${live.name} of cluster ${access.name} stays: ${drained.message}`,
    'Bring the weight of its target group to 0 on every route and wait until it is drained.',
  );
}

function withEmptiness(binding: BindingState, seen: SeenService): BindingState {
  if (seen.service.readyEndpoints > 0) return binding;
  const { namespace, name } = seen.service;
  return {
    ...binding,
    problems: [
      ...binding.problems,
      `ServiceHasNoEndpoints: no pod of Service ${namespace}/${name} is ready; nothing is registered until one is.`,
    ],
  };
}

async function valueOrRefusal<T>(call: Promise<T>, write: RefusedWrite): Promise<T | BindingRefusal> {
  try {
    return await call;
  } catch (error) {
    const refusal = error instanceof ApiRefusal ? readRefusal(error, write) : null;
    if (refusal === null) throw error;
    return refusal;
  }
}

function isRefusal(value: unknown): value is BindingRefusal {
  return isRecord(value) && value['result'] === 'refused';
}
