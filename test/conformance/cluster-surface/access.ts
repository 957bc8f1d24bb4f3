import { describe, expect, it } from '@jest/globals';
import { bindingPath } from '@sluice/testing';
import { refusalOf, type Surface } from './surface.js';

/** Who may do what, in which words. */
export function accessSurface(surface: Surface): void {
  const as = (user: 'sluice' | 'powerless') => ({ token: surface.peer().tokens[user] });

  describe('access', () => {
    it('knows nobody by a wrong token', async () => {
      expect(refusalOf(await surface.admin.send('GET', '/api/v1/namespaces', { token: 'wrong' }))).toEqual({
        status: 401,
        reason: 'Unauthorized',
        message: 'Unauthorized',
      });
    });

    it('lets people without a token see the version and nothing else', async () => {
      expect((await surface.admin.send('GET', '/version', { token: null })).status).toBe(200);
      expect(refusalOf(await surface.admin.send('GET', '/api/v1/namespaces', { token: null }))).toEqual({
        status: 403,
        reason: 'Forbidden',
        message:
          'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope',
      });
    });

    it('says what a user may not do, where', async () => {
      const namespace = await surface.namespace();
      const reply = await surface.admin.send('GET', bindingPath(namespace, 'red'), as('powerless'));
      expect(refusalOf(reply)).toEqual({
        status: 403,
        reason: 'Forbidden',
        message: `targetgroupbindings.elbv2.k8s.aws "red" is forbidden: User "powerless" cannot get resource "targetgroupbindings" in API group "elbv2.k8s.aws" in the namespace "${namespace}"`,
      });
      expect(reply.body.details).toEqual({ name: 'red', group: 'elbv2.k8s.aws', kind: 'targetgroupbindings' });
    });

    it('lets Sluice’s role work with bindings, read Services, and no more', async () => {
      const namespace = await surface.namespace();
      const path = bindingPath(namespace, 'red');
      const apply = await surface.admin.send('PATCH', `${path}?fieldManager=sluice`, {
        ...as('sluice'),
        body: surface.manifest('red'),
        contentType: 'application/apply-patch+yaml',
      });
      expect(apply.status).toBe(201);
      const services = `/api/v1/namespaces/${namespace}/services`;
      // allowed to ask for one by name, which isn't there; not to look around
      expect((await surface.admin.send('GET', `${services}/red`, as('sluice'))).status).toBe(404);
      expect((await surface.admin.send('GET', services, as('sluice'))).status).toBe(403);
      expect(
        (
          await surface.admin.send('PATCH', `${path}/status`, {
            ...as('sluice'),
            body: {},
            contentType: 'application/merge-patch+json',
          })
        ).status,
      ).toBe(403);
      const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { ports: [{ port: 80 }] } };
      expect((await surface.admin.send('POST', services, { ...as('sluice'), body })).status).toBe(403);
      expect((await surface.admin.send('GET', `/api/v1/namespaces/${namespace}/secrets`, as('sluice'))).status).toBe(
        403,
      );
    });

    it('does not let apply create what a user may only patch', async () => {
      const namespace = await surface.namespace();
      const name = `patcher-${namespace}`;
      const rbac = '/apis/rbac.authorization.k8s.io/v1';
      const role = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name },
        rules: [{ apiGroups: ['elbv2.k8s.aws'], resources: ['targetgroupbindings'], verbs: ['patch'] }],
      };
      await surface.admin.must('POST', `${rbac}/namespaces/${namespace}/roles`, { body: role });
      const binding = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name },
        subjects: [{ kind: 'User', name: 'powerless', apiGroup: 'rbac.authorization.k8s.io' }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      };
      await surface.admin.must('POST', `${rbac}/namespaces/${namespace}/rolebindings`, { body: binding });
      const reply = await surface.admin.send('PATCH', `${bindingPath(namespace, 'red')}?fieldManager=x`, {
        ...as('powerless'),
        body: surface.manifest('red'),
        contentType: 'application/apply-patch+yaml',
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 403,
        reason: 'Forbidden',
        message: expect.stringContaining('User "powerless" cannot'),
      });
    });

    it('lets an administrator act as somebody else, and nobody else do so', async () => {
      const headers = { 'impersonate-user': 'powerless' };
      const reply = await surface.admin.send('GET', '/api/v1/namespaces', { headers });
      expect(refusalOf(reply)).toMatchObject({
        status: 403,
        message: expect.stringContaining('User "powerless" cannot list'),
      });
      const refused = await surface.admin.send('GET', '/api/v1/namespaces', {
        ...as('sluice'),
        headers: { 'impersonate-user': 'admin' },
      });
      expect(refusalOf(refused)).toMatchObject({
        status: 403,
        message: expect.stringContaining('User "sluice" cannot impersonate'),
      });
    });

    it('answers who we are and what we may', async () => {
      const me = await surface.admin.send('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        ...as('sluice'),
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      expect(me).toMatchObject({
        status: 201,
        body: { status: { userInfo: { username: 'sluice', groups: ['system:authenticated'] } } },
      });
      const may = async (verb: string, group: string, resource: string) => {
        const body = {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { verb, group, resource } },
        };
        return (
          await surface.admin.send('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
            ...as('sluice'),
            body,
          })
        ).body.status.allowed;
      };
      expect(await may('patch', 'elbv2.k8s.aws', 'targetgroupbindings')).toBe(true);
      expect(await may('delete', '', 'services')).toBe(false);
    });
  });
}
