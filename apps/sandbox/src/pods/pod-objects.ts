import { serviceNameLabel, type EndpointSlice, type Node, type Pod, type Service } from '../kube-client/resources.js';
import { serviceLabel, sliceName, targetPort } from './service-plan.js';

const nodeName = 'sandbox-node';

/** The one node of a cluster, as its kubelet would register it. */
export function nodeObject(instance: string, zone: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName, labels: { 'kubernetes.io/hostname': nodeName, 'topology.kubernetes.io/zone': zone } },
    spec: { providerID: `aws:///${zone}/${instance}` },
  };
}

export const nodeStatus = {
  status: {
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'the sandbox runs the pods',
        lastHeartbeatTime: null,
        lastTransitionTime: null,
      },
    ],
    nodeInfo: {
      kubeletVersion: 'v1.36.3-sandbox',
      machineID: '',
      systemUUID: '',
      bootID: '',
      kernelVersion: '',
      osImage: 'sandbox',
      containerRuntimeVersion: 'sandbox://1',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  },
};

/** A pod of a Service: labels from its selector, one container with its ports. */
export function podObject(service: Service, name: string): Pod {
  const { namespace, name: serviceName } = service.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...service.spec.selector, [serviceLabel]: serviceName },
    },
    spec: {
      nodeName,
      containers: [
        { name: 'server', image: 'sandbox', ports: containerPorts(service) } as Pod['spec']['containers'][number],
      ],
    },
  };
}

function containerPorts(service: Service): object[] {
  const ports = new Map((service.spec.ports ?? []).map((port) => [targetPort(port), port]));
  return [...ports].map(([containerPort, port]) => ({
    containerPort,
    protocol: 'TCP',
    ...(typeof port.targetPort === 'string' ? { name: port.targetPort } : {}),
  }));
}

/** Status patch of a pod that runs and is ready. */
export function runningStatus(ip: string, now: string): object {
  const condition = (type: string) => ({ type, status: 'True', lastTransitionTime: now });
  return {
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      hostIP: '10.0.0.10',
      startTime: now,
      conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map(condition),
      containerStatuses: [
        {
          name: 'server',
          ready: true,
          started: true,
          restartCount: 0,
          image: 'sandbox',
          imageID: 'sandbox',
          state: { running: { startedAt: now } },
        },
      ],
    },
  };
}

/** The slice of a Service with the pods that are ready. */
export function sliceObject(service: Service, ready: readonly Pod[]): EndpointSlice {
  const { namespace, name } = service.metadata;
  const unique = new Map((service.spec.ports ?? []).map((port) => [`${port.name ?? ''}/${targetPort(port)}`, port]));
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: sliceName(name),
      ...(namespace === undefined ? {} : { namespace }),
      labels: {
        [serviceNameLabel]: name,
        [serviceLabel]: name,
        'endpointslice.kubernetes.io/managed-by': 'sandbox.sluice.dev',
      },
    },
    endpoints: ready.map((pod) => ({
      addresses: [pod.status?.podIP ?? ''],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName,
      targetRef: {
        kind: 'Pod',
        name: pod.metadata.name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(pod.metadata.uid === undefined ? {} : { uid: pod.metadata.uid }),
      },
    })),
    ports: [...unique.values()].map((port) => ({ name: port.name ?? '', port: targetPort(port), protocol: 'TCP' })),
  };
}
