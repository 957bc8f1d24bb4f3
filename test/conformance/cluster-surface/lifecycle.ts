import { describe, expect, it } from '@jest/globals';
import { bindingPath, patchTypes } from '@sluice/testing';
import { refusalOf, type Surface } from './surface.js';

const finalizers = ['elbv2.k8s.aws/resources'];

/** How objects go: at once, when their finalizers let them, or not at all. */
export function lifecycleSurface(surface: Surface): void {
  const remove = (namespace: string, body?: object) =>
    surface.admin.send('DELETE', bindingPath(namespace, 'red'), body === undefined ? {} : { body });

  describe('deleting', () => {
    it('says Success for an object that nobody holds', async () => {
      const namespace = await surface.namespace();
      const { metadata } = await surface.created(namespace, 'red');
      expect(await remove(namespace)).toMatchObject({
        status: 200,
        body: {
          kind: 'Status',
          status: 'Success',
          details: { name: 'red', group: 'elbv2.k8s.aws', kind: 'targetgroupbindings', uid: metadata.uid },
        },
      });
      expect((await surface.read(namespace, 'red')).status).toBe(404);
    });

    it('keeps an object, marked, until its last finalizer is gone', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red', { metadata: { finalizers } });
      expect(await remove(namespace)).toMatchObject({
        status: 200,
        body: {
          kind: 'TargetGroupBinding',
          metadata: { deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 0, generation: 2, finalizers },
        },
      });
      expect((await surface.read(namespace, 'red')).status).toBe(200);
      const released = await surface.admin.send('PATCH', bindingPath(namespace, 'red'), {
        body: { metadata: { finalizers: null } },
        contentType: patchTypes.merge,
      });
      expect(released.status).toBe(200);
      expect((await surface.read(namespace, 'red')).status).toBe(404);
    });

    it('takes no new finalizer once an object is going', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red', { metadata: { finalizers } });
      await remove(namespace);
      const body = { metadata: { finalizers: [...finalizers, 'example.com/late'] } };
      const reply = await surface.admin.send('PATCH', bindingPath(namespace, 'red'), {
        body,
        contentType: patchTypes.merge,
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('no new finalizers can be added if the object is being deleted'),
      });
    });

    it('leaves an object that is another one than was meant', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const uid = '00000000-0000-0000-0000-000000000000';
      const reply = await remove(namespace, { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid } });
      expect(refusalOf(reply)).toMatchObject({
        status: 409,
        reason: 'Conflict',
        message: expect.stringContaining(`the UID in the precondition (${uid}) does not match the UID in record (`),
      });
    });

    it('deletes nothing in a dry run', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      expect((await surface.admin.send('DELETE', `${bindingPath(namespace, 'red')}?dryRun=All`)).status).toBe(200);
      expect((await surface.read(namespace, 'red')).status).toBe(200);
    });

    it('says 404 for what is not there', async () => {
      expect(refusalOf(await remove(await surface.namespace()))).toMatchObject({ status: 404, reason: 'NotFound' });
    });

    it('lets nothing new into a namespace that is going', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red', { metadata: { finalizers } });
      expect(await surface.admin.send('DELETE', `/api/v1/namespaces/${namespace}`)).toMatchObject({
        status: 200,
        body: { status: { phase: 'Terminating' } },
      });
      const reply = await surface.admin.send('POST', bindingPath(namespace), { body: surface.manifest('late') });
      expect(refusalOf(reply)).toEqual({
        status: 403,
        reason: 'Forbidden',
        message: `targetgroupbindings.elbv2.k8s.aws "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      });
      await surface.admin.send('PATCH', bindingPath(namespace, 'red'), {
        body: { metadata: { finalizers: null } },
        contentType: patchTypes.merge,
      });
    });
  });
}
