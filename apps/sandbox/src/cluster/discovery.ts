import type { JsonRecord } from './json.js';
import { apiVersionOf, type ResourceType } from './resource-type.js';

/** Questions that are answered and not stored, as discovery lists them. */
export const reviews = [
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    singular: 'selfsubjectaccessreview',
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
  },
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    singular: 'selfsubjectreview',
  },
] as const;

/** What `/version` says. The minor version is that of the API whose wording and behaviour the sandbox follows. */
export const versionInfo = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3-sandbox',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: `${process.platform}/${process.arch}`,
} as const;

export function coreVersions(address: string): JsonRecord {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
  };
}

export function groupList(types: readonly ResourceType[]): JsonRecord {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(types).map(toGroup) };
}

export function groupInfo(types: readonly ResourceType[], group: string): JsonRecord | undefined {
  const found = groupsOf(types).find((each) => each.group === group);
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...toGroup(found) };
}

/** The resources of one group version, or undefined when there is no such group version. */
export function resourceList(types: readonly ResourceType[], group: string, version: string): JsonRecord | undefined {
  const stored = types.filter((type) => type.group === group && type.version === version).flatMap(entriesOf);
  const asked = reviews
    .filter((each) => each.group === group && each.version === version)
    .map((each) => ({
      name: each.plural,
      singularName: each.singular,
      namespaced: false,
      kind: each.kind,
      verbs: ['create'],
    }));
  if (stored.length + asked.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? version : `${group}/${version}`,
    resources: [...stored, ...asked],
  };
}

function entriesOf(type: ResourceType): JsonRecord[] {
  const main = {
    name: type.plural,
    singularName: type.singular,
    namespaced: type.namespaced,
    kind: type.kind,
    verbs: type.verbs,
    ...(type.shortNames ? { shortNames: type.shortNames } : {}),
    ...(type.categories ? { categories: type.categories } : {}),
  };
  if (!type.hasStatus) return [main];
  return [
    main,
    {
      name: `${type.plural}/status`,
      singularName: '',
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: ['get', 'patch', 'update'],
    },
  ];
}

function groupsOf(types: readonly ResourceType[]): { group: string; version: string }[] {
  const all = [...types, ...reviews].filter((each) => each.group !== '');
  return [...new Map(all.map((each) => [each.group, { group: each.group, version: each.version }])).values()];
}

function toGroup({ group, version }: { group: string; version: string }): JsonRecord {
  const entry = { groupVersion: `${group}/${version}`, version };
  return { name: group, versions: [entry], preferredVersion: entry };
}

/** `/openapi/v3`: one document per group version. */
export function openApiIndex(types: readonly ResourceType[]): JsonRecord {
  const versions = [...new Set(types.map((type) => groupPath(type)))];
  return { paths: Object.fromEntries(versions.map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
}

/** The OpenAPI document of `api/v1` or `apis/<group>/<version>`; kubectl reads from it what it may send and how to explain a kind. */
export function openApiDocument(types: readonly ResourceType[], path: string): JsonRecord | undefined {
  const chosen = types.filter((type) => groupPath(type) === path);
  if (chosen.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: versionInfo.gitVersion },
    paths: Object.fromEntries(chosen.map((type) => [itemPath(type), pathItem(type)])),
    components: {
      schemas: Object.fromEntries(
        chosen.map((type) => [schemaName(type), { ...type.schema, 'x-kubernetes-group-version-kind': [gvk(type)] }]),
      ),
    },
  };
}

function groupPath(type: ResourceType): string {
  return type.group === '' ? `api/${type.version}` : `apis/${apiVersionOf(type)}`;
}

function itemPath(type: ResourceType): string {
  return `/${groupPath(type)}/${type.namespaced ? 'namespaces/{namespace}/' : ''}${type.plural}/{name}`;
}

function pathItem(type: ResourceType): JsonRecord {
  const reference = {
    content: { 'application/json': { schema: { $ref: `#/components/schemas/${schemaName(type)}` } } },
  };
  const query = (name: string, kind: string) => ({ name, in: 'query', schema: { type: kind, uniqueItems: true } });
  const parameters = [
    query('dryRun', 'string'),
    query('fieldManager', 'string'),
    query('fieldValidation', 'string'),
    query('force', 'boolean'),
  ];
  const operation = (action: string, verb: string) => ({
    operationId: `${verb}${type.kind}`,
    parameters,
    responses: { 200: { description: 'OK', ...reference } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(type),
  });
  return {
    get: operation('get', 'read'),
    put: operation('put', 'replace'),
    patch: operation('patch', 'patch'),
    delete: operation('delete', 'delete'),
  };
}

function schemaName(type: ResourceType): string {
  const group = type.group === '' ? 'core' : type.group;
  return `${group.split('.').reverse().join('.')}.${type.version}.${type.kind}`;
}

function gvk(type: ResourceType): JsonRecord {
  return { group: type.group, version: type.version, kind: type.kind };
}
