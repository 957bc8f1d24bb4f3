import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resources, type EndpointSlice, type Node, type Pod, type Service } from '../kube-client/resources.js';
import { ControllerWorld } from '../testing/controller-world.js';
import { eventually } from '../testing/eventually.js';

let world: ControllerWorld;

beforeAll(async () => {
  world = await ControllerWorld.start({ names: ['blue', 'green'] });
});
afterAll(() => world.stop());

async function pods(namespace: string): Promise<Pod[]> {
  return (await world.client.list<Pod>(resources.pods)).items.filter((pod) => pod.metadata.namespace === namespace);
}

async function readyAddresses(namespace: string): Promise<string[]> {
  const { items } = await world.client.list<EndpointSlice>(resources.endpointSlices);
  return items
    .filter((slice) => slice.metadata.namespace === namespace)
    .flatMap((slice) => slice.endpoints ?? [])
    .filter((endpoint) => endpoint.conditions?.ready)
    .flatMap((endpoint) => endpoint.addresses)
    .sort();
}

/** Asks the local server behind an address of the sandbox's network. */
async function get(address: string, path = '/', headers: Record<string, string> = {}): Promise<Response> {
  const endpoint = await eventually(
    async () => (await world.endpoints())[address],
    (each) => each !== undefined,
  );
  return fetch(`http://${endpoint?.host ?? ''}:${endpoint?.port ?? 0}${path}`, { headers });
}

describe('a Service with a selector', () => {
  it('gets pods that run, with addresses of the cluster, in a slice of the Service', async () => {
    await world.service('red-ns', 'red-service');
    expect(
      await eventually(
        () => readyAddresses('red-ns'),
        (all) => all.length === 2,
      ),
    ).toEqual(['10.0.16.10', '10.0.16.11']);
    const [pod] = await pods('red-ns');
    expect(pod).toMatchObject({
      metadata: { name: 'red-service-0', labels: { app: 'red-service' } },
      spec: { nodeName: 'sandbox-node' },
      status: { phase: 'Running', podIP: '10.0.16.10' },
    });
    expect(pod?.status?.conditions).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'Ready', status: 'True' }),
        expect.objectContaining({ type: 'ContainersReady', status: 'True' }),
      ]),
    );
    const { items } = await world.client.list<EndpointSlice>(resources.endpointSlices);
    const slice = items.find((each) => each.metadata.namespace === 'red-ns');
    expect(slice).toMatchObject({
      metadata: { labels: { 'kubernetes.io/service-name': 'red-service' } },
      ports: [{ name: 'http', port: 8080 }],
    });
    expect(slice?.endpoints?.[0]?.targetRef).toMatchObject({
      kind: 'Pod',
      name: 'red-service-0',
      namespace: 'red-ns',
      uid: pod?.metadata.uid,
    });
  });

  it('has pods that say who they are, as a page or as plain text', async () => {
    const page = await get('10.0.16.10:8080', '/', { accept: 'text/html' });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('<h1>red</h1>');
    const plain = await get('10.0.16.11:8080', '/any/path');
    expect(await plain.text()).toBe('red (service red-service, namespace red-ns, cluster blue, pod red-service-1)\n');
    expect(['service', 'cluster', 'pod'].map((name) => plain.headers.get(`x-sandbox-${name}`))).toEqual([
      'red-service',
      'blue',
      'red-service-1',
    ]);
    expect(await (await get('10.0.16.10:8080', '/healthz')).text()).toBe('ok\n');
  });

  it('has pods that answer 503 while the fault means them', async () => {
    world.aws.faults.set('pods.unhealthy', { cluster: 'blue', service: 'red-service' });
    expect((await get('10.0.16.10:8080', '/healthz')).status).toBe(503);
    world.aws.faults.set('pods.unhealthy', { cluster: 'green' });
    expect((await get('10.0.16.10:8080', '/healthz')).status).toBe(200);
    world.aws.faults.clear('pods.unhealthy');
  });

  it('gets as many pods as its annotation says, and loses those it says no more', async () => {
    await world.scale('red-ns', 'red-service', 4);
    await eventually(
      () => readyAddresses('red-ns'),
      (all) => all.length === 4,
    );
    await world.scale('red-ns', 'red-service', 1);
    expect(
      await eventually(
        () => readyAddresses('red-ns'),
        (all) => all.length === 1,
      ),
    ).toEqual(['10.0.16.10']);
    await eventually(
      () => pods('red-ns'),
      (all) => all.length === 1,
    );
    await eventually(
      () => world.endpoints(),
      (all) => Object.keys(all).filter((address) => address.startsWith('10.0.16.')).length === 1,
    );
  });

  it('gets a new pod for one that somebody deleted', async () => {
    const [before] = await pods('red-ns');
    await world.client.delete(resources.pods, 'red-ns', 'red-service-0');
    const [after] = await eventually(
      () => pods('red-ns'),
      ([pod]) => pod !== undefined && pod.metadata.uid !== before?.metadata.uid && pod.status?.podIP !== undefined,
    );
    await eventually(
      () => readyAddresses('red-ns'),
      (all) => all.length === 1 && all[0] === after?.status?.podIP,
    );
  });

  it('takes its pods and its slice along when it is deleted', async () => {
    await world.client.delete(resources.services, 'red-ns', 'red-service');
    await eventually(
      () => pods('red-ns'),
      (all) => all.length === 0,
    );
    await eventually(
      () => readyAddresses('red-ns'),
      (all) => all.length === 0,
    );
    await eventually(
      () => world.endpoints(),
      (all) => Object.keys(all).length === 0,
    );
  });
});

describe('a Service without a selector', () => {
  it('gets nothing', async () => {
    await world.client.create(resources.services, {
      metadata: { name: 'bare', namespace: 'red-ns' },
      spec: { ports: [{ port: 80 }] },
    });
    await world.service('red-ns', 'after');
    await eventually(
      () => readyAddresses('red-ns'),
      (all) => all.length === 2,
    );
    expect((await pods('red-ns')).every((pod) => pod.metadata.name.startsWith('after-'))).toBe(true);
    await world.client.delete(resources.services, 'red-ns', 'after');
  });
});

describe('a NodePort Service', () => {
  it('is reached at the node of its cluster, one pod after the other', async () => {
    await world.service('node-ns', 'black-service', { type: 'NodePort' });
    const { spec } = await world.client.get<Service>(resources.services, 'node-ns', 'black-service');
    const [node] = (await world.client.list<Node>(resources.nodes)).items;
    const instance = node?.spec.providerID?.split('/').at(-1) ?? '';
    expect(instance).toMatch(/^i-[0-9a-f]{17}$/);
    await eventually(
      () => readyAddresses('node-ns'),
      (all) => all.length === 2,
    );
    const seen = new Set<string | null>();
    for (let index = 0; index < 4; index += 1)
      seen.add(
        (await get(`${instance}:${spec.ports?.[0]?.nodePort ?? 0}`, '/', { connection: 'close' })).headers.get(
          'x-sandbox-pod',
        ),
      );
    expect([...seen].sort()).toEqual(['black-service-0', 'black-service-1']);
  });
});

describe('after a restart of what runs the pods', () => {
  it('every pod has the address it had, and is reached at it again', async () => {
    const before = await readyAddresses('node-ns');
    const [oldPort, address] = [(await world.endpoints())[`${before[0] ?? ''}:8080`]?.port, `${before[0] ?? ''}:8080`];
    await world.stopControllers();
    await world.startControllers();
    await eventually(
      async () => (await world.endpoints())[address]?.port,
      (port) => port !== oldPort,
    );
    expect(await readyAddresses('node-ns')).toEqual(before);
    expect((await get(address)).status).toBe(200);
  });
});

describe('a namespace that is deleted', () => {
  it('is gone once all that was in it is', async () => {
    await world.service('brief-ns', 'brief-service');
    await eventually(
      () => readyAddresses('brief-ns'),
      (all) => all.length === 2,
    );
    await world.client.delete(resources.namespaces, undefined, 'brief-ns');
    await eventually(
      () => world.client.find(resources.namespaces, undefined, 'brief-ns'),
      (each) => each === undefined,
    );
    expect(await pods('brief-ns')).toEqual([]);
  });
});

describe('two clusters', () => {
  it('have addresses of their own', async () => {
    const { KubeClient } = await import('../kube-client/kube-client.js');
    const green = KubeClient.fromFile(world.kubeconfig('green'), 'test');
    await world.service('green-ns', 'green-service', {}, green);
    const { items } = await eventually(
      () => green.list<Pod>(resources.pods),
      (list) => list.items.length === 2 && list.items.every((pod) => pod.status?.podIP !== undefined),
    );
    expect(items.map((pod) => pod.status?.podIP)).toEqual(['10.0.17.10', '10.0.17.11']);
    expect(await (await get('10.0.17.10:8080')).text()).toContain('cluster green');
    await green.close();
  });
});
