import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { binding, bindingsPath, ClusterWorld } from '../testing/cluster-world.js';

let world: ClusterWorld;

beforeEach(async () => {
  world = await ClusterWorld.start();
  await world.namespace('red-ns');
});
afterEach(() => world.stop());

describe('a cluster', () => {
  it('has everything that it ever answered for after it was stopped abruptly', async () => {
    for (let index = 0; index < 20; index += 1) {
      const name = `b-${index}`;
      const { body: answered } = await world.apply(`${bindingsPath}/${name}`, 'sluice', binding(name));
      if (index % 5 === 0) await world.afterAbruptStop();
      expect((await world.ask('GET', `${bindingsPath}/${name}`)).body).toEqual(answered);
    }
  });

  it('goes on with its versions, so that an old one never comes back', async () => {
    const { body: before } = await world.apply(`${bindingsPath}/a`, 'sluice', binding('a'));
    await world.ask('DELETE', `${bindingsPath}/a`);
    await world.afterAbruptStop();
    const { body: after } = await world.apply(`${bindingsPath}/a`, 'sluice', binding('a'));
    expect(Number(after.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion) + 1);
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
  });

  it('keeps its address, its CA and its tokens', async () => {
    const { url } = world.cluster;
    const token = world.token('sluice');
    await world.restart();
    expect(world.cluster.url).toBe(url);
    expect((await world.ask('GET', '/api/v1/namespaces/default', { as: { token } })).code).toBe(200);
  });

  it('takes another address when its own is taken', async () => {
    const { url } = world.cluster;
    await world.afterAbruptStop();
    expect(world.cluster.url).not.toBe(url);
    expect((await world.ask('GET', '/readyz')).code).toBe(200);
  });

  it('lets nobody else read its keys and tokens', () => {
    const mode = (file: string) => statSync(join(world.dir, 'blue', file)).mode & 0o077;
    expect(
      ['tokens', 'kubeconfig', 'sluice.kubeconfig', 'certificates/ca.key', 'certificates/server.key'].map(mode),
    ).toEqual([0, 0, 0, 0, 0]);
  });

  it('closes its doors while the fault says it is down, and opens them again with all it had', async () => {
    await world.apply(`${bindingsPath}/a`, 'sluice', binding('a'));
    world.faults.set('cluster.down', { name: 'blue' });
    await expect(world.ask('GET', `${bindingsPath}/a`)).rejects.toThrow();
    world.faults.clear('cluster.down');
    expect((await world.ask('GET', `${bindingsPath}/a`)).code).toBe(200);
  });

  it('answers later while the fault says so', async () => {
    world.faults.set('cluster.latency', { name: '*', ms: 150 });
    const beganMs = performance.now();
    await world.ask('GET', '/readyz');
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(150);
  });
});
