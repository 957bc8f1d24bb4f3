import type { RemoteObject, Resource } from './kube-client.js';

/** Where the kinds that the sandbox's controllers use live. */
export const resources = {
  services: { api: 'api/v1', plural: 'services' },
  pods: { api: 'api/v1', plural: 'pods' },
  nodes: { api: 'api/v1', plural: 'nodes' },
  configMaps: { api: 'api/v1', plural: 'configmaps' },
  events: { api: 'api/v1', plural: 'events' },
  namespaces: { api: 'api/v1', plural: 'namespaces' },
  endpointSlices: { api: 'apis/discovery.k8s.io/v1', plural: 'endpointslices' },
  bindings: { api: 'apis/elbv2.k8s.aws/v1beta1', plural: 'targetgroupbindings' },
  autoModeBindings: { api: 'apis/eks.amazonaws.com/v1', plural: 'targetgroupbindings' },
} as const satisfies Record<string, Resource>;

export interface ServicePort {
  name?: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
  protocol?: string;
}

export interface Service extends RemoteObject {
  spec: { type?: string; selector?: Record<string, string>; ports?: ServicePort[]; clusterIP?: string };
}

export interface Pod extends RemoteObject {
  spec: { nodeName?: string; containers: { name: string }[]; readinessGates?: { conditionType: string }[] };
  status?: { phase?: string; podIP?: string; conditions?: { type: string; status: string }[] };
}

export interface Node extends RemoteObject {
  spec: { providerID?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

export interface Namespace extends RemoteObject {
  spec?: { finalizers?: string[] };
  status?: { phase?: string };
}

export interface Endpoint {
  addresses: string[];
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
  nodeName?: string;
  targetRef?: { kind: string; namespace?: string; name: string; uid?: string };
}

export interface EndpointSlice extends RemoteObject {
  addressType: string;
  /** A real API server gives null for none. */
  endpoints: Endpoint[] | null;
  ports?: { name?: string; port?: number; protocol?: string }[];
}

export const serviceNameLabel = 'kubernetes.io/service-name';
