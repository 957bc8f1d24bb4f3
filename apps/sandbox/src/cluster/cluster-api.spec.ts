import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { binding, bindingsPath, ClusterWorld, patchTypes } from '../testing/cluster-world.js';

let world: ClusterWorld;

beforeAll(async () => {
  world = await ClusterWorld.start(['openSource', 'autoMode']);
  await world.namespace('red-ns');
});
afterAll(() => world.stop());

const configMaps = '/api/v1/namespaces/red-ns/configmaps';
const servicesPath = '/api/v1/namespaces/red-ns/services';

function service(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return { metadata: { name }, spec: { selector: { app: 'red' }, ports: [{ port: 80 }], ...spec } };
}

describe('objects', () => {
  it('are created with what the server adds, and refused a second time', async () => {
    const { code, body } = await world.ask('POST', configMaps, { body: { metadata: { name: 'a' }, data: { x: 'y' } } });
    expect(code).toBe(201);
    expect(body).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'red-ns', uid: expect.any(String), resourceVersion: expect.any(String) },
    });
    expect(await world.ask('POST', configMaps, { body: { metadata: { name: 'a' } } })).toMatchObject({
      code: 409,
      body: { reason: 'AlreadyExists', message: 'configmaps "a" already exists' },
    });
  });

  it('need a namespace that exists', async () => {
    expect(
      await world.ask('POST', '/api/v1/namespaces/nope/configmaps', { body: { metadata: { name: 'a' } } }),
    ).toMatchObject({ code: 404, body: { message: 'namespaces "nope" not found' } });
  });

  it.each([
    [
      'a name in capitals',
      { metadata: { name: 'Red' } },
      422,
      'metadata.name: Invalid value: "Red": a lowercase RFC 1123 subdomain',
    ],
    ['no name', { metadata: {} }, 422, 'metadata.name: Required value: name or generateName is required'],
    [
      'another namespace',
      { metadata: { name: 'b', namespace: 'default' } },
      400,
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'another API version',
      { apiVersion: 'v2', metadata: { name: 'b' } },
      400,
      'the API version in the data (v2) does not match the expected API version (v1)',
    ],
    [
      'a label that is none',
      { metadata: { name: 'b', labels: { a: 'b c' } } },
      422,
      'metadata.labels: Invalid value: "b c"',
    ],
    ['a number for a text', { metadata: { name: 'b' }, data: { a: 1 } }, 422, 'data.a'],
  ])('with %s are refused', async (_what, body, code, message) => {
    const answer = await world.ask('POST', configMaps, { body });
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(message);
  });

  it('with unknown fields are pruned with a warning, or refused when the client asks for strictness', async () => {
    const body = { metadata: { name: 'extra' }, data: { a: 'b' }, datum: 1 };
    expect(await world.ask('POST', `${configMaps}?fieldValidation=Strict`, { body })).toMatchObject({
      code: 400,
      body: {
        message:
          'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "datum"',
      },
    });
    const kept = await world.ask('POST', configMaps, { body });
    expect(kept.warnings.join()).toContain('unknown field \\"datum\\"');
    expect(kept.body.datum).toBeUndefined();
  });

  it('are only shown as they would be with dryRun=All', async () => {
    expect(await world.ask('POST', `${configMaps}?dryRun=All`, { body: { metadata: { name: 'dry' } } })).toMatchObject({
      code: 201,
      body: { metadata: { name: 'dry' } },
    });
    expect((await world.ask('GET', `${configMaps}/dry`)).code).toBe(404);
    expect(await world.ask('POST', `${configMaps}?dryRun=Some`, { body: { metadata: { name: 'dry' } } })).toMatchObject(
      { code: 422, body: { details: { causes: [{ field: 'dryRun' }] } } },
    );
  });

  it('are replaced only by whoever has seen the last version', async () => {
    const { body: first } = await world.ask('POST', configMaps, {
      body: { metadata: { name: 'race' }, data: { n: '1' } },
    });
    const { body: second } = await world.ask('PUT', `${configMaps}/race`, { body: { ...first, data: { n: '2' } } });
    expect(await world.ask('PUT', `${configMaps}/race`, { body: { ...first, data: { n: '3' } } })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict', message: expect.stringContaining('the object has been modified') },
    });
    expect((await world.ask('GET', `${configMaps}/race`)).body).toEqual(second);
  });

  it('keep their version when a write changes nothing', async () => {
    const { body: before } = await world.ask('POST', configMaps, {
      body: { metadata: { name: 'same' }, data: { n: '1' } },
    });
    const { body: after } = await world.ask('PATCH', `${configMaps}/same`, {
      body: { data: { n: '1' } },
      type: patchTypes.merge,
    });
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  it('with finalizers stay until the last is taken away', async () => {
    await world.ask('POST', configMaps, { body: { metadata: { name: 'held', finalizers: ['a.b/c'] } } });
    const deleted = await world.ask('DELETE', `${configMaps}/held`);
    expect(deleted.body.metadata.deletionTimestamp).toEqual(expect.any(String));
    expect(
      await world.ask('PATCH', `${configMaps}/held`, {
        body: { metadata: { finalizers: ['a.b/c', 'a.b/d'] } },
        type: patchTypes.merge,
      }),
    ).toMatchObject({ code: 422, body: { message: expect.stringContaining('no new finalizers') } });
    await world.ask('PATCH', `${configMaps}/held`, {
      body: { metadata: { finalizers: null } },
      type: patchTypes.merge,
    });
    expect((await world.ask('GET', `${configMaps}/held`)).code).toBe(404);
  });

  it('are deleted only when the preconditions hold', async () => {
    await world.ask('POST', configMaps, { body: { metadata: { name: 'pre' } } });
    expect((await world.ask('DELETE', `${configMaps}/pre`, { body: { preconditions: { uid: 'other' } } })).code).toBe(
      409,
    );
    expect((await world.ask('GET', `${configMaps}/pre`)).code).toBe(200);
  });

  it('go with their namespace', async () => {
    await world.namespace('brief');
    await world.ask('POST', '/api/v1/namespaces/brief/configmaps', {
      body: { metadata: { name: 'a', finalizers: ['a.b/c'] } },
    });
    expect((await world.ask('DELETE', '/api/v1/namespaces/brief')).body.status.phase).toBe('Terminating');
    expect(
      await world.ask('POST', '/api/v1/namespaces/brief/configmaps', { body: { metadata: { name: 'b' } } }),
    ).toMatchObject({ code: 403, body: { message: expect.stringContaining('because it is being terminated') } });
    await world.ask('PATCH', '/api/v1/namespaces/brief/configmaps/a', {
      body: { metadata: { finalizers: null } },
      type: patchTypes.merge,
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect((await world.ask('GET', '/api/v1/namespaces/brief')).code).toBe(404);
  });
});

describe('a Service', () => {
  it('gets an address, and a node port where its type wants one', async () => {
    const { body: plain } = await world.ask('POST', servicesPath, { body: service('plain') });
    expect(plain.spec).toMatchObject({
      type: 'ClusterIP',
      clusterIP: expect.stringMatching(/^10\.96\./),
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    const { body: node } = await world.ask('POST', servicesPath, { body: service('node', { type: 'NodePort' }) });
    expect(node.spec.ports[0].nodePort).toBeGreaterThanOrEqual(30_000);
  });

  it.each([
    ['no port', { ports: [] }, 'spec.ports: Required value'],
    ['two ports without names', { ports: [{ port: 1 }, { port: 2 }] }, 'spec.ports[0].name: Required value'],
    ['a port beyond the range', { ports: [{ port: 70_000 }] }, 'must be between 1 and 65535, inclusive'],
    ['a type that is none', { type: 'Magic' }, 'Unsupported value: "Magic"'],
  ])('with %s is refused', async (_what, spec, message) => {
    expect(await world.ask('POST', servicesPath, { body: service('bad', spec) })).toMatchObject({
      code: 422,
      body: { message: expect.stringContaining(message) },
    });
  });
});

describe('an EndpointSlice', () => {
  const slice = (address: string) => ({
    metadata: { name: 'slice' },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address] }],
    ports: [{ port: 80 }],
  });
  const path = '/apis/discovery.k8s.io/v1/namespaces/red-ns/endpointslices';

  it('may not hold loopback addresses', async () => {
    expect(await world.ask('POST', path, { body: slice('127.0.0.1') })).toMatchObject({
      code: 422,
      body: {
        message:
          'EndpointSlice.discovery.k8s.io "slice" is invalid: endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      },
    });
  });

  it('may hold addresses of the VPC', async () => {
    expect((await world.ask('POST', path, { body: slice('10.0.16.10') })).code).toBe(201);
  });
});

describe('a TargetGroupBinding', () => {
  it('counts generations of its spec, and not of metadata or status', async () => {
    const path = `${bindingsPath}/gen`;
    expect((await world.apply(path, 'sluice', binding('gen'))).body.metadata.generation).toBe(1);
    expect(
      (await world.ask('PATCH', path, { body: { metadata: { labels: { a: 'b' } } }, type: patchTypes.merge })).body
        .metadata.generation,
    ).toBe(1);
    const status = await world.ask('PATCH', `${path}/status`, {
      body: { status: { observedGeneration: 1 }, spec: { vpcID: 'vpc-1' } },
      type: patchTypes.merge,
    });
    expect(status.body).toMatchObject({ metadata: { generation: 1 }, status: { observedGeneration: 1 } });
    expect(status.body.spec.vpcID).toBeUndefined();
    expect(
      (
        await world.ask('PATCH', path, {
          body: { spec: { vpcID: 'vpc-1' }, status: { observedGeneration: 7 } },
          type: patchTypes.merge,
        })
      ).body,
    ).toMatchObject({ metadata: { generation: 2 }, status: { observedGeneration: 1 } });
  });

  it('answers 201 when an apply creates it and 200 afterwards, with nothing changed the second time', async () => {
    const first = await world.apply(`${bindingsPath}/twice`, 'sluice', binding('twice'));
    const second = await world.apply(`${bindingsPath}/twice`, 'sluice', binding('twice'));
    expect([first.code, second.code]).toEqual([201, 200]);
    expect(second.body).toEqual(first.body);
  });

  it.each([
    [
      'an unknown field',
      { targetTyp: 'ip' },
      500,
      'failed to create typed patch object (red-ns/odd; elbv2.k8s.aws/v1beta1, Kind=TargetGroupBinding): .spec.targetTyp: field not declared in schema',
    ],
    [
      'a target type that is none',
      { targetType: 'lambda' },
      422,
      'spec.targetType: Unsupported value: "lambda": supported values: "instance", "ip"',
    ],
    ['no serviceRef', { serviceRef: undefined }, 422, 'spec.serviceRef: Required value'],
    ['a number for the Service', { serviceRef: { name: 7, port: 1 } }, 500, '.spec.serviceRef.name: expected string'],
  ])('applied with %s is refused', async (_what, spec, code, message) => {
    const answer = await world.apply(`${bindingsPath}/odd`, 'sluice', binding('odd', spec));
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(message);
  });

  it('is applied only with the name of a manager, and without managedFields', async () => {
    expect(
      await world.ask('PATCH', `${bindingsPath}/odd`, { body: binding('odd'), type: patchTypes.apply }),
    ).toMatchObject({ code: 422, body: { message: expect.stringContaining('fieldManager: Required value') } });
    expect(await world.apply(`${bindingsPath}/odd`, 'sluice', binding('odd', {}, { managedFields: [] }))).toMatchObject(
      { code: 400, body: { message: 'metadata.managedFields must be nil' } },
    );
  });

  it('takes no strategic merge patch, as no custom resource does', async () => {
    await world.apply(`${bindingsPath}/sm`, 'sluice', binding('sm'));
    expect((await world.ask('PATCH', `${bindingsPath}/sm`, { body: {}, type: patchTypes.strategic })).code).toBe(415);
  });

  it('exists in the group of Auto Mode too, where the cluster is in that mode', async () => {
    const path = bindingsPath.replace('elbv2.k8s.aws/v1beta1', 'eks.amazonaws.com/v1');
    expect(
      (await world.apply(`${path}/auto`, 'sluice', { ...binding('auto'), apiVersion: 'eks.amazonaws.com/v1' })).code,
    ).toBe(201);
    expect((await world.ask('GET', `${bindingsPath}/auto`)).code).toBe(404);
  });
});

describe('a list', () => {
  beforeAll(async () => {
    await world.namespace('many');
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await world.ask('POST', '/api/v1/namespaces/many/configmaps', {
        body: { metadata: { name, labels: { odd: String('ace'.includes(name)) } } },
      });
  });

  const names = async (query: string): Promise<string[]> =>
    (
      (await world.ask('GET', `/api/v1/namespaces/many/configmaps?${query}`)).body.items as {
        metadata: { name: string };
      }[]
    ).map((item) => item.metadata.name);

  it.each([
    ['labelSelector=odd=true', 'ace'],
    ['labelSelector=odd!=true', 'bd'],
    ['labelSelector=odd%20in%20(true,x)', 'ace'],
    ['labelSelector=!odd', ''],
    ['labelSelector=odd', 'abcde'],
    ['labelSelector=odd%20notin%20(true)', 'bd'],
    ['fieldSelector=metadata.name%3Db', 'b'],
    ['fieldSelector=metadata.name!%3Db', 'acde'],
  ])('with %s shows %s', async (query, wanted) => {
    expect((await names(query)).join('')).toBe(wanted);
  });

  it('comes in pages that together hold everything once', async () => {
    const seen: string[] = [];
    let next = '';
    do {
      const { body } = await world.ask('GET', `/api/v1/namespaces/many/configmaps?limit=2&continue=${next}`);
      seen.push(...(body.items as { metadata: { name: string } }[]).map((item) => item.metadata.name));
      next = (body.metadata.continue as string | undefined) ?? '';
    } while (next !== '');
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it.each(['fieldSelector=data.x%3Dy', 'labelSelector=a%20b', 'continue=xx'])('with %s is refused', async (query) => {
    expect((await world.ask('GET', `/api/v1/namespaces/many/configmaps?${query}`)).code).toBe(400);
  });
});
