import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KubeClient, type RemoteObject } from '../kube-client/kube-client.js';
import { ClusterWorld, patchTypes } from '../testing/cluster-world.js';

let world: ClusterWorld;
let client: KubeClient;

beforeAll(async () => {
  world = await ClusterWorld.start();
  await world.namespace('red-ns');
  client = KubeClient.fromFile(world.cluster.kubeconfigs.admin, 'test');
});
afterAll(async () => {
  await client.close();
  await world.stop();
});

const path = '/api/v1/namespaces/red-ns/configmaps';
const configMaps = { api: 'api/v1', plural: 'configmaps' };

async function version(): Promise<string> {
  return (await client.list(configMaps)).metadata.resourceVersion;
}

/** The first `count` lines of a watch, as `TYPE name`. */
async function lines(from: string, count: number): Promise<string[]> {
  const aborter = new AbortController();
  const seen: string[] = [];
  for await (const line of client.watch<RemoteObject>(configMaps, from, aborter.signal)) {
    seen.push(`${line.type} ${line.object.metadata.name}`);
    if (seen.length === count) break;
  }
  aborter.abort();
  return seen;
}

/** A whole watch with a time limit, as lines of JSON. */
async function wholeWatch(
  query: string,
): Promise<
  { type: string; object: { code?: number; reason?: string; metadata: { name?: string; resourceVersion?: string } } }[]
> {
  const { body } = await world.ask('GET', `${path}?watch=true&timeoutSeconds=1&${query}`);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return text
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as never);
}

describe('a watch', () => {
  it('brings every change after the version it began from, in order', async () => {
    const from = await version();
    const seen = lines(from, 3);
    await world.ask('POST', path, { body: { metadata: { name: 'w' } } });
    await world.ask('PATCH', `${path}/w`, { body: { data: { a: 'b' } }, type: patchTypes.merge });
    await world.ask('DELETE', `${path}/w`);
    expect(await seen).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w']);
    expect(await lines(from, 3)).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w']);
  });

  it('shows what is there first when it begins without a version', async () => {
    await world.ask('POST', path, { body: { metadata: { name: 'there' } } });
    expect((await wholeWatch('')).map((line) => `${line.type} ${line.object.metadata.name ?? ''}`)).toContain(
      'ADDED there',
    );
  });

  it('shows an object that ceases to match its selector as deleted', async () => {
    await world.ask('POST', path, { body: { metadata: { name: 'labelled', labels: { on: 'yes' } } } });
    const from = await version();
    await world.ask('PATCH', `${path}/labelled`, {
      body: { metadata: { labels: { on: 'no' } } },
      type: patchTypes.merge,
    });
    await world.ask('PATCH', `${path}/labelled`, {
      body: { metadata: { labels: { on: 'yes' } } },
      type: patchTypes.merge,
    });
    expect((await wholeWatch(`labelSelector=on=yes&resourceVersion=${from}`)).map((line) => line.type)).toEqual([
      'DELETED',
      'ADDED',
    ]);
  });

  it('ends with a bookmark for clients that want it', async () => {
    const [last] = (await wholeWatch(`allowWatchBookmarks=true&resourceVersion=${await version()}`)).slice(-1);
    expect(last).toMatchObject({ type: 'BOOKMARK', object: { metadata: { resourceVersion: await version() } } });
  });

  it('is told 410 when its version is older than what the server remembers', async () => {
    const from = await version();
    await world.ask('POST', path, { body: { metadata: { name: 'before-restart' } } });
    await world.restart();
    expect(await wholeWatch(`resourceVersion=${from}`)).toMatchObject([
      { type: 'ERROR', object: { code: 410, reason: 'Expired' } },
    ]);
  });
});
