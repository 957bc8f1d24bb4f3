import { createHash } from 'node:crypto';
import type { Service, ServicePort } from '../kube-client/resources.js';

/** How many pods a Service gets. */
const podsAnnotation = 'sandbox.sluice.dev/pods';
/** On pods and slices that the sandbox made: which Service they are for. */
export const serviceLabel = 'sandbox.sluice.dev/service';

const defaultPods = 2;
const mostPods = 50;
const namedPort = 8080;

/** Number of pods that the Service shall have; 0 without a selector, 2 unless the annotation says otherwise. */
export function wantedPods(service: Service | undefined): number {
  if (
    service === undefined ||
    service.metadata.deletionTimestamp ||
    Object.keys(service.spec.selector ?? {}).length === 0
  )
    return 0;
  const asked = service.metadata.annotations?.[podsAnnotation];
  const count = asked === undefined ? defaultPods : Number(asked);
  return Number.isInteger(count) && count >= 0 ? Math.min(count, mostPods) : defaultPods;
}

/** The port on the pod behind a port of the Service; a name stands for 8080. */
export function targetPort(port: ServicePort): number {
  return typeof port.targetPort === 'number' ? port.targetPort : port.targetPort === undefined ? port.port : namedPort;
}

export function podNames(service: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${service}-${index}`);
}

/** The instance id of a cluster's one node: always the same for the same cluster. */
export function instanceId(cluster: string): string {
  return `i-${createHash('sha256').update(cluster).digest('hex').slice(0, 17)}`;
}

export function sliceName(service: string): string {
  return `${service}-pods`;
}
