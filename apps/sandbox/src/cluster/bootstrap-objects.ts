import type { KubeObject } from './kube-object.js';

const rbacApi = 'rbac.authorization.k8s.io/v1';
const bindingVerbs = ['get', 'list', 'create', 'patch', 'delete'];

function clusterRole(name: string, rules: object[]): KubeObject {
  return { apiVersion: rbacApi, kind: 'ClusterRole', metadata: { name }, rules };
}

function bindingTo(role: string, name: string, subject: { kind: 'User' | 'Group'; name: string }[]): KubeObject {
  return {
    apiVersion: rbacApi,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    subjects: subject.map((each) => ({ ...each, apiGroup: 'rbac.authorization.k8s.io' })),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  };
}

/** The least that Sluice needs in a cluster (deploy/kubernetes/sluice.yaml, with Auto Mode), and the user `sluice` bound to it. */
export const sluiceAccess: readonly KubeObject[] = [
  clusterRole('sluice', [
    { apiGroups: ['elbv2.k8s.aws'], resources: ['targetgroupbindings'], verbs: bindingVerbs },
    { apiGroups: ['eks.amazonaws.com'], resources: ['targetgroupbindings'], verbs: bindingVerbs },
    { apiGroups: [''], resources: ['services'], verbs: ['get'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list'] },
    { apiGroups: [''], resources: ['events'], verbs: ['list'] },
    // kube-system among them: its UID says which cluster this is
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  ]),
  bindingTo('sluice', 'sluice', [{ kind: 'User', name: 'sluice' }]),
];

/** What kube-apiserver creates by itself, as far as the sandbox has it. */
export const systemAccess: readonly KubeObject[] = [
  clusterRole('cluster-admin', [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ]),
  bindingTo('cluster-admin', 'cluster-admin', [{ kind: 'Group', name: 'system:masters' }]),
  clusterRole('system:basic-user', [
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ]),
  bindingTo('system:basic-user', 'system:basic-user', [{ kind: 'Group', name: 'system:authenticated' }]),
  clusterRole('system:discovery', [
    {
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
      verbs: ['get'],
    },
  ]),
  bindingTo('system:discovery', 'system:discovery', [{ kind: 'Group', name: 'system:authenticated' }]),
  clusterRole('system:public-info-viewer', [
    { nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'], verbs: ['get'] },
  ]),
  bindingTo('system:public-info-viewer', 'system:public-info-viewer', [
    { kind: 'Group', name: 'system:authenticated' },
    { kind: 'Group', name: 'system:unauthenticated' },
  ]),
];

export const systemNamespaces: readonly KubeObject[] = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map(
  (name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }),
);
