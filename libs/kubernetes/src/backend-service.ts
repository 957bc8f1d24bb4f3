import type { V1EndpointSlice, V1Service } from '@kubernetes/client-node';
import type { BackendService } from '@sluice/control';

/** A Service with what its EndpointSlices say about who is behind it. */
export interface SeenService {
  readonly service: BackendService;
  /** Endpoints that are no pods (written by hand or by another system): the controller registers pods only. */
  readonly endpointsThatAreNoPods: number;
}

/** Counts each ready pod once, however many slices (dual stack, several ports) name it. `ready` absent means ready. */
export function seenService(service: V1Service, slices: readonly V1EndpointSlice[]): SeenService {
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  const pods = endpoints.filter((endpoint) => endpoint.targetRef?.kind === 'Pod');
  const ready = pods.filter((endpoint) => endpoint.conditions?.ready !== false);
  const names = new Set(
    ready.map((endpoint) => `${endpoint.targetRef?.namespace ?? ''}/${endpoint.targetRef?.name ?? ''}`),
  );
  return {
    service: {
      namespace: service.metadata?.namespace ?? '',
      name: service.metadata?.name ?? '',
      type: service.spec?.type ?? 'ClusterIP',
      ports: (service.spec?.ports ?? []).map((port) => ({
        name: port.name ?? null,
        port: port.port,
        nodePort: port.nodePort ?? null,
      })),
      readyEndpoints: names.size,
    },
    endpointsThatAreNoPods: endpoints.length - pods.length,
  };
}

/** The port that a binding means, by number or by name; undefined when the Service has none such. */
export function portOf(service: BackendService, wanted: number | string): BackendService['ports'][number] | undefined {
  return service.ports.find((port) => (typeof wanted === 'number' ? port.port === wanted : port.name === wanted));
}
