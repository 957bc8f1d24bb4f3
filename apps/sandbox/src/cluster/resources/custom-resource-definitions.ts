import { stringAt } from '../json.js';
import type { ResourceType } from '../resource-type.js';
import { open } from '../schema.js';
import { kindSchema, nameColumn } from './metadata.js';

/** Read-only: which custom resources there are is fixed when the cluster starts. */
export const customResourceDefinitions: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  namespaced: false,
  verbs: ['get', 'list', 'watch'],
  hasStatus: false,
  hasGeneration: true,
  isCustom: false,
  schema: kindSchema({ spec: open, status: open }),
  columns: [nameColumn, { name: 'Created At', cell: (each) => stringAt(each, 'metadata', 'creationTimestamp') ?? '' }],
};
