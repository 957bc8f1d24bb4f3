import {
  serviceNameLabel,
  type Endpoint,
  type EndpointSlice,
  type Node,
  type Pod,
  type Service,
  type ServicePort,
} from '../kube-client/resources.js';
import type { Binding } from './binding.js';

/** What one cluster's caches hold. */
export interface ClusterView {
  service(namespace: string, name: string): Service | undefined;
  pod(namespace: string, name: string): Pod | undefined;
  slices(): EndpointSlice[];
  nodes(): Node[];
}

/** Targets (`ip:port` or `i-…:nodePort`) of a binding, or why there is no backend to have any. */
export type Resolution =
  | { readonly kind: 'Resolved'; readonly targets: string[] }
  | { readonly kind: 'BackendNotFound'; readonly detail: string }
  | { readonly kind: 'Unusable'; readonly detail: string };

/** Resolves the binding's serviceRef against the caches, as the controller does. */
export function resolveTargets(binding: Binding, view: ClusterView): Resolution {
  const namespace = binding.metadata.namespace ?? '';
  const { name, port: wanted } = binding.spec.serviceRef;
  const service = view.service(namespace, name);
  if (service === undefined)
    return { kind: 'BackendNotFound', detail: `backend not found: Service "${name}" not found` };
  const port = findPort(service, wanted);
  if (port === undefined)
    return {
      kind: 'BackendNotFound',
      detail: `backend not found: unable to find port ${wanted} on service ${namespace}/${name}`,
    };
  return binding.spec.targetType === 'instance'
    ? nodeTargets(service, port, view)
    : { kind: 'Resolved', targets: podTargets(namespace, name, port, view) };
}

function findPort(service: Service, wanted: number | string): ServicePort | undefined {
  return (service.spec.ports ?? []).find((port) =>
    typeof wanted === 'number' ? port.port === wanted : port.name === wanted,
  );
}

function podTargets(namespace: string, service: string, port: ServicePort, view: ClusterView): string[] {
  const targets = new Set<string>();
  for (const slice of view.slices()) {
    if (slice.metadata.namespace !== namespace || slice.metadata.labels?.[serviceNameLabel] !== service) continue;
    for (const { name = '', port: number } of slice.ports ?? []) {
      if (name !== (port.name ?? '') || number === undefined) continue;
      for (const endpoint of slice.endpoints ?? [])
        if (counts(endpoint, namespace, view))
          endpoint.addresses.forEach((address) => targets.add(`${address}:${number}`));
    }
  }
  return [...targets].sort();
}

/** Only endpoints whose target is a pod that the cache has, and that are ready (absent means ready). */
function counts({ targetRef, conditions }: Endpoint, namespace: string, view: ClusterView): boolean {
  if (targetRef?.kind !== 'Pod' || view.pod(targetRef.namespace ?? namespace, targetRef.name) === undefined)
    return false;
  return conditions?.ready ?? true;
}

function nodeTargets(service: Service, port: ServicePort, view: ClusterView): Resolution {
  if (service.spec.type !== 'NodePort' && service.spec.type !== 'LoadBalancer') {
    return {
      kind: 'Unusable',
      detail: `service type must be either 'NodePort' or 'LoadBalancer': ${service.metadata.namespace ?? ''}/${service.metadata.name}`,
    };
  }
  const instances = view
    .nodes()
    .filter(isReady)
    .flatMap((node) => /\/(i-[0-9a-f]+)$/.exec(node.spec.providerID ?? '')?.[1] ?? []);
  return { kind: 'Resolved', targets: instances.map((instance) => `${instance}:${port.nodePort ?? 0}`).sort() };
}

function isReady(node: Node): boolean {
  return (node.status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
