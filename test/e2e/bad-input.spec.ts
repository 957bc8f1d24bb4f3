import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { hostileValues, mutationsOf } from './hostile.js';
import { installation, type Installation } from './installation.js';
import { plainRequest, type Answer } from './plain-request.js';
import { Stack, type Replica } from './stack.js';

interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: 'path' | 'query' | 'header' }[];
  /** Name of the body's schema; null when it takes none. */
  readonly body: string | null;
}

/** The periodic looks at clusters and weights tell people what they found, whatever is asked meanwhile. */
const BY_ITSELF = ['events', 'event_outbox'];
const canary = (what: string) => `canary-${what}-${'0123456789'.repeat(2)}`;
const SECRET_KEY = canary('secret-access-key');

describe('bad input to a running installation', () => {
  let stack: Stack;
  let replica: Replica;
  let database: pg.Client;
  let made: Installation;
  let operations: readonly Operation[];
  let tables: readonly string[];
  let victim: string;
  /** Secrets that somebody has given to the API or got from it; none of them may be seen again. */
  const secrets = new Set<string>([SECRET_KEY]);
  const leaks: string[] = [];
  let again = 0;

  beforeAll(async () => {
    stack = await Stack.start({ assets: null });
    replica = await stack.replica({ SLUICE_LOG_LEVEL: 'debug' });
    const rest = stack.rest(replica);
    const upgrade = await stack.upgrade(replica);
    made = await installation(stack, rest, upgrade);
    const { aws, sluiceClusters } = stack.sandbox;
    // one that nothing uses: whatever is accepted for it leads nowhere
    const account = {
      projectId: upgrade.project.id,
      name: 'victim',
      awsAccountId: '111122223333',
      region: 'us-east-1',
      endpoint: aws.endpoint,
    };
    victim = (
      await rest.post('/accounts', {
        ...account,
        credentials: { accessKeyId: aws.accessKeyId, secretAccessKey: SECRET_KEY },
      })
    ).id;
    expect((await rest.post(`/accounts/${victim}:check`)).ok).toBe(true);
    for (const file of Object.values(sluiceClusters as Record<string, string>))
      secrets.add(tokenIn(readFileSync(file, 'utf8')));
    secrets.add(stack.authorization.slice('Bearer '.length));
    database = new pg.Client({ connectionString: stack.databaseUrl });
    await database.connect();
    const { rows } = await database.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
    );
    tables = rows.map(({ name }) => name);
    operations = await describedBy(replica);
  }, 240_000);
  afterAll(async () => {
    await database?.end();
    await stack?.stop();
  }, 60_000);

  /** Sends one request; adds to `wrong` what no answer to it may be. Gives the answer. */
  async function send(
    wrong: string[],
    what: string,
    method: string,
    where: string,
    sent: Parameters<typeof plainRequest>[4] = {},
  ): Promise<Answer> {
    const before = await stored();
    const answer = await plainRequest(replica, stack.authorization, method, where, sent);
    const said = `${what}: ${String(answer.status)} ${answer.text.slice(0, 300)}`;
    if (answer.status >= 500) wrong.push(said);
    if (answer.status >= 400) {
      if (!answer.type.startsWith('application/problem+json')) wrong.push(`no problem+json (${answer.type}), ${said}`);
      if (answer.status === 400 && fieldsOf(answer).length === 0 && !answer.text.includes('/malformed-body'))
        wrong.push(`no field named, ${said}`);
      const after = await stored();
      if (after !== before) wrong.push(`something changed from ${before} to ${after}, ${said}`);
    }
    if (method === 'POST' && where === '/v1/tokens' && answer.status === 201)
      secrets.add((JSON.parse(answer.text) as { secret: string }).secret);
    else for (const secret of secrets) if (answer.text.includes(secret)) leaks.push(said);
    return answer;
  }

  /** A rule or listener is decided before AWS is asked; what AWS then refuses stays in the ledger as failed. */
  const lasting: Readonly<Record<string, string>> = { decisions: " WHERE state <> 'failed'" };

  /** How many rows each table has, and how many writes AWS has taken. */
  async function stored(): Promise<string> {
    const counts = tables
      .filter((table) => !BY_ITSELF.includes(table))
      .map((table) => `(SELECT count(*) FROM "${table}"${lasting[table] ?? ''}) AS "${table}"`);
    const { rows } = await database.query(`SELECT ${counts.join(', ')}`);
    return JSON.stringify({ ...rows[0], aws: stack.awsRequests().filter(({ outcome }) => outcome === 'OK').length });
  }

  const urlOf = ({ path: where, id }: Operation) => {
    const kind = where.split('/')[2]!;
    const own = id === 'updateAccount' ? victim : (made.ids[kind] ?? '');
    return where.replace('{id}', own).replace('{version}', made.ids['version']!);
  };

  it('covers every body that the API describes', () => {
    const described = operations.filter(({ body }) => body !== null && body !== 'NoBody').map(({ id }) => id);
    expect(described.filter((id) => made.bodyFor(id, 'x') === undefined)).toEqual([]);
    expect(described.length).toBeGreaterThan(20);
  });

  it('in any field of any body is refused with the field named, or taken; it is never our failure', async () => {
    const wrong: string[] = [];
    let refused = 0;
    for (const operation of inOrder(operations)) {
      const isUpdate = operation.id.startsWith('update');
      for (const { path: field, what } of mutationsOf(made.bodyFor(operation.id, 'x') ?? {})) {
        again += 1;
        const body = mutationsOf(made.bodyFor(operation.id, `again-${String(again)}`) ?? {}).find(
          (one) => one.path === field && one.what === what,
        )!.body;
        const answer = await send(
          wrong,
          `${operation.id} with ${field} = ${what}`,
          operation.method,
          urlOf(operation),
          { body },
        );
        if (answer.status === 400) {
          refused += 1;
          if (!isSaid(answer, field))
            wrong.push(
              `${operation.id} with ${field} = ${what} names ${fieldsOf(answer).join(', ')}: ${answer.text.slice(0, 300)}`,
            );
        }
        if (answer.status < 300 && operation.id === 'createRollout')
          await quiet((JSON.parse(answer.text) as { id: string }).id);
        if (answer.status < 300 && !isUpdate) await settled();
      }
    }
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(500);
  }, 400_000);

  it('in paths, queries and headers is refused, and nothing else', async () => {
    const wrong: string[] = [];
    const texts = [...hostileValues.filter((value) => typeof value === 'string'), 'null', '-1', '1e308', '[]', '{}'];
    for (const operation of operations) {
      const good = urlOf(operation);
      const body =
        operation.body === null
          ? {}
          : { body: operation.body === 'NoBody' ? undefined : made.bodyFor(operation.id, 'unused') };
      for (const parameter of operation.parameters) {
        for (const text of texts) {
          const what = `${operation.id} with ${parameter.in} ${parameter.name} = ${text.slice(0, 60)}`;
          const encoded = encodeURIComponent(text);
          // nothing that a mutation could be carried out with: a page size or a label may be fine
          if (parameter.in === 'path')
            await send(
              wrong,
              what,
              operation.method,
              operation.path
                .replace(`{${parameter.name}}`, encoded || '%20')
                .replace('{id}', good.split('/')[3]!)
                .replace('{version}', '1'),
              body,
            );
          else if (parameter.in === 'query')
            await send(
              wrong,
              what,
              operation.method,
              `${good}?${parameter.name}=${encoded}${operation.method === 'GET' ? '' : '&zzz=1'}`,
              body,
            );
          else if (/^[\x20-\x7e]*$/.test(text))
            await send(wrong, what, operation.method, `${good}${operation.method === 'GET' ? '' : '?zzz=1'}`, {
              ...body,
              headers: { [parameter.name]: text },
            });
        }
      }
    }
    expect(wrong).toEqual([]);
  }, 400_000);

  it('with secrets in it does not bring them back', async () => {
    const wrong: string[] = [];
    const token = canary('cluster-token');
    const key = canary('private-key');
    const bearer = canary('bearer');
    for (const secret of [token, key, bearer]) secrets.add(secret);
    const cluster = made.bodyFor('createCluster', 'leaky') as { kubeconfig: string };
    const withToken = cluster.kubeconfig.replace(/token: .*/, `token: ${token}`);
    for (const kubeconfig of [
      withToken,
      `${withToken}\n\t broken: [`,
      withToken.replace('users:', 'nobody:'),
      `${withToken}\nclient-key-data: ${key}\n- ${key}`,
      key,
    ])
      await send(wrong, 'a kubeconfig', 'POST', '/v1/clusters', {
        body: { ...cluster, name: `leaky ${String((again += 1))}`, kubeconfig },
      });
    const direct = { accountId: made.ids['accounts'], name: 'leaky', server: 'https://127.0.0.1:1', caPem: key };
    for (const credentials of [
      { token, zzz: 1 },
      { token: `${token}\n` },
      { clientCertPem: key, clientKeyPem: key },
      token,
      [token],
    ])
      await send(wrong, 'credentials', 'POST', '/v1/clusters', { body: { ...direct, credentials } });
    for (const credentials of [
      { accessKeyId: 'short', secretAccessKey: SECRET_KEY },
      { secretAccessKey: SECRET_KEY },
      SECRET_KEY,
      { accessKeyId: SECRET_KEY, secretAccessKey: `${SECRET_KEY}\n` },
    ])
      await send(wrong, 'an access key', 'PATCH', `/v1/accounts/${victim}`, { body: { credentials } });
    await send(wrong, 'broken JSON', 'PATCH', `/v1/accounts/${victim}`, {
      raw: `{"credentials":{"secretAccessKey":"${SECRET_KEY}"`,
    });
    const stranger = await plainRequest(replica, `Bearer ${bearer}`, 'GET', '/v1/whoami');
    expect(stranger.status).toBe(401);
    expect(wrong).toEqual([]);
  }, 60_000);

  it('and good input leave no secret anywhere: not in replies, events, ledger, metrics, logs, nor readable in the database', async () => {
    const wrong: string[] = [];
    const project = `projectId=${made.ids['projects']!}`;
    for (const { path: where } of operations.filter(
      ({ method, parameters, path: at }) =>
        method === 'GET' && !at.includes('{') && parameters.some(({ name }) => name === 'projectId'),
    ))
      await send(wrong, where, 'GET', `${where}?${project}`, { headers: { 'last-event-id': '0' } });
    for (const operation of operations.filter(({ method, path: at }) => method === 'GET' && at.includes('{')))
      await send(wrong, operation.id, 'GET', urlOf(operation));
    for (const where of ['/metrics', '/openapi.json', '/docs', '/livez', '/readyz'])
      await send(wrong, where, 'GET', where);
    expect(leaks).toEqual([]);

    const places: [string, string][] = readdirSync(stack.dir)
      .filter((name) => /^api-.*\.log$/.test(name))
      .map((name) => [name, readFileSync(path.join(stack.dir, name), 'utf8')]);
    expect(places.length).toBeGreaterThan(0);
    for (const table of tables) {
      const { rows } = await database.query<{ row: string }>(`SELECT t::text AS row FROM "${table}" t`);
      places.push([`table ${table}`, rows.map(({ row }) => row).join('\n')]);
    }
    const found = places.flatMap(([place, text]) =>
      [...secrets]
        .filter((secret) => text.includes(secret) || text.includes(Buffer.from(secret).toString('base64').slice(0, -4)))
        .map((secret) => `${place} has ${secret.slice(0, 20)}…`),
    );
    expect(found).toEqual([]);
  }, 60_000);

  /** A rollout that was taken would stand in the way of the next. */
  async function quiet(id: string): Promise<void> {
    for (const verb of ['cancel', 'abort']) {
      const answer = await plainRequest(replica, stack.authorization, 'POST', `/v1/rollouts/${id}:${verb}`, {
        body: {},
      });
      if (answer.status === 200) return;
    }
  }

  /** What was taken may have consequences, which are not those of the next request. */
  async function settled(): Promise<void> {
    for (let before = ''; before !== (before = await stored());)
      await new Promise((resolve) => setTimeout(resolve, 100));
  }
});

/** Every operation, from what makes things to what changes them and what ends them. */
const inOrder = (operations: readonly Operation[]) => {
  const rank = ({ id, method }: Operation) => (id.startsWith('create') ? 0 : ['PUT', 'PATCH'].includes(method) ? 1 : 2);
  return operations
    .filter(({ body }) => body !== null && body !== 'NoBody')
    .sort((one, other) => rank(one) - rank(other));
};

/**
 * `spec.steps` and `spec.steps.steps.0.holdMs` are about each other: a wrong part makes a wrong whole. Of two fields that
 * don't agree one is named and the other told.
 */
function isSaid(answer: Answer, field: string): boolean {
  const isAbout = (named: string) =>
    named === field || named === 'body' || field.startsWith(`${named}.`) || named.startsWith(`${field}.`);
  return fieldsOf(answer).some(isAbout) || answer.text.includes(`than ${field}`);
}

function fieldsOf({ text }: Answer): string[] {
  const { errors = [] } = JSON.parse(text) as { errors?: { field: string }[] };
  return errors.map(({ field }) => field).filter((field) => field !== '');
}

const tokenIn = (kubeconfig: string) => /"?token"?: "?([^"\s]+)/.exec(kubeconfig)?.[1] ?? '';

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            operationId: string;
            parameters?: Operation['parameters'];
            requestBody?: { content: Record<string, { schema: { $ref?: string } }> };
          }
        >
      >
    >
  >;
}

async function describedBy(replica: Replica): Promise<Operation[]> {
  const document = (await (await fetch(`${replica.api}/openapi.json`)).json()) as Document; // checked against the OpenAPI schema by apps/api
  return Object.entries(document.paths).flatMap(([where, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [], requestBody }]) => ({
      id: operationId,
      method: method.toUpperCase(),
      path: where,
      parameters,
      body: requestBody?.content['application/json']?.schema.$ref?.replace('#/components/schemas/', '') ?? null,
    })),
  );
}
