import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { CertificateFolder } from '../shared/certificates.js';
import { binding, bindingsPath, ClusterWorld } from '../testing/cluster-world.js';

let world: ClusterWorld;

beforeAll(async () => {
  world = await ClusterWorld.start();
  await world.namespace('red-ns');
});
afterAll(() => world.stop());

describe('user sluice, with the least it needs,', () => {
  it('may apply, read and delete bindings', async () => {
    const path = `${bindingsPath}/mine`;
    expect(
      (
        await world.ask('PATCH', `${path}?fieldManager=sluice`, {
          body: binding('mine'),
          type: 'application/apply-patch+yaml',
          as: 'sluice',
        })
      ).code,
    ).toBe(201);
    expect((await world.ask('GET', path, { as: 'sluice' })).code).toBe(200);
    expect((await world.ask('DELETE', path, { as: 'sluice' })).code).toBe(200);
  });

  it.each([
    [
      'GET',
      '/api/v1/nodes',
      'nodes is forbidden: User "sluice" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    [
      'GET',
      '/api/v1/namespaces/red-ns/secrets/x',
      'secrets "x" is forbidden: User "sluice" cannot get resource "secrets" in API group "" in the namespace "red-ns"',
    ],
    [
      'DELETE',
      '/api/v1/namespaces/red-ns/services/x',
      'services "x" is forbidden: User "sluice" cannot delete resource "services" in API group "" in the namespace "red-ns"',
    ],
    [
      'PATCH',
      `${bindingsPath}/x/status`,
      'targetgroupbindings.elbv2.k8s.aws "x" is forbidden: User "sluice" cannot patch resource "targetgroupbindings/status" in API group "elbv2.k8s.aws" in the namespace "red-ns"',
    ],
    [
      'GET',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      'customresourcedefinitions.apiextensions.k8s.io is forbidden: User "sluice" cannot list resource "customresourcedefinitions" in API group "apiextensions.k8s.io" at the cluster scope',
    ],
    ['GET', '/secret-path', 'forbidden: User "sluice" cannot get path "/secret-path"'],
  ])('is refused %s %s', async (method, path, message) => {
    expect(await world.ask(method, path, { as: 'sluice' })).toMatchObject({
      code: 403,
      body: { reason: 'Forbidden', message },
    });
  });

  it('may ask what it may do', async () => {
    const may = async (resource: string, verb: string): Promise<boolean> => {
      const body = {
        spec: {
          resourceAttributes: {
            group: resource === 'nodes' ? '' : 'elbv2.k8s.aws',
            resource,
            verb,
            namespace: 'red-ns',
          },
        },
      };
      return (
        (await world.ask('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body, as: 'sluice' }))
          .body as { status: { allowed: boolean } }
      ).status.allowed;
    };
    expect(await may('targetgroupbindings', 'patch')).toBe(true);
    expect(await may('nodes', 'list')).toBe(false);
    const self = await world.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      as: 'sluice',
    });
    expect(self.body.status.userInfo).toMatchObject({ username: 'sluice', groups: ['system:authenticated'] });
  });

  it('may do more once a Role in a namespace is bound to it, and only there', async () => {
    await world.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/red-ns/roles', {
      body: { metadata: { name: 'r' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }] },
    });
    await world.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/red-ns/rolebindings', {
      body: {
        metadata: { name: 'r' },
        subjects: [{ kind: 'User', name: 'sluice' }],
        roleRef: { kind: 'Role', name: 'r', apiGroup: 'rbac.authorization.k8s.io' },
      },
    });
    expect((await world.ask('GET', '/api/v1/namespaces/red-ns/configmaps', { as: 'sluice' })).code).toBe(200);
    expect((await world.ask('GET', '/api/v1/namespaces/default/configmaps', { as: 'sluice' })).code).toBe(403);
  });
});

describe('anybody else', () => {
  it('with a token that nobody has is not known', async () => {
    expect(await world.ask('GET', '/api/v1/namespaces', { as: { token: 'wrong' } })).toMatchObject({
      code: 401,
      body: { reason: 'Unauthorized', message: 'Unauthorized' },
    });
  });

  it('without a token may see whether the server is ready, and nothing more', async () => {
    expect(await world.ask('GET', '/readyz', { as: 'nobody' })).toMatchObject({ code: 200, body: 'ok' });
    expect(await world.ask('GET', '/api/v1/namespaces', { as: 'nobody' })).toMatchObject({
      code: 403,
      body: { message: expect.stringContaining('User "system:anonymous"') },
    });
  });

  it('with a certificate of the cluster is who the certificate says', async () => {
    const folder = new CertificateFolder(join(world.dir, 'blue', 'certificates'));
    const authority = await folder.authority('blue CA');
    const { certificate: cert, key } = await folder.client(authority, 'ann', 'ann', ['system:masters']);
    const dispatcher = new Agent({ connect: { ca: authority.certificate, cert, key } });
    const answer = await request(`${world.cluster.url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
      method: 'POST',
      dispatcher,
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await answer.body.json()).toMatchObject({
      status: { userInfo: { username: 'ann', groups: ['system:masters', 'system:authenticated'] } },
    });
    expect((await request(`${world.cluster.url}/api/v1/nodes`, { dispatcher })).statusCode).toBe(200);
    await dispatcher.destroy();
  });

  it('with a certificate that others signed is nobody', async () => {
    const elsewhere = new CertificateFolder(join(world.dir, 'elsewhere'));
    const { certificate: cert, key } = await elsewhere.client(await elsewhere.authority('blue CA'), 'eve', 'eve', [
      'system:masters',
    ]);
    const { certificate: ca } = await new CertificateFolder(join(world.dir, 'blue', 'certificates')).authority(
      'blue CA',
    );
    const dispatcher = new Agent({ connect: { ca, cert, key } });
    expect((await request(`${world.cluster.url}/api/v1/nodes`, { dispatcher })).statusCode).toBe(403);
    await dispatcher.destroy();
  });
});
