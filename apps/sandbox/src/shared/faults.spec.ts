import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { faultCatalogue } from './fault-catalogue.js';
import { type RunningControl, startControl } from './control-server.js';
import { Faults, meansName } from './faults.js';

describe('faults', () => {
  it('are off until set, tell listeners of each change, and are off again when cleared', () => {
    const faults = new Faults();
    const told: string[] = [];
    const unsubscribe = faults.onChange((name) => told.push(`${name} ${JSON.stringify(faults.get(name) ?? 'off')}`));
    expect(faults.get('aws.latency')).toBeUndefined();
    faults.set('aws.latency', { ms: 5 });
    faults.set('cluster.down', { name: 'blue' });
    faults.clear('aws.accessDenied');
    faults.clearAll();
    unsubscribe();
    faults.set('aws.latency', { ms: 6 });
    expect(told).toEqual([
      'aws.latency {"ms":5}',
      'cluster.down {"name":"blue"}',
      'aws.latency "off"',
      'cluster.down "off"',
    ]);
  });

  it('mean one name, several, or all', () => {
    expect([meansName('a', 'a'), meansName('a', 'b'), meansName(['a', 'b'], 'b'), meansName('*', 'b')]).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });
});

describe('the control API', () => {
  const faults = new Faults();
  let control: RunningControl;
  beforeEach(async () => {
    control = await startControl({ port: 0, faults, dir: '/somewhere' });
  });
  afterEach(async () => {
    faults.clearAll();
    await control.stop();
  });
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${control.url}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) };
  };

  it('switches faults on and off, and says which are on and which there are', async () => {
    expect((await call('PUT', '/faults/aws.throttle', { probability: 0.5 })).status).toBe(204);
    expect((await call('PUT', '/faults/aws.accessDenied')).status).toBe(204);
    const { body } = await call('GET', '/faults');
    expect(body?.['active']).toEqual({ 'aws.throttle': { probability: 0.5 }, 'aws.accessDenied': {} });
    expect(Object.keys(body?.['available'] as object)).toEqual(Object.keys(faultCatalogue));
    expect((await call('DELETE', '/faults/aws.throttle')).status).toBe(204);
    expect(Object.keys(faults.all())).toEqual(['aws.accessDenied']);
    expect((await call('DELETE', '/faults')).status).toBe(204);
    expect(faults.all()).toEqual({});
  });

  it.each([
    ['an unknown fault', 'PUT', '/faults/aws.gremlins', {}, 404, /There are: aws\.throttle/],
    ['a probability of 2', 'PUT', '/faults/aws.throttle', { probability: 2 }, 400, /probability/],
    ['an unknown field', 'PUT', '/faults/aws.latency', { ms: 1, colour: 'red' }, 400, /additional properties/],
    ['a missing field', 'PUT', '/faults/cluster.down', {}, 400, /name/],
    ['nothing to aim at', 'PUT', '/faults/targets.unhealthy', {}, 400, /fewer than 1/],
    ['an unknown fault to clear', 'DELETE', '/faults/constructor', undefined, 404, /no fault/],
  ] as [string, string, string, unknown, number, RegExp][])(
    'refuses %s and says what is wrong',
    async (_what, method, path, body, status, detail) => {
      const answer = await call(method, path, body);
      expect([answer.status, String(answer.body?.['detail'])]).toEqual([status, expect.stringMatching(detail)]);
      expect(faults.all()).toEqual({});
    },
  );
});

describe('the page about the sandbox', () => {
  it('names every fault that there is', async () => {
    const page = await readFile('docs/sandbox.md', 'utf8');
    const named = [...page.matchAll(/^\| `([a-zA-Z]+\.[a-zA-Z]+)` \|/gm)].map(([, name]) => name).sort();
    expect(named).toEqual(Object.keys(faultCatalogue).sort());
  });
});
