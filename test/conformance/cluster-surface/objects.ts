import { describe, expect, it } from '@jest/globals';
import { bindingPath, patchTypes } from '@sluice/testing';
import { refusalOf, type Surface } from './surface.js';

/** Making, changing and refusing single objects. */
export function objectSurface(surface: Surface): void {
  const merge = (path: string, body: unknown) =>
    surface.admin.send('PATCH', path, { body, contentType: patchTypes.merge });

  describe('making objects', () => {
    it('gives a namespace its name as a label, its phase and its finalizer', async () => {
      const name = await surface.namespace();
      const namespace = await surface.admin.must('GET', `/api/v1/namespaces/${name}`);
      expect(namespace).toMatchObject({
        metadata: { labels: { 'kubernetes.io/metadata.name': name } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      });
    });

    it('gives an object uid, generation, resourceVersion and time of birth', async () => {
      const { metadata } = await surface.created(await surface.namespace(), 'red');
      expect(metadata).toMatchObject({
        generation: 1,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
      });
      expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    });

    it('refuses a second one of the same name', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const reply = await surface.admin.send('POST', bindingPath(namespace), { body: surface.manifest('red') });
      expect(refusalOf(reply)).toEqual({
        status: 409,
        reason: 'AlreadyExists',
        message: 'targetgroupbindings.elbv2.k8s.aws "red" already exists',
      });
    });

    it('refuses one in a namespace that is not there', async () => {
      const reply = await surface.admin.send('POST', bindingPath('nowhere'), { body: surface.manifest('red') });
      expect(refusalOf(reply)).toEqual({ status: 404, reason: 'NotFound', message: 'namespaces "nowhere" not found' });
      expect(reply.body.details).toMatchObject({ name: 'nowhere', kind: 'namespaces' });
    });

    it('says 404 with name and kind for one that is not there', async () => {
      const reply = await surface.read(await surface.namespace(), 'red');
      expect(refusalOf(reply)).toEqual({
        status: 404,
        reason: 'NotFound',
        message: 'targetgroupbindings.elbv2.k8s.aws "red" not found',
      });
      expect(reply.body).toMatchObject({
        kind: 'Status',
        status: 'Failure',
        code: 404,
        details: { name: 'red', group: 'elbv2.k8s.aws', kind: 'targetgroupbindings' },
      });
    });

    it('refuses a name that is none', async () => {
      const reply = await surface.admin.send('POST', bindingPath(await surface.namespace()), {
        body: surface.manifest('Not_A_Name'),
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('metadata.name: Invalid value: "Not_A_Name"'),
      });
    });

    it('refuses a label that is none', async () => {
      const reply = await surface.admin.send('POST', bindingPath(await surface.namespace()), {
        body: surface.manifest('red', { metadata: { labels: { a: 'not a label' } } }),
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('metadata.labels: Invalid value: "not a label"'),
      });
    });

    it('keeps nothing of a dry run', async () => {
      const namespace = await surface.namespace();
      const reply = await surface.admin.send('POST', `${bindingPath(namespace)}?dryRun=All`, {
        body: surface.manifest('red'),
      });
      expect(reply).toMatchObject({ status: 201, body: { metadata: { name: 'red', generation: 1 } } });
      expect((await surface.read(namespace, 'red')).status).toBe(404);
    });

    it('makes up a name from generateName', async () => {
      const body = { ...surface.manifest(''), metadata: { generateName: 'red-' } };
      const made = await surface.admin.must('POST', bindingPath(await surface.namespace()), { body });
      expect(made.metadata.name).toMatch(/^red-[a-z0-9]{5}$/);
    });

    it('gives a Service its address and its node ports', async () => {
      const path = `/api/v1/namespaces/${await surface.namespace()}/services`;
      const make = (name: string, spec: object) =>
        surface.admin.must('POST', path, { body: { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec } });
      const ports = [{ name: 'http', port: 80 }];
      const inside = await make('inside', { ports });
      expect(inside.spec).toMatchObject({
        type: 'ClusterIP',
        clusterIP: expect.stringMatching(/^10\.96\./),
        ports: [{ name: 'http', port: 80, targetPort: 80, protocol: 'TCP' }],
      });
      const node = await make('node', { type: 'NodePort', ports });
      expect(node.spec.ports[0].nodePort).toBeGreaterThanOrEqual(30_000);
      const outside = await make('outside', { type: 'ExternalName', externalName: 'shop.example.com' });
      expect(outside.spec).not.toHaveProperty('clusterIP');
    });
  });

  describe('checking objects', () => {
    it('refuses a value that the schema does not know, and names those it does', async () => {
      const reply = await surface.admin.send('POST', bindingPath(await surface.namespace()), {
        body: surface.manifest('red', { spec: { targetType: 'lambda' } }),
      });
      expect(refusalOf(reply)).toEqual({
        status: 422,
        reason: 'Invalid',
        message:
          'TargetGroupBinding.elbv2.k8s.aws "red" is invalid: spec.targetType: Unsupported value: "lambda": supported values: "instance", "ip"',
      });
      expect(reply.body.details.causes).toEqual([
        {
          reason: 'FieldValueNotSupported',
          message: 'Unsupported value: "lambda": supported values: "instance", "ip"',
          field: 'spec.targetType',
        },
      ]);
    });

    it('refuses a binding without a Service', async () => {
      const { apiVersion, kind } = surface.manifest('red');
      const reply = await surface.admin.send('POST', bindingPath(await surface.namespace()), {
        body: { apiVersion, kind, metadata: { name: 'red' }, spec: { targetType: 'ip' } },
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('spec.serviceRef: Required value'),
      });
    });

    it('refuses a value of another type', async () => {
      const reply = await surface.admin.send('POST', bindingPath(await surface.namespace()), {
        body: surface.manifest('red', { spec: { targetGroupARN: 7 } }),
      });
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining(
          'spec.targetGroupARN: Invalid value: "integer": spec.targetGroupARN in body must be of type string: "integer"',
        ),
      });
    });

    it('refuses an unknown field when asked to be strict, and drops it otherwise', async () => {
      const namespace = await surface.namespace();
      const body = surface.manifest('red', { spec: { targetTyp: 'ip' } });
      const strict = await surface.admin.send('POST', `${bindingPath(namespace)}?fieldValidation=Strict`, { body });
      expect(refusalOf(strict)).toMatchObject({
        status: 400,
        reason: 'BadRequest',
        message: expect.stringContaining('strict decoding error: unknown field "spec.targetTyp"'),
      });
      const warned = await surface.admin.send('POST', `${bindingPath(namespace)}?fieldValidation=Warn`, { body });
      expect(warned.status).toBe(201);
      expect(warned.headers['warning']).toContain('unknown field \\"spec.targetTyp\\"');
      expect(warned.body.spec).not.toHaveProperty('targetTyp');
    });

    it('does not take loopback addresses as endpoints', async () => {
      const namespace = await surface.namespace();
      const reply = await surface.admin.send(
        'POST',
        `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
        {
          body: {
            apiVersion: 'discovery.k8s.io/v1',
            kind: 'EndpointSlice',
            metadata: { name: 'red' },
            addressType: 'IPv4',
            endpoints: [{ addresses: ['127.0.0.1'] }],
            ports: [],
          },
        },
      );
      expect(refusalOf(reply)).toMatchObject({
        status: 422,
        reason: 'Invalid',
        message: expect.stringContaining('may not be in the loopback range (127.0.0.0/8, ::1/128)'),
      });
    });
  });

  describe('changing objects', () => {
    it('counts a generation for the spec, and none for labels or status', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const path = bindingPath(namespace, 'red');
      expect((await merge(path, { metadata: { labels: { a: 'b' } } })).body.metadata.generation).toBe(1);
      expect(
        (await merge(`${path}/status`, { status: { observedGeneration: 1 }, spec: { targetType: 'instance' } })).body,
      ).toMatchObject({ metadata: { generation: 1 }, spec: { targetType: 'ip' }, status: { observedGeneration: 1 } });
      expect(
        (await merge(path, { spec: { serviceRef: { port: 81 } }, status: { observedGeneration: 9 } })).body,
      ).toMatchObject({ metadata: { generation: 2 }, status: { observedGeneration: 1 } });
    });

    it('leaves the resourceVersion alone when nothing changes', async () => {
      const namespace = await surface.namespace();
      const { metadata } = await surface.created(namespace, 'red', { metadata: { labels: { a: 'b' } } });
      const reply = await merge(bindingPath(namespace, 'red'), { metadata: { labels: { a: 'b' } } });
      expect(reply.body.metadata.resourceVersion).toBe(metadata.resourceVersion);
    });

    it('removes what a merge patch sets to null', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red', { metadata: { labels: { a: 'b', c: 'd' } } });
      expect(
        (await merge(bindingPath(namespace, 'red'), { metadata: { labels: { a: null } } })).body.metadata.labels,
      ).toEqual({ c: 'd' });
    });

    it('does not take a JSON patch whose test fails', async () => {
      const namespace = await surface.namespace();
      await surface.created(namespace, 'red');
      const body = [
        { op: 'test', path: '/spec/targetType', value: 'instance' },
        { op: 'remove', path: '/spec/targetType' },
      ];
      const reply = await surface.admin.send('PATCH', bindingPath(namespace, 'red'), {
        body,
        contentType: patchTypes.json,
      });
      expect(reply.status).toBe(422);
      expect((await surface.read(namespace, 'red')).body.spec.targetType).toBe('ip');
    });

    it('refuses to replace an object that somebody has changed meanwhile', async () => {
      const namespace = await surface.namespace();
      const before = await surface.created(namespace, 'red');
      await merge(bindingPath(namespace, 'red'), { spec: { serviceRef: { port: 81 } } });
      const reply = await surface.admin.send('PUT', bindingPath(namespace, 'red'), { body: before });
      expect(refusalOf(reply)).toEqual({
        status: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on targetgroupbindings.elbv2.k8s.aws "red": the object has been modified; please apply your changes to the latest version and try again',
      });
    });
  });
}
