import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RemoteNetwork } from '../shared/network-view.js';
import { type RunningNetwork, startNetwork } from './network-registry.js';

let dir: string;
let network: RunningNetwork;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'sluice-network-'));
  network = await startNetwork({ dir, port: 0 });
});
afterEach(async () => {
  await network.close();
  await rm(dir, { recursive: true, force: true });
});

const call = async (method: string, at: string, body?: string) => {
  const response = await fetch(`${network.url}/network/endpoints${at}`, { method, body });
  return { status: response.status, text: await response.text() };
};
const here = JSON.stringify({ host: '127.0.0.1', port: 34567, cluster: 'blue' });

describe('the network registry', () => {
  it('knows what was put there, also after a restart, until it is deleted', async () => {
    expect((await call('PUT', '/10.0.0.7:8080', here)).status).toBe(204);
    expect((await call('PUT', '/i-0123456789abcdef0:30080', here)).status).toBe(204);
    await network.close();
    network = await startNetwork({ dir, port: 0 });
    expect(JSON.parse((await call('GET', '')).text)).toEqual({
      '10.0.0.7:8080': JSON.parse(here) as object,
      'i-0123456789abcdef0:30080': JSON.parse(here) as object,
    });
    expect(await network.resolve('10.0.0.7', 8080)).toEqual(JSON.parse(here));
    expect((await call('DELETE', '/10.0.0.7:8080')).status).toBe(204);
    expect(await network.resolve('10.0.0.7', 8080)).toBeUndefined();
  });

  it.each([
    ['PUT', '/localhost:80', here, 400],
    ['PUT', '/10.0.0.7', here, 400],
    ['PUT', '/__proto__', here, 400],
    ['PUT', '/10.0.0.7:80', 'not JSON', 400],
    ['PUT', '/10.0.0.7:80', '{"host":"x","port":0}', 400],
    ['PUT', '/10.0.0.7:80', 'null', 400],
    ['PUT', '/%', here, 400],
    ['POST', '/10.0.0.7:80', here, 405],
  ])('refuses %s %s with %s', async (method, at, body, status) => {
    expect((await call(method, at, body)).status).toBe(status);
    expect((await call('GET', '')).text).toBe('{}');
  });

  it('may be away: who reads it goes on with what was read last', async () => {
    await call('PUT', '/10.0.0.7:8080', here);
    const remote = new RemoteNetwork(network.url, 0);
    expect((await remote.resolve('10.0.0.7', 8080))?.port).toBe(34567);
    const port = network.port;
    await network.close();
    expect((await remote.resolve('10.0.0.7', 8080))?.port).toBe(34567);
    network = await startNetwork({ dir, port });
    await call('DELETE', '/10.0.0.7:8080');
    expect(await remote.resolve('10.0.0.7', 8080)).toBeUndefined();
    await remote.close();
  });
});
