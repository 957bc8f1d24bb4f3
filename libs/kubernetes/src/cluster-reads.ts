import type { BindingState, ClusterAccess } from '@sluice/control';
import { ApiRefusal } from './api-reply.js';
import { seenService, type SeenService } from './backend-service.js';
import { bindingApiOf } from './binding-manifest.js';
import { bindingState } from './binding-state.js';
import type { ClusterClients } from './connection.js';
import { problemsOf } from './events.js';
import { wholeList } from './paging.js';

/** A Service with its endpoints; null when the cluster answered that it isn't there. */
export async function seeService(
  clients: ClusterClients,
  namespace: string,
  name: string,
): Promise<SeenService | null> {
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const [service, slices] = await Promise.all([
    nullIfAbsent(clients.core.readNamespacedService({ namespace, name })),
    wholeList((page) => clients.discovery.listNamespacedEndpointSlice({ namespace, labelSelector, ...page })),
  ]);
  return service === null ? null : seenService(service, slices);
}

/** One binding; null when the cluster answered that it isn't there. */
export async function oneBinding(
  clients: ClusterClients,
  access: ClusterAccess,
  namespace: string,
  name: string,
): Promise<BindingState | null> {
  const call = clients.custom.getNamespacedCustomObject({ ...bindingApiOf(access), namespace, name });
  const found: unknown = await nullIfAbsent(call);
  return found === null ? null : bindingState(found, access);
}

/** Every binding of the cluster, page by page. */
export async function everyBinding(clients: ClusterClients, access: ClusterAccess): Promise<BindingState[]> {
  const { group, version, plural: resourcePlural } = bindingApiOf(access);
  const found = await wholeList<unknown>((page) =>
    clients.custom.listCustomObjectForAllNamespaces({ group, version, resourcePlural, ...page }),
  );
  return found.map((item) => bindingState(item, access));
}

/** false only when the cluster says that there is no such namespace; without permission to look it may exist. */
export async function namespaceMayExist(clients: ClusterClients, name: string): Promise<boolean> {
  return unlessForbidden(true, async () => (await nullIfAbsent(clients.core.readNamespace({ name }))) !== null);
}

/** UID of kube-system; null when we may not get it. */
export async function kubeSystemUid(clients: ClusterClients): Promise<string | null> {
  return unlessForbidden(null, async () => {
    const namespace = await nullIfAbsent(clients.core.readNamespace({ name: 'kube-system' }));
    return namespace?.metadata?.uid ?? null;
  });
}

/** Events are diagnostics: who may not read them still gets the binding. `check` names the missing permission. */
export async function warningsAbout(clients: ClusterClients, binding: BindingState): Promise<string[]> {
  const about = { namespace: binding.namespace, fieldSelector: `involvedObject.name=${binding.name}`, limit: 500 };
  return unlessForbidden([], async () =>
    problemsOf((await clients.core.listNamespacedEvent(about)).items, binding.uid),
  );
}

/** Not-found of the object itself is null; not-found of the whole resource (no CRD) stays a refusal. */
export async function nullIfAbsent<T>(call: Promise<T>): Promise<T | null> {
  return call.catch((error: unknown) => {
    if (error instanceof ApiRefusal && error.httpStatus === 404 && error.about !== null) return null;
    throw error;
  });
}

async function unlessForbidden<T>(otherwise: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ApiRefusal && error.httpStatus === 403) return otherwise;
    throw error;
  }
}
