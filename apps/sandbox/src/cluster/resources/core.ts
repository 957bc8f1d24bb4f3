import { listAt, recordAt, stringAt } from '../json.js';
import type { KubeObject } from '../kube-object.js';
import { allVerbs, type ResourceType } from '../resource-type.js';
import { boolean, integer, list, listBy, object, open, setOf, string, stringMap } from '../schema.js';
import { ageColumn, ageOf, kindSchema, nameColumn } from './metadata.js';

const core = { group: '', version: 'v1', hasGeneration: false, isCustom: false, verbs: allVerbs } as const;

const statusConditions = listBy(['type'], open);

export const namespaces: ResourceType = {
  ...core,
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  hasStatus: true,
  verbs: allVerbs.filter((verb) => verb !== 'deletecollection'),
  nameRule: 'label',
  schema: kindSchema({
    spec: object({ finalizers: list(string) }),
    status: object({ phase: string, conditions: statusConditions }),
  }),
  columns: [nameColumn, { name: 'Status', cell: (each) => stringAt(each, 'status', 'phase') ?? '' }, ageColumn],
  fieldSelectors: ['status.phase'],
  setDefaults(each) {
    each.metadata.labels = { ...each.metadata.labels, 'kubernetes.io/metadata.name': each.metadata.name };
  },
  prepare(each, before) {
    if (before === undefined) {
      each['spec'] = { finalizers: ['kubernetes'] };
      each['status'] = { phase: 'Active' };
    }
  },
};

const objectReference = object({
  apiVersion: string,
  kind: string,
  name: string,
  namespace: string,
  uid: string,
  resourceVersion: string,
  fieldPath: string,
});

export const pods: ResourceType = {
  ...core,
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  schema: kindSchema(
    {
      spec: {
        ...open,
        required: ['containers'],
        properties: {
          containers: listBy(['name'], { ...open, required: ['name'], properties: { name: string, image: string } }),
          nodeName: string,
          nodeSelector: stringMap,
          serviceAccountName: string,
          restartPolicy: string,
          readinessGates: list(open),
        },
      },
      status: {
        ...open,
        properties: {
          conditions: statusConditions,
          podIPs: listBy(['ip'], object({ ip: string })),
          phase: string,
          podIP: string,
        },
      },
    },
    ['spec'],
  ),
  columns: [
    nameColumn,
    { name: 'Ready', cell: (each) => `${isPodReady(each) ? containerCount(each) : 0}/${containerCount(each)}` },
    {
      name: 'Status',
      cell: (each) =>
        each.metadata.deletionTimestamp ? 'Terminating' : (stringAt(each, 'status', 'phase') ?? 'Pending'),
    },
    { name: 'Restarts', type: 'integer', cell: () => 0 },
    ageColumn,
    { name: 'IP', priority: 1, cell: (each) => stringAt(each, 'status', 'podIP') ?? '<none>' },
    { name: 'Node', priority: 1, cell: (each) => stringAt(each, 'spec', 'nodeName') ?? '<none>' },
    { name: 'Nominated Node', priority: 1, cell: (each) => stringAt(each, 'status', 'nominatedNodeName') ?? '<none>' },
    { name: 'Readiness Gates', priority: 1, cell: (each) => readinessGates(each) },
  ],
  fieldSelectors: ['spec.nodeName', 'status.phase', 'status.podIP', 'spec.serviceAccountName', 'spec.restartPolicy'],
  setDefaults(each) {
    const spec = recordAt(each, 'spec');
    if (spec)
      Object.assign(spec, {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        schedulerName: 'default-scheduler',
        ...spec,
      });
  },
  prepare(each, before) {
    if (before === undefined) each['status'] = { phase: 'Pending', qosClass: 'BestEffort' };
  },
};

function isPodReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (each) => stringAt(each, 'type') === 'Ready' && stringAt(each, 'status') === 'True',
  );
}

function readinessGates(pod: KubeObject): string {
  const gates = listAt(pod, 'spec', 'readinessGates').map((gate) => stringAt(gate, 'conditionType'));
  const isTrue = (gate: string | undefined) =>
    listAt(pod, 'status', 'conditions').some(
      (each) => stringAt(each, 'type') === gate && stringAt(each, 'status') === 'True',
    );
  return gates.length === 0 ? '<none>' : `${gates.filter(isTrue).length}/${gates.length}`;
}

function containerCount(pod: KubeObject): number {
  return listAt(pod, 'spec', 'containers').length;
}

export const nodes: ResourceType = {
  ...core,
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  schema: kindSchema({
    spec: object({
      providerID: string,
      podCIDR: string,
      podCIDRs: setOf(string),
      unschedulable: boolean,
      taints: list(open),
      externalID: string,
      configSource: open,
    }),
    status: {
      ...open,
      properties: { conditions: statusConditions, addresses: list(object({ type: string, address: string })) },
    },
  }),
  columns: [
    nameColumn,
    { name: 'Status', cell: (each) => (isPodReady(each) ? 'Ready' : 'NotReady') },
    { name: 'Roles', cell: () => '<none>' },
    ageColumn,
    { name: 'Version', cell: (each) => stringAt(each, 'status', 'nodeInfo', 'kubeletVersion') ?? '' },
  ],
  fieldSelectors: ['spec.unschedulable'],
};

export const events: ResourceType = {
  ...core,
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  namespaced: true,
  hasStatus: false,
  schema: kindSchema(
    {
      involvedObject: objectReference,
      related: objectReference,
      reason: string,
      message: string,
      source: object({ component: string, host: string }),
      firstTimestamp: string,
      lastTimestamp: string,
      eventTime: string,
      count: integer,
      type: string,
      action: string,
      reportingComponent: string,
      reportingInstance: string,
      series: open,
    },
    ['involvedObject'],
  ),
  columns: [
    {
      name: 'Last Seen',
      cell: (each) =>
        ageOf(stringAt(each, 'lastTimestamp') ?? stringAt(each, 'eventTime') ?? each.metadata.creationTimestamp),
    },
    { name: 'Type', cell: (each) => stringAt(each, 'type') ?? '' },
    { name: 'Reason', cell: (each) => stringAt(each, 'reason') ?? '' },
    {
      name: 'Object',
      cell: (each) =>
        `${(stringAt(each, 'involvedObject', 'kind') ?? '').toLowerCase()}/${stringAt(each, 'involvedObject', 'name') ?? ''}`,
    },
    { name: 'Message', cell: (each) => stringAt(each, 'message') ?? '' },
    { name: 'Name', priority: 1, cell: (each) => each.metadata.name },
  ],
  fieldSelectors: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
};

export const configMaps: ResourceType = {
  ...core,
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  hasStatus: false,
  schema: kindSchema({ data: stringMap, binaryData: stringMap, immutable: boolean }),
  columns: [nameColumn, { name: 'Data', type: 'integer', cell: dataCount }, ageColumn],
};

export const secrets: ResourceType = {
  ...core,
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  hasStatus: false,
  schema: kindSchema({ data: stringMap, stringData: stringMap, type: string, immutable: boolean }),
  columns: [
    nameColumn,
    { name: 'Type', cell: (each) => stringAt(each, 'type') ?? '' },
    { name: 'Data', type: 'integer', cell: dataCount },
    ageColumn,
  ],
  fieldSelectors: ['type'],
  setDefaults(each) {
    each['type'] ??= 'Opaque';
    const plain = recordAt(each, 'stringData');
    if (plain === undefined) return;
    const encoded = Object.entries(plain).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
    each['data'] = { ...recordAt(each, 'data'), ...Object.fromEntries(encoded) };
    delete each['stringData'];
  },
};

function dataCount(each: KubeObject): number {
  return Object.keys(recordAt(each, 'data') ?? {}).length + Object.keys(recordAt(each, 'binaryData') ?? {}).length;
}
