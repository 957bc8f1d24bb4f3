import { describe, expect, it } from '@jest/globals';
import { bindingPath, patchTypes, type RawReply } from '@sluice/testing';
import { bindingApi, refusalOf, type Surface } from './surface.js';

interface ManagedFields {
  readonly manager: string;
  readonly operation: string;
  readonly fieldsV1: object;
}

/** Server-side apply: who owns which leaf, and who is in whose way. */
export function applySurface(surface: Surface): void {
  const apply = (
    namespace: string,
    manager: string,
    change: { metadata?: object; spec?: object } = {},
    options: { force?: boolean; dryRun?: boolean } = {},
  ) => surface.admin.apply(bindingPath(namespace, 'red'), manager, surface.manifest('red', change), options);
  const fieldsOf = ({ body }: RawReply, manager: string) =>
    (body.metadata.managedFields as ManagedFields[]).find((entry) => entry.manager === manager)?.fieldsV1;
  const only = (spec: object) => ({
    apiVersion: bindingApi,
    kind: 'TargetGroupBinding',
    metadata: { name: 'red' },
    spec,
  });

  describe('server-side apply', () => {
    it('makes the object, and owns exactly the leaves that were sent', async () => {
      const reply = await apply(await surface.namespace(), 'sluice', {
        metadata: { labels: { 'app.kubernetes.io/managed-by': 'sluice' } },
      });
      expect(reply.status).toBe(201);
      expect(reply.body.metadata.managedFields).toEqual([
        {
          manager: 'sluice',
          operation: 'Apply',
          apiVersion: bindingApi,
          time: expect.any(String),
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': { 'f:labels': { 'f:app.kubernetes.io/managed-by': {} } },
            'f:spec': { 'f:serviceRef': { 'f:name': {}, 'f:port': {} }, 'f:targetGroupARN': {}, 'f:targetType': {} },
          },
        },
      ]);
    });

    it('takes YAML', async () => {
      const namespace = await surface.namespace();
      const body = `apiVersion: ${bindingApi}\nkind: TargetGroupBinding\nmetadata: {name: red}\nspec: {serviceRef: {name: red-service, port: http}}\n`;
      const reply = await surface.admin.send('PATCH', `${bindingPath(namespace, 'red')}?fieldManager=sluice`, {
        body,
        contentType: patchTypes.apply,
      });
      expect(reply).toMatchObject({ status: 201, body: { spec: { serviceRef: { port: 'http' } } } });
    });

    it('changes nothing the second time', async () => {
      const namespace = await surface.namespace();
      const first = await apply(namespace, 'sluice');
      const second = await apply(namespace, 'sluice');
      expect(second.status).toBe(200);
      expect(second.body).toEqual(first.body);
    });

    it('names manager and field when another applies something else, and leaves the object as it was', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      const reply = await apply(namespace, 'shop-team', { spec: { serviceRef: { name: 'red-service', port: 81 } } });
      expect(refusalOf(reply)).toEqual({
        status: 409,
        reason: 'Conflict',
        message: 'Apply failed with 1 conflict: conflict with "sluice": .spec.serviceRef.port',
      });
      expect(reply.body.details.causes).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "sluice"', field: '.spec.serviceRef.port' },
      ]);
      expect((await surface.read(namespace, 'red')).body.spec.serviceRef.port).toBe(80);
    });

    it('names all conflicts, each field of each manager', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      const reply = await apply(namespace, 'shop-team', { spec: { serviceRef: { name: 'other', port: 81 } } });
      expect(reply.body.message).toBe(
        'Apply failed with 2 conflicts: conflicts with "sluice":\n- .spec.serviceRef.name\n- .spec.serviceRef.port',
      );
    });

    it('tells a conflict with somebody who did not apply by the version they used', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      await surface.admin.send('PATCH', `${bindingPath(namespace, 'red')}?fieldManager=kubectl-edit`, {
        body: { spec: { serviceRef: { port: 81 } } },
        contentType: patchTypes.merge,
      });
      const reply = await apply(namespace, 'sluice');
      expect(refusalOf(reply)).toEqual({
        status: 409,
        reason: 'Conflict',
        message: `Apply failed with 1 conflict: conflict with "kubectl-edit" using ${bindingApi}: .spec.serviceRef.port`,
      });
    });

    it('shares a field that both set to the same value', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      const reply = await apply(namespace, 'shop-team');
      expect(reply.status).toBe(200);
      expect(fieldsOf(reply, 'shop-team')).toEqual(fieldsOf(reply, 'sluice'));
    });

    it('takes fields over by force', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      const reply = await surface.admin.apply(
        bindingPath(namespace, 'red'),
        'shop-team',
        only({ serviceRef: { name: 'red-service', port: 81 } }),
        { force: true },
      );
      expect(reply.body.spec.serviceRef.port).toBe(81);
      expect(fieldsOf(reply, 'sluice')).toEqual({
        'f:spec': { 'f:serviceRef': { 'f:name': {} }, 'f:targetGroupARN': {}, 'f:targetType': {} },
      });
      expect(fieldsOf(reply, 'shop-team')).toEqual({ 'f:spec': { 'f:serviceRef': { 'f:name': {}, 'f:port': {} } } });
    });

    it('removes what its manager no longer sends, unless somebody else owns it too', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice', { metadata: { labels: { mine: 'a', ours: 'b' } } });
      await surface.admin.apply(bindingPath(namespace, 'red'), 'shop-team', {
        ...only({ serviceRef: { name: 'red-service', port: 80 } }),
        metadata: { name: 'red', labels: { ours: 'b' } },
      });
      const reply = await surface.admin.apply(
        bindingPath(namespace, 'red'),
        'sluice',
        only({ serviceRef: { name: 'red-service', port: 80 }, targetType: 'ip' }),
      );
      expect(reply.body.metadata.labels).toEqual({ ours: 'b' });
      expect(reply.body.spec).toEqual({ serviceRef: { name: 'red-service', port: 80 }, targetType: 'ip' });
    });

    it('leaves alone what somebody else added', async () => {
      const namespace = await surface.namespace();
      await apply(namespace, 'sluice');
      await surface.admin.send('PATCH', `${bindingPath(namespace, 'red')}?fieldManager=controller`, {
        body: { spec: { ipAddressType: 'ipv4' }, metadata: { annotations: { checkpoint: 'x' } } },
        contentType: patchTypes.merge,
      });
      const reply = await apply(namespace, 'sluice');
      expect(reply.body).toMatchObject({
        spec: { ipAddressType: 'ipv4' },
        metadata: { annotations: { checkpoint: 'x' } },
      });
    });

    it('keeps nothing of a dry run', async () => {
      const namespace = await surface.namespace();
      expect((await apply(namespace, 'sluice', {}, { dryRun: true })).status).toBe(201);
      expect((await surface.read(namespace, 'red')).status).toBe(404);
    });

    it('refuses a field that the schema does not have', async () => {
      const reply = await apply(await surface.namespace(), 'sluice', { spec: { targetTyp: 'ip' } });
      expect(reply.status).toBe(500);
      expect(reply.body.message).toContain('failed to create typed patch object');
      expect(reply.body.message).toContain('.spec.targetTyp: field not declared in schema');
    });

    it('wants to know who applies', async () => {
      const namespace = await surface.namespace();
      const reply = await surface.admin.send('PATCH', bindingPath(namespace, 'red'), {
        body: surface.manifest('red'),
        contentType: patchTypes.apply,
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('fieldManager: Required value: is required for apply patch'),
      });
    });

    it('refuses a body of another name, and one that brings managedFields', async () => {
      const namespace = await surface.namespace();
      const path = bindingPath(namespace, 'red');
      expect((await surface.admin.apply(path, 'sluice', surface.manifest('black'))).status).toBe(400);
      const managed = await surface.admin.apply(
        path,
        'sluice',
        surface.manifest('red', { metadata: { managedFields: [{ manager: 'x', operation: 'Apply' }] } }),
      );
      expect(refusalOf(managed)).toMatchObject({
        status: 400,
        message: expect.stringContaining('metadata.managedFields must be nil'),
      });
    });

    it('applies built-in kinds, with ports as a list by key', async () => {
      const namespace = await surface.namespace();
      const path = `/api/v1/namespaces/${namespace}/services/red`;
      const service = (ports: object[]) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'red' },
        spec: { ports },
      });
      await surface.admin.apply(path, 'one', service([{ name: 'http', port: 80, protocol: 'TCP' }]));
      const reply = await surface.admin.apply(path, 'two', service([{ name: 'admin', port: 9000, protocol: 'TCP' }]));
      expect(reply.status).toBe(200);
      expect(reply.body.spec.ports).toMatchObject([{ port: 80 }, { port: 9000 }]);
    });
  });
}
