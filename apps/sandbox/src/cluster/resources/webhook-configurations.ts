import { listAt } from '../json.js';
import { allVerbs, type ResourceType } from '../resource-type.js';
import { integer, list, listBy, object, oneOf, open, string } from '../schema.js';
import { ageColumn, kindSchema, nameColumn } from './metadata.js';

const webhook = object(
  {
    name: string,
    clientConfig: object({ url: string, caBundle: string, service: open }),
    rules: list(
      object({
        apiGroups: list(string),
        apiVersions: list(string),
        operations: list(string),
        resources: list(string),
        scope: string,
      }),
    ),
    failurePolicy: oneOf('Fail', 'Ignore'),
    sideEffects: oneOf('None', 'NoneOnDryRun', 'Some', 'Unknown'),
    admissionReviewVersions: list(string),
    timeoutSeconds: { ...integer, minimum: 1, maximum: 30 },
    matchPolicy: string,
    reinvocationPolicy: string,
    namespaceSelector: open,
    objectSelector: open,
    matchConditions: list(open),
  },
  ['name', 'clientConfig', 'sideEffects', 'admissionReviewVersions'],
);

const configuration: Pick<
  ResourceType,
  | 'group'
  | 'version'
  | 'namespaced'
  | 'verbs'
  | 'hasStatus'
  | 'hasGeneration'
  | 'isCustom'
  | 'schema'
  | 'columns'
  | 'setDefaults'
> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  namespaced: false,
  verbs: allVerbs,
  hasStatus: false,
  hasGeneration: true,
  isCustom: false,
  schema: kindSchema({ webhooks: listBy(['name'], webhook) }),
  columns: [
    nameColumn,
    { name: 'Webhooks', type: 'integer', cell: (each) => listAt(each, 'webhooks').length },
    ageColumn,
  ],
  setDefaults(each) {
    for (const one of listAt(each, 'webhooks')) {
      const holder = one as Record<string, unknown>; // the schema was checked: webhooks are objects
      holder['failurePolicy'] ??= 'Fail';
      holder['timeoutSeconds'] ??= 10;
      holder['matchPolicy'] ??= 'Equivalent';
      holder['namespaceSelector'] ??= {};
      holder['objectSelector'] ??= {};
    }
  },
};

export const mutatingWebhookConfigurations: ResourceType = {
  ...configuration,
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
};
export const validatingWebhookConfigurations: ResourceType = {
  ...configuration,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
};
