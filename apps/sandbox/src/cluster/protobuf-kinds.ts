/**
 * How a protobuf field becomes a JSON one. `many` gathers repeated fields into a list; `map` is a map of texts.
 */
export interface ProtoField {
  readonly name: string;
  readonly as: 'text' | 'bytes' | 'integer' | 'boolean' | 'time' | 'intOrString' | 'map' | 'bytesMap' | ProtoMessage;
  readonly many?: boolean;
}

export type ProtoMessage = Readonly<Record<number, ProtoField>>;

function field(name: string, as: ProtoField['as'] = 'text'): ProtoField {
  return { name, as };
}

function many(name: string, as: ProtoField['as'] = 'text'): ProtoField {
  return { name, as, many: true };
}

const ownerReference: ProtoMessage = {
  1: field('kind'),
  3: field('name'),
  4: field('uid'),
  5: field('apiVersion'),
  6: field('controller', 'boolean'),
  7: field('blockOwnerDeletion', 'boolean'),
};

const objectMeta: ProtoMessage = {
  1: field('name'),
  2: field('generateName'),
  3: field('namespace'),
  5: field('uid'),
  6: field('resourceVersion'),
  7: field('generation', 'integer'),
  8: field('creationTimestamp', 'time'),
  9: field('deletionTimestamp', 'time'),
  11: field('labels', 'map'),
  12: field('annotations', 'map'),
  13: many('ownerReferences', ownerReference),
  14: many('finalizers'),
};

const servicePort: ProtoMessage = {
  1: field('name'),
  2: field('protocol'),
  3: field('port', 'integer'),
  4: field('targetPort', 'intOrString'),
  5: field('nodePort', 'integer'),
  6: field('appProtocol'),
};

const serviceSpec: ProtoMessage = {
  1: many('ports', servicePort),
  2: field('selector', 'map'),
  3: field('clusterIP'),
  4: field('type'),
  5: many('externalIPs'),
  7: field('sessionAffinity'),
  8: field('loadBalancerIP'),
  9: many('loadBalancerSourceRanges'),
  10: field('externalName'),
  11: field('externalTrafficPolicy'),
  12: field('healthCheckNodePort', 'integer'),
  13: field('publishNotReadyAddresses', 'boolean'),
  17: field('ipFamilyPolicy'),
  18: many('clusterIPs'),
  19: many('ipFamilies'),
  20: field('allocateLoadBalancerNodePorts', 'boolean'),
  21: field('loadBalancerClass'),
  22: field('internalTrafficPolicy'),
  23: field('trafficDistribution'),
};

const rule: ProtoMessage = {
  1: many('verbs'),
  2: many('apiGroups'),
  3: many('resources'),
  4: many('resourceNames'),
  5: many('nonResourceURLs'),
};
const subject: ProtoMessage = { 1: field('kind'), 2: field('apiGroup'), 3: field('name'), 4: field('namespace') };
const roleRef: ProtoMessage = { 1: field('apiGroup'), 2: field('kind'), 3: field('name') };
const role: ProtoMessage = { 1: field('metadata', objectMeta), 2: many('rules', rule) };
const roleBinding: ProtoMessage = {
  1: field('metadata', objectMeta),
  2: many('subjects', subject),
  3: field('roleRef', roleRef),
};

const resourceAttributes: ProtoMessage = {
  1: field('namespace'),
  2: field('verb'),
  3: field('group'),
  4: field('version'),
  5: field('resource'),
  6: field('subresource'),
  7: field('name'),
};
const pathAttributes: ProtoMessage = { 1: field('path'), 2: field('verb') };

/**
 * The kinds that kubectl sends as protobuf, by field number of Kubernetes' published .proto files. Everything else it
 * sends as JSON, and every reply is JSON, which it accepts.
 */
export const protobufKinds: Readonly<Record<string, ProtoMessage>> = {
  Namespace: { 1: field('metadata', objectMeta), 2: field('spec', { 1: many('finalizers') }) },
  ConfigMap: {
    1: field('metadata', objectMeta),
    2: field('data', 'map'),
    3: field('binaryData', 'bytesMap'),
    4: field('immutable', 'boolean'),
  },
  Secret: {
    1: field('metadata', objectMeta),
    2: field('data', 'bytesMap'),
    3: field('type'),
    4: field('stringData', 'map'),
    5: field('immutable', 'boolean'),
  },
  Service: { 1: field('metadata', objectMeta), 2: field('spec', serviceSpec) },
  Role: role,
  ClusterRole: role,
  RoleBinding: roleBinding,
  ClusterRoleBinding: roleBinding,
  SelfSubjectReview: { 1: field('metadata', objectMeta) },
  SelfSubjectRulesReview: { 1: field('metadata', objectMeta), 2: field('spec', { 1: field('namespace') }) },
  SelfSubjectAccessReview: {
    1: field('metadata', objectMeta),
    2: field('spec', {
      1: field('resourceAttributes', resourceAttributes),
      2: field('nonResourceAttributes', pathAttributes),
    }),
  },
  DeleteOptions: {
    1: field('gracePeriodSeconds', 'integer'),
    2: field('preconditions', { 1: field('uid'), 2: field('resourceVersion') }),
    4: field('propagationPolicy'),
    5: many('dryRun'),
  },
};
