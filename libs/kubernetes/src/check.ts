import type { ClusterAccess, ClusterCheck } from '@sluice/control';
import { ApiRefusal } from './api-reply.js';
import { kubeSystemUid } from './cluster-reads.js';
import type { ClusterClients } from './connection.js';

const bindingApis = ['elbv2.k8s.aws/v1beta1', 'eks.amazonaws.com/v1'] as const;

/** Asks the API server who we are, what it serves and what we may do. All of it is open to every authenticated user. */
export async function checkCluster(clients: ClusterClients, access: ClusterAccess): Promise<ClusterCheck> {
  const { gitVersion } = await clients.version.getCode();
  const [user, served, missing, uid] = await Promise.all([
    userName(clients),
    Promise.all(bindingApis.map(async (api) => ((await serves(clients, api)) ? [api] : []))),
    Promise.all(
      needed(access).map(async (permission) => ((await allowed(clients, permission)) ? [] : [inWords(permission)])),
    ),
    kubeSystemUid(clients),
  ]);
  return {
    version: gitVersion,
    user,
    bindingApis: served.flat(),
    missingPermissions: missing.flat(),
    kubeSystemUid: uid,
  };
}

interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
}

function needed(access: ClusterAccess): Permission[] {
  const group = access.bindingApi.split('/')[0] ?? '';
  const onBindings = ['get', 'list', 'create', 'patch', 'delete'].map((verb) => ({
    verb,
    group,
    resource: 'targetgroupbindings',
  }));
  return [
    ...onBindings,
    { verb: 'get', group: '', resource: 'services' },
    { verb: 'list', group: 'discovery.k8s.io', resource: 'endpointslices' },
    { verb: 'list', group: '', resource: 'events' },
    { verb: 'get', group: '', resource: 'namespaces' },
  ];
}

function inWords({ verb, group, resource }: Permission): string {
  return `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
}

async function allowed(clients: ClusterClients, { verb, group, resource }: Permission): Promise<boolean> {
  const review = await clients.authorization.createSelfSubjectAccessReview({
    body: { spec: { resourceAttributes: { verb, group, resource } } },
  });
  return review.status?.allowed ?? false;
}

async function serves(clients: ClusterClients, api: string): Promise<boolean> {
  const [group = '', version = ''] = api.split('/');
  try {
    const { resources } = await clients.custom.getAPIResources({ group, version });
    return resources.some((resource) => resource.name === 'targetgroupbindings');
  } catch (error) {
    if (error instanceof ApiRefusal && error.httpStatus === 404) return false;
    throw error;
  }
}

/** `-` where the cluster is older than SelfSubjectReview (before 1.28) or does not let us ask. */
async function userName(clients: ClusterClients): Promise<string> {
  try {
    const review = await clients.authentication.createSelfSubjectReview({ body: {} });
    return review.status?.userInfo?.username ?? '-';
  } catch (error) {
    if (error instanceof ApiRefusal && (error.httpStatus === 404 || error.httpStatus === 403)) return '-';
    throw error;
  }
}
