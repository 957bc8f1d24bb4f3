import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { largestKubeconfigBytes as accepted } from '@sluice/contracts';
import { largestKubeconfigBytes } from '@sluice/control';
import fc from 'fast-check';
import pg from 'pg';
import { request, type Reply } from './testing/http.js';
import { describedOperations, fill, someId, validBody, type DescribedOperation } from './testing/operations.js';
import { startTestService, type TestService } from './testing/test-service.js';
import { blueGreen, type World } from './testing/world.js';

let service: TestService;
let world: World;
let before: string;
beforeAll(async () => {
  service = await startTestService();
  world = await blueGreen(service);
  before = await everythingStored();
});
afterAll(async () => {
  await service.close();
});

const operations = describedOperations();
const withId = operations.filter((operation) => operation.path.includes('{id}'));
const withBody = operations.filter((operation) => operation.takesBody);
const needsBody = withBody.filter(
  (operation) =>
    operation.bodySchema !== 'NoBody' &&
    operation.bodySchema !== 'RolloutVerbBody' &&
    operation.bodySchema !== 'CleanUp' &&
    !operation.bodySchema?.startsWith('Update'),
);
const named = (list: readonly DescribedOperation[]) => list.map((operation) => [operation.id, operation] as const);

describe('bad input is answered with a problem that names the field, and changes nothing', () => {
  it.each(named(withId))('%s: an id that is none', async (_, operation) => {
    for (const id of [
      'x',
      'rol_',
      `rol_${'a'.repeat(150)}`,
      'rol_0123456789ABCDEFGHIJ',
      '%00',
      'rol_%00123456789abcdefghi',
      '..%2f..%2fetc',
      '%F0%9F%92%A9',
      "'%20OR%201=1--",
    ]) {
      const reply = await request(service.url, operation.method, fill(operation.path, id), {
        token: service.adminToken,
        body: validBody(operation),
      });
      expectProblem(reply, [400], operation.method, id);
      expect(fieldsOf(reply)).toContainEqual(expect.stringMatching(/^path/));
    }
  });

  it.each(named(operations))('%s: a query parameter that nobody knows, twice over', async (_, operation) => {
    const reply = await request(service.url, operation.method, `${fill(operation.path)}?zzz=1&zzz=2`, {
      token: service.adminToken,
      body: validBody(operation),
    });
    expectProblem(reply, [400]);
    expect(fieldsOf(reply)).toContain('query.zzz');
  });

  it.each(named(withBody))('%s: bodies of the wrong kind, and a field that nobody knows', async (_, operation) => {
    for (const body of [[], 'text', 5, true, { zzz: 1 }, null]) {
      const reply = await request(service.url, operation.method, fill(operation.path), {
        token: service.adminToken,
        body,
      });
      expectProblem(reply, [400], JSON.stringify(body));
      expect(fieldsOf(reply).length).toBeGreaterThan(0);
    }
    const reply = await request(service.url, operation.method, fill(operation.path), {
      token: service.adminToken,
      body: { zzz: 1 },
    });
    expect(fieldsOf(reply)).toContain('zzz');
  });

  it.each(named(needsBody))('%s: no body at all', async (_, operation) => {
    expectProblem(
      await request(service.url, operation.method, fill(operation.path), { token: service.adminToken }),
      [400],
    );
  });

  it.each(named(withBody))(
    '%s: a body that is no JSON, of another type, with a poisoned prototype, or too large',
    async (_, operation) => {
      const send = (raw: string, type = 'application/json') =>
        request(service.url, operation.method, fill(operation.path), {
          token: service.adminToken,
          raw,
          headers: { 'content-type': type },
        });
      for (const raw of [
        '{',
        '{"a":1,}',
        'undefined',
        '\u0000',
        '{"a":"\ud800"',
        '{"__proto__":{"a":1}}',
        '{"constructor":{"prototype":{"a":1}}}',
      ])
        expectProblem(await send(raw), [400], raw);
      expectProblem(await send('a=1', 'application/x-www-form-urlencoded'), [415]);
      expectProblem(await send('<a/>', 'text/xml'), [415]);
      expectProblem(await send(`{"reason":"${'a'.repeat(600_000)}"}`), [413]);
    },
  );

  it.each(named(operations.filter((operation) => operation.method !== 'GET')))(
    '%s: headers that cannot be',
    async (_, operation) => {
      for (const [name, value, status] of [
        ['idempotency-key', 'a b', [400]],
        ['idempotency-key', 'x'.repeat(300), [400]],
        ['if-match', '"not a version"', [400]],
      ] as const) {
        const reply = await request(service.url, operation.method, fill(operation.path), {
          token: service.adminToken,
          headers: { [name]: value },
          body: validBody(operation),
        });
        expectProblem(reply, status, `${name}: ${value}`);
      }
    },
  );

  it.each(
    named(operations.filter((operation) => operation.id.startsWith('list') && operation.id !== 'listPlanVersions')),
  )('%s: pages that cannot be', async (_, operation) => {
    for (const [query, field] of [
      ['limit=0', 'query.limit'],
      ['limit=201', 'query.limit'],
      ['limit=1.5', 'query.limit'],
      ['limit=x', 'query.limit'],
      ['limit=1&limit=2', 'query.limit'],
      ['cursor=%00', 'query.cursor'],
      ['cursor=!!', 'query.cursor'],
    ]) {
      const reply = await request(service.url, 'GET', `${fill(operation.path)}?${String(query)}`, {
        token: service.adminToken,
      });
      expectProblem(reply, [400], String(query));
      expect(fieldsOf(reply)).toContain(field);
    }
    for (const cursor of ['abc', 'eyJhIjoxfQ', 'x'.repeat(500), '0', '-1', '99999999999999999999999']) {
      const projectId = operation.id === 'listProjects' ? '' : `&projectId=${world.project.id}`;
      expectProblem(
        await request(service.url, 'GET', `${fill(operation.path)}?cursor=${cursor}${projectId}`, {
          token: service.adminToken,
        }),
        [400],
        cursor,
      );
    }
  });

  it('after all of this everything is as it was', async () => {
    expect(await everythingStored()).toBe(before);
    expect(service.logs.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});

describe('any input', () => {
  it('whatever is sent, no answer is a 5xx', async () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\u0000', '', ' ', someId, '../..', '9'.repeat(400), '1e999', '-0', 'null'),
    );
    const anyBody = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc
        .record(
          {
            name: fc.jsonValue(),
            projectId: fc.constant(world.project.id),
            spec: fc.jsonValue(),
            reason: fc.jsonValue(),
            accountId: fc.constant(world.account.id),
          },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value)),
    );
    const nearlyValid = (body: object | undefined, key: number, value: unknown) => {
      const keys = Object.keys(body ?? {});
      return keys.length === 0 ? {} : { ...body, projectId: world.project.id, [keys[key % keys.length] ?? '']: value };
    };
    const attempt = fc.record({
      near: fc.option(fc.tuple(fc.nat(), fc.oneof(fc.jsonValue(), anyText))),
      operation: fc.constantFrom(...operations.filter((operation) => operation.id !== 'streamEvents')),
      id: fc.oneof(anyText, fc.constant(someId)),
      query: fc.option(
        fc.tuple(fc.constantFrom('limit', 'cursor', 'projectId', 'dryRun', 'state', 'labels', 'routeId', 'x'), anyText),
      ),
      body: anyBody,
    });
    await fc.assert(
      fc.asyncProperty(attempt, async ({ operation, id, query, body, near }) => {
        const where = `${fill(operation.path, safeSegment(id))}${query === null ? '' : `?${query[0]}=${safeSegment(query[1])}`}`;
        const reply = await request(service.url, operation.method, where, {
          token: service.adminToken,
          ...(operation.takesBody
            ? { raw: near === null ? body : JSON.stringify(nearlyValid(validBody(operation), ...near)) }
            : {}),
        });
        expect({ reply: reply.text, is5xx: reply.status >= 500 }).toEqual({ reply: reply.text, is5xx: false });
        if (reply.status >= 400) expect(reply.headers.get('content-type')).toContain('application/problem+json');
      }),
      { numRuns: 400 },
    );
  }, 120_000);
});

describe('values that are well formed and wrong', () => {
  const id = 'acc_0123456789abcdefghij';
  it.each([
    ['/v1/projects', { name: 'a\u0000b' }, 'name'],
    ['/v1/projects', { name: ' ' }, 'name'],
    ['/v1/projects', { name: 'x'.repeat(64) }, 'name'],
    ['/v1/projects', { name: 'sluice\ud800' }, 'name'],
    ['/v1/accounts', { projectId: someId, name: 'a', awsAccountId: '12', region: 'eu-central-1' }, 'awsAccountId'],
    ['/v1/accounts', { projectId: someId, name: 'a', awsAccountId: '111122223333', region: 'mars' }, 'region'],
    [
      '/v1/accounts',
      {
        projectId: someId,
        name: 'a',
        awsAccountId: '111122223333',
        region: 'eu-central-1',
        endpoint: 'file:///etc/passwd',
      },
      'endpoint',
    ],
    [
      '/v1/accounts',
      {
        projectId: someId,
        name: 'a',
        awsAccountId: '111122223333',
        region: 'eu-central-1',
        apiBudget: { modifyPerSecond: 0, modifyBurst: 1 },
      },
      'apiBudget.modifyPerSecond',
    ],
    [
      '/v1/clusters',
      {
        projectId: someId,
        accountId: id,
        name: 'a',
        server: 'http://10.0.0.1',
        caPem: 'x',
        credentials: { token: 't' },
      },
      'server',
    ],
    [
      '/v1/clusters',
      {
        projectId: someId,
        accountId: id,
        name: 'a',
        server: 'https://10.0.0.1',
        caPem: 'x',
        credentials: { token: 't' },
      },
      'caPem',
    ],
    [
      '/v1/clusters',
      { projectId: someId, accountId: id, name: 'a', server: 'https://10.0.0.1', caData: 'eA==', credentials: {} },
      'credentials.token',
    ],
    [
      '/v1/backends',
      {
        routeId: someId,
        clusterId: someId,
        namespace: 'UPPER',
        service: 's',
        port: 80,
        targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b',
      },
      'namespace',
    ],
    [
      '/v1/backends',
      {
        routeId: someId,
        clusterId: someId,
        namespace: 'n',
        service: 's',
        port: 70_000,
        targetGroupArn: 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b',
      },
      'port',
    ],
    [
      '/v1/backends',
      { routeId: someId, clusterId: someId, namespace: 'n', service: 's', port: 80, targetGroupArn: 'not-an-arn' },
      'targetGroupArn',
    ],
    [
      '/v1/plans',
      {
        projectId: someId,
        name: 'p',
        spec: { routes: { kind: 'ids', ids: [] }, steps: { kind: 'linear', to: { red: 100 }, count: 1, holdMs: 0 } },
      },
      'spec.routes.ids',
    ],
    [
      '/v1/plans',
      {
        projectId: someId,
        name: 'p',
        spec: {
          routes: { kind: 'ids', ids: [someId] },
          steps: { kind: 'explicit', steps: [{ shares: { red: 99 }, holdMs: 0 }] },
        },
      },
      'spec.steps.steps.0.shares',
    ],
    [
      '/v1/plans',
      {
        projectId: someId,
        name: 'p',
        spec: {
          routes: { kind: 'ids', ids: [someId] },
          steps: { kind: 'explicit', steps: [{ shares: { red: 100 }, holdMs: -1 }] },
        },
      },
      'spec.steps.steps.0.holdMs',
    ],
    [
      '/v1/plans',
      {
        projectId: someId,
        name: 'p',
        spec: {
          routes: { kind: 'ids', ids: [someId] },
          steps: { kind: 'linear', to: { red: 33.33, black: 66.67 }, count: 1, holdMs: 0 },
        },
      },
      'spec.steps.to.red',
    ],
    ['/v1/rollouts', { planId: someId, projectId: someId, startAt: 'tomorrow' }, 'startAt'],
    ['/v1/rollouts', { planId: someId, projectId: someId, planVersion: 0 }, 'planVersion'],
    ['/v1/tokens', { name: 't', role: 'root' }, 'role'],
  ])('POST %s %j names %s', async (where, body, field) => {
    const reply = await request(service.url, 'POST', where, { token: service.adminToken, body });
    expectProblem(reply, [400]);
    expect(fieldsOf(reply)).toContain(field);
  });

  it.each([65, 5_000, 100_000])('a body of %s levels, with an Idempotency-Key or without', async (levels) => {
    for (const headers of [undefined, { 'idempotency-key': `deep-${levels}` }]) {
      const reply = await request(service.url, 'POST', '/v1/plans', {
        token: service.adminToken,
        raw: `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`,
        ...(headers && { headers }),
      });
      expectProblem(reply, [400], levels);
      expect(reply.body['detail']).toContain('deeper than 64 levels');
    }
  });

  it('a kubeconfig that is nested deeper, or longer, than any is', async () => {
    expect(accepted).toBe(largestKubeconfigBytes);
    for (const [kubeconfig, said] of [
      ['['.repeat(3_000), 'deeper than 32 levels'],
      ['#'.repeat(largestKubeconfigBytes + 1), '65536'],
    ] as const) {
      const reply = await request(service.url, 'POST', '/v1/clusters', {
        token: service.adminToken,
        body: { projectId: world.project.id, accountId: world.account.id, name: 'k', kubeconfig },
      });
      expectProblem(reply, [400]);
      expect(fieldsOf(reply)).toEqual(['kubeconfig']);
      expect(reply.text).toContain(said);
    }
  });

  it('weights that no load balancer takes are refused before AWS is asked', async () => {
    const [red, black] = [world.red.targetGroupArn, world.black.targetGroupArn];
    for (const body of [
      { weights: [{ targetGroupArn: red, weight: 1000 }], reason: 'r' },
      {
        weights: [
          { targetGroupArn: red, weight: 0 },
          { targetGroupArn: black, weight: 0 },
        ],
        reason: 'r',
      },
      {
        weights: [
          { targetGroupArn: red, weight: 1 },
          { targetGroupArn: red, weight: 1 },
        ],
        reason: 'r',
      },
      { weights: [{ targetGroupArn: red, weight: 0.5 }], reason: 'r' },
      { weights: [], reason: 'r' },
      { shares: { red: 50, black: 50 }, weights: [{ targetGroupArn: red, weight: 1 }], reason: 'r' },
      { shares: { red: 60, black: 50 }, reason: 'r' },
      { shares: { red: 50, nobody: 50 }, reason: 'r' },
    ]) {
      expectProblem(
        await request(service.url, 'PUT', `/v1/routes/${world.route.id}/weights`, { token: service.adminToken, body }),
        [400],
        JSON.stringify(body),
      );
    }
    expect(service.aws.writes).toEqual([]);
  });
});

describe('what is not there', () => {
  it('an unknown path, a wrong method and a verb that is none are problems too', async () => {
    expectProblem(await request(service.url, 'GET', '/v1/nothing', { token: service.adminToken }), [404]);
    expectProblem(await request(service.url, 'GET', '/nothing'), [404]);
    expectProblem(
      await request(service.url, 'POST', `/v1/rollouts/${someId}:explode`, { token: service.adminToken }),
      [404],
    );
    const reply = await request(service.url, 'PUT', '/v1/projects', { token: service.adminToken, body: {} });
    expectProblem(reply, [405]);
    expect(reply.headers.get('allow')).toBe('GET, HEAD, POST');
    expectProblem(await request(service.url, 'GET', '/v1/rollouts/%zz', { token: service.adminToken }), [400]);
  });

  it.each(named(withId))('%s: an id that nothing has is 404', async (_, operation) => {
    const reply = await request(service.url, operation.method, fill(operation.path, 'zzz_0123456789abcdefghij'), {
      token: service.adminToken,
      body: validBody(operation),
    });
    expectProblem(reply, [404]);
  });
});

function expectProblem(reply: Reply, statuses: readonly number[], ...said: unknown[]): void {
  expect({
    said,
    status: statuses.includes(reply.status) ? statuses : reply.status,
    text: statuses.includes(reply.status) ? '' : reply.text,
  }).toEqual({ said, status: statuses, text: '' });
  expect(reply.headers.get('content-type')).toContain('application/problem+json');
  expect(reply.body).toMatchObject({
    type: expect.stringMatching(/^https:\/\/sluice\.dev\/problems\//),
    title: expect.any(String),
    status: reply.status,
    detail: expect.any(String),
    requestId: expect.any(String),
  });
}

function fieldsOf(reply: Reply): string[] {
  return ((reply.body['errors'] ?? []) as { field: string }[]).map((error) => error.field);
}

/** A path segment of any text, without those that a URL parser would take for a step up. */
function safeSegment(text: string): string {
  const encoded = encodeURIComponent(text.replace(/[\ud800-\udfff]/g, 'x')).slice(0, 600);
  return encoded === '' || /^\.{1,2}$/.test(encoded) ? 'x' : encoded;
}

/** Counts and versions of everything people can change. */
async function everythingStored(): Promise<string> {
  const client = new pg.Client({ connectionString: service.databaseUrl });
  await client.connect();
  try {
    const tables = [
      'projects',
      'accounts',
      'clusters',
      'routes',
      'backends',
      'bindings',
      'plans',
      'plan_versions',
      'rollouts',
      'decisions',
      'intents',
      'tokens',
      'provisioned_resources',
      'idempotency_keys',
    ];
    const rows = [];
    for (const table of tables)
      rows.push([table, (await client.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0]]);
    return JSON.stringify(rows);
  } finally {
    await client.end();
  }
}
