import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Faults } from '../../apps/sandbox/src/shared/faults.js';
import { ask, binding, bindingsPath, patchTypes, type Ask } from '../../apps/sandbox/src/testing/cluster-world.js';
import type { RunningCluster } from '../../apps/sandbox/src/cluster/cluster-options.js';
import { isRecord } from '../../apps/sandbox/src/cluster/json.js';
import { realAssets, startRealCluster } from '../../apps/sandbox/src/cluster/real-clusters.js';
import { startSandboxCluster } from '../../apps/sandbox/src/cluster/sandbox-cluster.js';

const assets = realAssets();
if (assets === undefined)
  console.warn(
    "KUBEBUILDER_ASSETS is not set: the sandbox's clusters are not compared with a real kube-apiserver here",
  );
const withReal = assets === undefined ? describe.skip : describe;

const { apply, merge, json, strategic } = patchTypes;
const one = `${bindingsPath}/one`;
const servicePath = '/api/v1/namespaces/red-ns/services';
const slicesPath = '/apis/discovery.k8s.io/v1/namespaces/red-ns/endpointslices';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

const service = (name: string, spec: object = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...metadata },
  spec: { selector: { app: 'red' }, ports: [{ port: 80 }], ...spec },
});
const slice = (name: string, rest: object = {}) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'] }],
  ports: [{ port: 80 }],
  ...rest,
});
const byApply = (manager: string, path: string, body: object, query = ''): [string, string, Ask] => [
  'PATCH',
  `${path}?fieldManager=${manager}${query}`,
  { body, type: apply },
];
const bySluice = (method: string, path: string, rest: Ask = {}): [string, string, Ask] => [
  method,
  path,
  { ...rest, as: 'sluice' },
];

/** Asked of both in this order; each must answer the same but for what is given out by chance. */
const questions: [string, string, Ask?][] = [
  ['POST', '/api/v1/namespaces', { body: { metadata: { name: 'red-ns' } } }],
  ['POST', '/api/v1/namespaces', { body: { metadata: { name: 'red-ns' } } }],
  ['POST', '/api/v1/namespaces', { body: { metadata: { name: 'Red_ns' } } }],
  ['GET', `${bindingsPath}/nope`],
  ['POST', bindingsPath.replace('red-ns', 'nope'), { body: binding('one', {}, { namespace: undefined }) }],
  byApply('sluice', one, binding('one')),
  byApply('sluice', one, binding('one')),
  byApply('other', one, binding('one', { serviceRef: { name: 'red-service', port: 81 } })),
  byApply('other', one, binding('one', { serviceRef: { name: 'x', port: 81 } })),
  byApply('other', one, binding('one', { serviceRef: { name: 'x', port: 81 } }), '&force=true'),
  byApply('sluice', one, binding('one', {}, { labels: { a: 'b' }, annotations: { c: 'd' } }), '&force=true'),
  byApply('sluice', one, binding('one', {}, { labels: {} }), '&force=true'),
  byApply('sluice', one, binding('one', { targetType: undefined }), '&force=true'),
  byApply(
    'other',
    one,
    binding('one', { targetType: undefined, targetGroupARN: undefined, serviceRef: { name: 'x', port: 81 } }),
    '&force=true',
  ),
  byApply(
    'sluice',
    one,
    binding('one', {
      networking: { ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 80 }] }] },
    }),
    '&force=true',
  ),
  byApply('sluice', one, binding('one', { nodeSelector: { matchLabels: { a: 'b' } } }), '&force=true'),
  byApply('sluice', one, binding('one', { targetTyp: 'ip' })),
  byApply('sluice', one, binding('one', { targetType: 'lambda' })),
  byApply('sluice', `${bindingsPath}/two`, binding('two', { serviceRef: { name: 'x', port: [1] } })),
  byApply('sluice', `${bindingsPath}/two`, binding('two', { serviceRef: { name: 7, port: 1 } })),
  byApply('sluice', `${bindingsPath}/two`, binding('two', { multiClusterTargetGroup: 'x' })),
  byApply('sluice', `${bindingsPath}/two`, binding('three')),
  ['PATCH', `${bindingsPath}/two`, { body: binding('two'), type: apply }],
  byApply('sluice', `${bindingsPath}/two`, binding('two', {}, { managedFields: [{ manager: 'x' }] })),
  byApply('sluice', `${bindingsPath}/two`, binding('two'), '&dryRun=All'),
  ['GET', `${bindingsPath}/two`],
  byApply('sluice', `${bindingsPath}/two`, binding('two'), '&dryRun=x'),
  ['PATCH', `${one}?fieldManager=m`, { body: { spec: { targetType: null, vpcID: 'vpc-1' } }, type: merge }],
  ['PATCH', `${one}?fieldManager=m`, { body: { spec: { unknown: 1 } }, type: merge }],
  ['PATCH', `${one}?fieldManager=m`, { body: [{ op: 'replace', path: '/spec/vpcID', value: 'vpc-2' }], type: json }],
  ['PATCH', `${one}?fieldManager=m`, { body: {}, type: strategic }],
  ['PATCH', `${one}?fieldManager=m`, { body: {} }],
  [
    'PATCH',
    `${one}/status?fieldManager=lbc`,
    { body: { status: { observedGeneration: 3 }, spec: { vpcID: 'no' } }, type: merge },
  ],
  ['GET', one],
  ['PUT', one, { body: binding('one') }],
  ['PUT', one, { body: binding('one', {}, { resourceVersion: '1' }) }],
  ['PUT', one, { body: binding('two', {}, { resourceVersion: '1' }) }],
  ['PUT', `${bindingsPath}/nope`, { body: binding('nope', {}, { resourceVersion: '1' }) }],
  [
    'PATCH',
    `${one}?fieldManager=m`,
    { body: { metadata: { resourceVersion: '1' }, spec: { vpcID: 'vpc-3' } }, type: merge },
  ],
  ['PATCH', `${one}?fieldManager=m`, { body: { metadata: { finalizers: ['elbv2.k8s.aws/resources'] } }, type: merge }],
  ['DELETE', one],
  ['PATCH', `${one}?fieldManager=m`, { body: { metadata: { finalizers: null } }, type: merge }],
  ['GET', one],
  ['POST', bindingsPath, { body: { ...binding('x'), kind: 'Foo' } }],
  ['POST', bindingsPath, { body: { ...binding('x'), apiVersion: 'v1' } }],
  ['POST', bindingsPath, { body: binding('x', {}, { namespace: 'default' }) }],
  ['POST', bindingsPath, { body: binding('x', {}, { labels: { 'a b': 'c' } }) }],
  ['POST', bindingsPath, { body: binding('x', {}, { labels: { a: 'c c' } }) }],
  ['POST', bindingsPath, { body: binding('UPPER') }],
  ['POST', bindingsPath, { body: binding('') }],
  ['POST', `${bindingsPath}?fieldManager=m`, { body: binding('ok') }],
  ['POST', bindingsPath, { body: binding('ok') }],
  ['DELETE', `${bindingsPath}/ok`],
  ['GET', `${bindingsPath}?fieldSelector=spec.x%3Dy`],
  ['POST', `${servicePath}?fieldManager=m`, { body: service('s') }],
  [
    'PATCH',
    `${servicePath}/s?fieldManager=m`,
    { body: { spec: { ports: [{ port: 81, name: 'x' }] } }, type: strategic },
  ],
  [
    'PATCH',
    `${servicePath}/s?fieldManager=m`,
    {
      body: {
        spec: {
          ports: [
            { port: 80, name: 'y' },
            { port: 81, name: 'x' },
          ],
        },
      },
      type: strategic,
    },
  ],
  [
    'PATCH',
    `${servicePath}/s?fieldManager=m`,
    { body: { spec: { ports: [{ port: 81, $patch: 'delete' }] } }, type: strategic },
  ],
  byApply(
    'a',
    `${servicePath}/s`,
    service('s', {
      ports: [
        { port: 80, targetPort: 8080, name: 'y' },
        { port: 82, name: 'z' },
      ],
    }),
  ),
  byApply(
    'a',
    `${servicePath}/s`,
    service(
      's',
      {
        ports: [
          { port: 80, targetPort: 8080, name: 'y' },
          { port: 82, name: 'z' },
        ],
      },
      { labels: { q: 'r' } },
    ),
    '&force=true',
  ),
  byApply('a', `${servicePath}/s`, service('s', { ports: [{ port: 80, targetPort: 8080, name: 'y' }] })),
  byApply('a', `${servicePath}/s`, service('s', { ports: [{ port: 80 }, { port: 80 }] })),
  byApply('a', `${servicePath}/s`, service('s', { portz: [] })),
  ['PATCH', `${servicePath}/s?fieldManager=m`, { body: { spec: { type: 'NodePort' } }, type: merge }],
  ['PATCH', `${servicePath}/s?fieldManager=m`, { body: { spec: { type: 'Foo' } }, type: merge }],
  ['PATCH', `${servicePath}/s?fieldManager=m`, { body: { spec: { ports: [{ port: 70_000 }] } }, type: merge }],
  ['POST', servicePath, { body: service('e', { ports: [] }) }],
  ['POST', servicePath, { body: service('e', { ports: [{ port: 1 }, { port: 2 }] }) }],
  ['POST', `${servicePath}?fieldValidation=Strict`, { body: service('e', { unknown: 1 }) }],
  ['POST', `${slicesPath}?fieldManager=m`, { body: slice('sl') }],
  ['POST', slicesPath, { body: slice('l', { endpoints: [{ addresses: ['127.0.0.1'] }] }) }],
  ['POST', slicesPath, { body: slice('l', { endpoints: [{ addresses: ['x'] }] }) }],
  ['POST', slicesPath, { body: slice('empty', { endpoints: [] }) }],
  ['POST', slicesPath, { body: slice('l', { addressType: 'x' }) }],
  [
    'PATCH',
    `${slicesPath}/sl?fieldManager=m`,
    {
      body: {
        endpoints: [{ addresses: ['10.0.0.2'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'x' } }],
      },
      type: merge,
    },
  ],
  ['GET', '/api/v1/nope'],
  ['GET', '/apis/nope.io/v1'],
  ['GET', '/nope'],
  ['GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/nope'],
  bySluice('GET', '/api/v1/nodes'),
  bySluice('GET', '/api/v1/namespaces/red-ns/secrets/x'),
  bySluice('PATCH', `${servicePath}/s`, { body: {}, type: merge }),
  bySluice('PATCH', `${one}/status`, { body: {}, type: merge }),
  bySluice('GET', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'),
  bySluice('GET', '/nope'),
  bySluice('POST', bindingsPath, { body: binding('by-sluice') }),
  bySluice('GET', `${bindingsPath}/by-sluice`),
  bySluice('DELETE', `${bindingsPath}/by-sluice`),
  ['GET', '/api/v1/nodes', { as: { token: 'wrong' } }],
  ['GET', '/api/v1/nodes', { as: 'nobody' }],
  ['GET', '/readyz', { as: 'nobody' }],
  ['POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} }],
  bySluice('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: {} }),
];

const byChance = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'time',
  'clusterIP',
  'clusterIPs',
  'deletionTimestamp',
  'nodePort',
]);

/** What can be compared: without what is given out by chance, and with owners in an order that no clock decides. */
function comparable(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => comparable(item));
    return key === 'managedFields' ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (isRecord(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([field]) => !byChance.has(field))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([field, child]) => [field, comparable(child, field)]),
    );
  return typeof value === 'string' ? value.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'UID') : value;
}

withReal("the sandbox's cluster beside a real kube-apiserver", () => {
  let dir = '';
  let sandbox: RunningCluster | undefined;
  let real: RunningCluster | undefined;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sluice-parity-'));
    const options = { name: 'parity', bindings: ['openSource' as const], faults: new Faults() };
    sandbox = await startSandboxCluster({ ...options, dir: join(dir, 'sandbox') });
    real = await startRealCluster(assets ?? '', { ...options, dir: join(dir, 'real') });
  }, 180_000);
  afterAll(async () => {
    await Promise.all([sandbox?.stop(), real?.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  it.each(questions.map(([method, path, options], index) => [index, method, path, options] as const))(
    '%i: answers %s %s alike',
    async (_index, method, path, options) => {
      if (sandbox === undefined || real === undefined) throw new Error('the clusters are not up');
      const [ours, theirs] = await Promise.all([ask(sandbox, method, path, options), ask(real, method, path, options)]);
      expect({ code: ours.code, body: comparable(ours.body) }).toEqual({
        code: theirs.code,
        body: comparable(theirs.body),
      });
    },
  );

  it('shows the same rows to kubectl get', async () => {
    if (sandbox === undefined || real === undefined) throw new Error('the clusters are not up');
    const rows = async (cluster: RunningCluster, path: string) =>
      (await ask(cluster, 'GET', path, { accept: table })).body as {
        columnDefinitions: { name: string; priority: number }[];
        rows: { cells: unknown[] }[];
      };
    for (const path of [bindingsPath, slicesPath, servicePath]) {
      const [ours, theirs] = [await rows(sandbox, path), await rows(real, path)];
      expect(ours.columnDefinitions.map(({ name, priority }) => [name, priority])).toEqual(
        theirs.columnDefinitions.map(({ name, priority }) => [name, priority]),
      );
      expect(ours.rows.length).toBe(theirs.rows.length);
    }
  });
});
