import { listAt, sameJson, stringAt } from '../json.js';
import { allVerbs, type ResourceType } from '../resource-type.js';
import { atomicMap, list, object, open, string } from '../schema.js';
import { ageColumn, kindSchema, nameColumn } from './metadata.js';

const rbac = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  verbs: allVerbs,
  hasStatus: false,
  hasGeneration: false,
  isCustom: false,
  nameRule: 'path',
} as const;

const rule = object(
  {
    apiGroups: list(string),
    resources: list(string),
    verbs: list(string),
    resourceNames: list(string),
    nonResourceURLs: list(string),
  },
  ['verbs'],
);
const roleRef = atomicMap(object({ apiGroup: string, kind: string, name: string }, ['kind', 'name']));
const subject = object({ kind: string, apiGroup: string, name: string, namespace: string }, ['kind', 'name']);
const created = {
  name: 'Created At',
  cell: (each: { metadata: { creationTimestamp?: string } }) => each.metadata.creationTimestamp ?? '',
};

const role = { schema: kindSchema({ rules: list(rule), aggregationRule: open }), columns: [nameColumn, created] };
const binding: Pick<ResourceType, 'schema' | 'columns' | 'setDefaults' | 'validate'> = {
  schema: kindSchema({ subjects: list(subject), roleRef }, ['roleRef']),
  columns: [
    nameColumn,
    {
      name: 'Role',
      cell: (each) => `${stringAt(each, 'roleRef', 'kind') ?? ''}/${stringAt(each, 'roleRef', 'name') ?? ''}`,
    },
    ageColumn,
  ],
  setDefaults(each) {
    for (const one of listAt(each, 'subjects')) {
      const holder = one as Record<string, unknown>; // the schema was checked: subjects are objects
      if (holder['kind'] !== 'ServiceAccount') holder['apiGroup'] ??= rbac.group;
    }
  },
  validate(each, before) {
    return before && !sameJson(before['roleRef'], each['roleRef'])
      ? [
          {
            type: 'FieldValueInvalid',
            field: 'roleRef',
            message: `Invalid value: ${JSON.stringify(each['roleRef'])}: cannot change roleRef`,
          },
        ]
      : [];
  },
};

export const clusterRoles: ResourceType = {
  ...rbac,
  ...role,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
};
export const roles: ResourceType = {
  ...rbac,
  ...role,
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
};
export const clusterRoleBindings: ResourceType = {
  ...rbac,
  ...binding,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
};
export const roleBindings: ResourceType = {
  ...rbac,
  ...binding,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
};
