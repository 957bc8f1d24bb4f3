import { describe, expect, it } from '@jest/globals';
import type { Surface } from './surface.js';

interface Resource {
  readonly name: string;
  readonly verbs?: readonly string[];
}

function named(list: unknown, name: string): Resource | undefined {
  return (list as Resource[]).find((each) => each.name === name);
}

/** What the API server says that it serves. */
export function discoverySurface(surface: Surface): void {
  const get = (path: string) => surface.admin.must('GET', path);

  describe('discovery', () => {
    it('tells a version and that it is ready', async () => {
      expect(await get('/version')).toMatchObject({
        major: '1',
        minor: expect.stringMatching(/^\d+$/),
        gitVersion: expect.stringMatching(/^v1\.\d+\.\d+/),
      });
      expect(await get('/readyz')).toBe('ok');
    });

    it('lists the groups that our work needs', async () => {
      expect(await get('/api')).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
      const { kind, groups } = await get('/apis');
      expect(kind).toBe('APIGroupList');
      expect((groups as Resource[]).map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'admissionregistration.k8s.io',
          'apiextensions.k8s.io',
          'authentication.k8s.io',
          'authorization.k8s.io',
          'discovery.k8s.io',
          'elbv2.k8s.aws',
          'rbac.authorization.k8s.io',
        ]),
      );
      expect(named(groups, 'elbv2.k8s.aws')).toMatchObject({
        preferredVersion: { groupVersion: 'elbv2.k8s.aws/v1beta1', version: 'v1beta1' },
      });
    });

    it('describes TargetGroupBindings and their status', async () => {
      const { resources, groupVersion } = await get('/apis/elbv2.k8s.aws/v1beta1');
      expect(groupVersion).toBe('elbv2.k8s.aws/v1beta1');
      const [binding, status] = [
        named(resources, 'targetgroupbindings'),
        named(resources, 'targetgroupbindings/status'),
      ];
      expect(binding).toMatchObject({
        kind: 'TargetGroupBinding',
        namespaced: true,
        singularName: 'targetgroupbinding',
      });
      expect([...(binding?.verbs ?? [])].sort()).toEqual([
        'create',
        'delete',
        'deletecollection',
        'get',
        'list',
        'patch',
        'update',
        'watch',
      ]);
      expect([...(status?.verbs ?? [])].sort()).toEqual(['get', 'patch', 'update']);
    });

    it.each([
      ['namespaces', 'Namespace', false, ['ns']],
      ['services', 'Service', true, ['svc']],
      ['pods', 'Pod', true, ['po']],
      ['events', 'Event', true, ['ev']],
    ])('describes %s', async (name, kind, namespaced, shortNames) => {
      const { resources } = await get('/api/v1');
      expect(named(resources, name)).toMatchObject({ kind, namespaced, shortNames });
    });

    it.each(['/apis/elbv2.k8s.aws/v9', '/apis/nobody.example/v1', '/nowhere'])('says 404 to %s', async (path) => {
      expect((await surface.admin.send('GET', path)).status).toBe(404);
    });

    it('says 404 in words that tell a missing resource from a missing object', async () => {
      const reply = await surface.admin.send('GET', '/apis/elbv2.k8s.aws/v1beta1/namespaces/default/teapots/x');
      expect(reply.status).toBe(404);
      expect(String(reply.body.message ?? reply.body)).not.toContain('"x"');
    });
  });
}
