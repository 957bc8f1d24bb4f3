import { condition } from '../resources/metadata.js';
import { boolean, integer, intOrString, list, object, oneOf, string, stringMap, type Schema } from '../schema.js';

/** A plain array, as controller-gen writes it without a list-type marker: treated as atomic. */
function plainList(items: Schema): Schema {
  return { type: 'array', items };
}

const peer = object({
  ipBlock: object({ cidr: string }, ['cidr']),
  securityGroup: object({ groupID: string }, ['groupID']),
});

const networkingPort = object({ port: intOrString, protocol: oneOf('TCP', 'UDP') });

const selectorRequirement = object({ key: string, operator: string, values: list(string) }, ['key', 'operator']);

const nodeSelector: Schema = {
  ...object({ matchExpressions: list(selectorRequirement), matchLabels: stringMap }),
  'x-kubernetes-map-type': 'atomic',
};

/** `spec` of a TargetGroupBinding: only `serviceRef` is required here, everything else is the webhooks' business. */
export const targetGroupBindingSpec: Schema = object(
  {
    assumeRoleExternalId: string,
    iamRoleArnToAssume: string,
    ipAddressType: oneOf('ipv4', 'ipv6'),
    multiClusterTargetGroup: boolean,
    networking: object({
      ingress: plainList(object({ from: plainList(peer), ports: plainList(networkingPort) }, ['from', 'ports'])),
    }),
    nodeSelector,
    serviceRef: object({ name: string, port: intOrString }, ['name', 'port']),
    targetGroupARN: string,
    targetGroupName: string,
    targetGroupProtocol: oneOf('HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP', 'QUIC', 'TCP_QUIC'),
    targetType: oneOf('instance', 'ip'),
    vpcID: string,
  },
  ['serviceRef'],
);

export const targetGroupBindingStatus: Schema = object({
  conditions: plainList(condition),
  observedGeneration: { ...integer, format: 'int64' },
});

export const targetGroupBindingSchema: Schema = {
  type: 'object',
  properties: {
    apiVersion: string,
    kind: string,
    metadata: { type: 'object' },
    spec: targetGroupBindingSpec,
    status: targetGroupBindingStatus,
  },
};
