import { isRecord, listAt, recordAt, stringAt, textOf, type JsonRecord } from '../json.js';
import type { FieldError } from '../kube-error.js';
import type { KubeObject } from '../kube-object.js';
import { allVerbs, type ResourceType, type WriteContext } from '../resource-type.js';
import {
  boolean,
  integer,
  intOrString,
  list,
  listBy,
  object,
  oneOf,
  open,
  string,
  stringMap,
  atomicMap,
} from '../schema.js';
import { ageColumn, kindSchema, nameColumn } from './metadata.js';

const firstNodePort = 30_000;
const lastNodePort = 32_767;

const servicePort = object(
  {
    name: string,
    port: { ...integer },
    targetPort: intOrString,
    protocol: { ...oneOf('TCP', 'UDP', 'SCTP'), default: 'TCP' },
    nodePort: integer,
    appProtocol: string,
  },
  ['port'],
);

const serviceSpec = object({
  selector: atomicMap(stringMap),
  type: oneOf('ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'),
  ports: listBy(['port', 'protocol'], servicePort),
  clusterIP: string,
  clusterIPs: list(string),
  externalIPs: list(string),
  sessionAffinity: string,
  sessionAffinityConfig: open,
  loadBalancerIP: string,
  loadBalancerSourceRanges: list(string),
  loadBalancerClass: string,
  allocateLoadBalancerNodePorts: boolean,
  externalName: string,
  externalTrafficPolicy: string,
  internalTrafficPolicy: string,
  healthCheckNodePort: integer,
  publishNotReadyAddresses: boolean,
  ipFamilies: list(string),
  ipFamilyPolicy: string,
  trafficDistribution: string,
});

export const services: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  verbs: allVerbs,
  hasStatus: true,
  hasGeneration: false,
  isCustom: false,
  nameRule: 'label',
  schema: kindSchema({ spec: serviceSpec, status: object({ loadBalancer: open, conditions: listBy(['type'], open) }) }),
  columns: [
    nameColumn,
    { name: 'Type', cell: (each) => stringAt(each, 'spec', 'type') ?? '' },
    { name: 'Cluster-IP', cell: (each) => stringAt(each, 'spec', 'clusterIP') ?? '<none>' },
    { name: 'External-IP', cell: () => '<none>' },
    { name: 'Port(s)', cell: portsCell },
    ageColumn,
    { name: 'Selector', priority: 1, cell: selectorCell },
  ],
  fieldSelectors: ['spec.clusterIP', 'spec.type'],
  setDefaults,
  prepare,
  validate,
};

function setDefaults(service: KubeObject): void {
  const spec = recordAt(service, 'spec');
  if (spec === undefined) return;
  spec['type'] ??= 'ClusterIP';
  spec['sessionAffinity'] ??= 'None';
  if (spec['type'] !== 'ExternalName') spec['internalTrafficPolicy'] ??= 'Cluster';
  if (spec['type'] === 'NodePort' || spec['type'] === 'LoadBalancer') spec['externalTrafficPolicy'] ??= 'Cluster';
  for (const port of listAt(spec, 'ports').filter(isRecord)) {
    port['protocol'] ??= 'TCP';
    port['targetPort'] ??= port['port'];
  }
}

function prepare(service: KubeObject, before: KubeObject | undefined, context: WriteContext): void {
  const spec = recordAt(service, 'spec') ?? {};
  const earlier = recordAt(before, 'spec');
  service['spec'] = spec;
  service['status'] ??= { loadBalancer: {} };
  const others = context.listCore('services').filter((other) => other.metadata.uid !== service.metadata.uid);
  const usedPorts = new Set(others.flatMap((other) => listAt(other, 'spec', 'ports').map((port) => nodePortOf(port))));
  for (const port of listAt(spec, 'ports').filter(isRecord)) preparePort(port, spec['type'], earlier, usedPorts);
  if (spec['type'] === 'ExternalName') return;
  spec['clusterIP'] ??= earlier?.['clusterIP'] ?? freeClusterIp(others);
  spec['clusterIPs'] ??= [spec['clusterIP']];
  spec['ipFamilies'] ??= ['IPv4'];
  spec['ipFamilyPolicy'] ??= 'SingleStack';
}

function preparePort(port: JsonRecord, type: unknown, earlier: JsonRecord | undefined, used: Set<unknown>): void {
  if (type !== 'NodePort' && type !== 'LoadBalancer') {
    if (earlier?.['type'] !== type) delete port['nodePort'];
    return;
  }
  const same = listAt(earlier, 'ports').find(
    (each) => isRecord(each) && each['port'] === port['port'] && each['protocol'] === port['protocol'],
  );
  port['nodePort'] ??= nodePortOf(same) ?? freeNodePort(used);
  used.add(port['nodePort']);
}

function nodePortOf(port: unknown): unknown {
  return isRecord(port) ? port['nodePort'] : undefined;
}

function freeNodePort(used: ReadonlySet<unknown>): number | undefined {
  for (let port = firstNodePort; port <= lastNodePort; port += 1) if (!used.has(port)) return port;
  return undefined;
}

function freeClusterIp(others: readonly KubeObject[]): string | undefined {
  const used = new Set(others.map((other) => stringAt(other, 'spec', 'clusterIP')));
  for (let index = 10; index < 65_000; index += 1) {
    const address = `10.96.${Math.floor(index / 256)}.${index % 256}`;
    if (!used.has(address)) return address;
  }
  return undefined;
}

function validate(service: KubeObject, before: KubeObject | undefined): FieldError[] {
  const ports = listAt(service, 'spec', 'ports').filter(isRecord);
  const isExternal = stringAt(service, 'spec', 'type') === 'ExternalName';
  const errors: FieldError[] = ports.flatMap((port, index) => portErrors(port, index, ports.length > 1));
  if (ports.length === 0 && !isExternal && stringAt(service, 'spec', 'clusterIP') !== 'None') {
    errors.push({ type: 'FieldValueRequired', field: 'spec.ports', message: 'Required value' });
  }
  const clusterIp = stringAt(before, 'spec', 'clusterIP');
  if (clusterIp !== undefined && !isExternal && stringAt(service, 'spec', 'clusterIP') !== clusterIp) {
    errors.push({
      type: 'FieldValueInvalid',
      field: 'spec.clusterIPs[0]',
      message: `Invalid value: ${JSON.stringify(listAt(service, 'spec', 'clusterIPs'))}: may not change once set`,
    });
  }
  return errors;
}

function portErrors(port: JsonRecord, index: number, needsName: boolean): FieldError[] {
  const field = `spec.ports[${index}]`;
  const errors: FieldError[] = [];
  for (const name of ['port', 'targetPort']) {
    const value = port[name];
    if (typeof value === 'number' && (value < 1 || value > 65_535))
      errors.push({
        type: 'FieldValueInvalid',
        field: `${field}.${name}`,
        message: `Invalid value: ${value}: must be between 1 and 65535, inclusive`,
      });
  }
  if (needsName && !port['name'])
    errors.push({ type: 'FieldValueRequired', field: `${field}.name`, message: 'Required value' });
  const nodePort = port['nodePort'];
  if (typeof nodePort === 'number' && nodePort !== 0 && (nodePort < firstNodePort || nodePort > lastNodePort)) {
    errors.push({
      type: 'FieldValueInvalid',
      field: `${field}.nodePort`,
      message: `Invalid value: ${nodePort}: provided port is not in the valid range. The range of valid ports is ${firstNodePort}-${lastNodePort}`,
    });
  }
  return errors;
}

function portsCell(service: KubeObject): string {
  const cells = listAt(service, 'spec', 'ports')
    .filter(isRecord)
    .map(
      (port) =>
        `${textOf(port['port'])}${port['nodePort'] ? `:${textOf(port['nodePort'])}` : ''}/${textOf(port['protocol'] ?? 'TCP')}`,
    );
  return cells.join(',') || '<none>';
}

function selectorCell(service: KubeObject): string {
  return (
    Object.entries(recordAt(service, 'spec', 'selector') ?? {})
      .map(([key, value]) => `${key}=${String(value)}`)
      .join(',') || '<none>'
  );
}
