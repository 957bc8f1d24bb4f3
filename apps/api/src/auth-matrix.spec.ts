import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SluiceClient } from '@sluice/contracts';
import { request } from './testing/http.js';
import { describedOperations, fill, validBody } from './testing/operations.js';
import { startTestService, type TestService } from './testing/test-service.js';
import { blueGreen, type World } from './testing/world.js';

let service: TestService;
let world: World;
let other: World;
const secrets: Record<'viewer' | 'operator' | 'admin', string> = { viewer: '', operator: '', admin: '' };
beforeAll(async () => {
  service = await startTestService();
  world = await blueGreen(service);
  other = await blueGreen(service);
  for (const role of ['viewer', 'operator', 'admin'] as const) secrets[role] = await newToken(role, world.project.id);
});
afterAll(async () => {
  await service.close();
});

async function newToken(role: 'viewer' | 'operator' | 'admin', projectId: string | null): Promise<string> {
  const { secret } = await service.admin.tokens.create({
    name: `${role} ${projectId ?? 'everywhere'}`,
    role,
    projectId,
  });
  return secret ?? '';
}

const operations = describedOperations();
/** Written down here a second time, so that a role that slips in the code is seen. */
const forAdmins = new Set([
  'createProject',
  'deleteProject',
  'cleanUpProject',
  'createAccount',
  'updateAccount',
  'deleteAccount',
  'createCluster',
  'updateCluster',
  'setClusterConnection',
  'deleteCluster',
  'retireCluster',
  'createLoadBalancer',
  'createTargetGroup',
  'createListener',
  'createRule',
  'createToken',
  'listTokens',
  'getToken',
  'revokeToken',
]);
const leastRole = (id: string, method: string) =>
  forAdmins.has(id) ? 'admin' : method === 'GET' ? 'viewer' : 'operator';
const rank = { viewer: 0, operator: 1, admin: 2 };

describe('every operation', () => {
  it.each(operations.map((operation) => [operation.id, operation] as const))(
    '%s: needs a token, and the right role',
    async (_, operation) => {
      const send = (token: string | undefined, headers: Record<string, string> = {}) =>
        request(service.url, operation.method, fill(operation.path, 'zzz_0123456789abcdefghij'), {
          ...(token === undefined ? {} : { token }),
          body: validBody(operation),
          headers,
        });
      for (const reply of [
        await send(undefined),
        await send('wrong'),
        await send(undefined, { authorization: 'Basic YTpi' }),
        await send(`${secrets.admin.slice(0, -1)}x`),
      ]) {
        expect(reply.status).toBe(401);
        expect(reply.headers.get('www-authenticate')).toContain('Bearer');
        expect(reply.body['type']).toBe('https://sluice.dev/problems/unauthenticated');
      }
      const least = leastRole(operation.id, operation.method);
      for (const role of ['viewer', 'operator', 'admin'] as const) {
        if (operation.id === 'streamEvents') continue;
        const reply = await send(secrets[role]);
        if (rank[role] < rank[least]) expect({ role, status: reply.status }).toEqual({ role, status: 403 });
        // refused for another reason, if at all: nothing with this id is there
        else if (operation.id !== 'createProject')
          expect({ role, status: reply.status }).not.toEqual({ role, status: 403 });
        expect(reply.status).not.toBe(401);
      }
    },
  );
});

describe('a token that is bound to a project', () => {
  let client: SluiceClient;
  beforeAll(() => {
    client = service.client(secrets.admin);
  });

  it('sees its own project, and needs not name it', async () => {
    expect((await client.clusters.list()).items.map((cluster) => cluster.name).sort()).toEqual([
      'blue-2025',
      'green-2026',
    ]);
    expect((await client.projects.list()).items.map((project) => project.id)).toEqual([world.project.id]);
  });

  it('finds nothing of another one: it is as if it were not there', async () => {
    for (const reading of [
      () => client.projects.get(other.project.id),
      () => client.accounts.get(other.account.id),
      () => client.clusters.get(other.blue.id),
      () => client.routes.get(other.route.id),
      () => client.routes.live(other.route.id),
      () => client.backends.get(other.red.id),
      () => client.clusters.list({ projectId: other.project.id }),
      () => client.rollouts.list({ projectId: other.project.id }),
      () => client.decisions.list({ projectId: other.project.id }),
      () => client.clusters.cordon(other.blue.id, 'mine now'),
      () => client.routes.setWeights(other.route.id, { shares: { red: 0, black: 100 }, reason: 'mine now' }),
    ]) {
      await expect(reading()).rejects.toMatchObject({ status: 404 });
    }
    expect(service.aws.writes).toEqual([]);
  });

  it('makes neither projects nor tokens for other projects', async () => {
    await expect(client.projects.create({ name: 'mine' })).rejects.toMatchObject({ status: 403 });
    await expect(client.tokens.create({ name: 'everything', role: 'admin', projectId: null })).rejects.toMatchObject({
      status: 403,
    });
    await expect(
      client.tokens.create({ name: 'theirs', role: 'admin', projectId: other.project.id }),
    ).rejects.toMatchObject({ status: 404 });
    expect((await client.tokens.create({ name: 'ours', role: 'viewer' })).token.projectId).toBe(world.project.id);
  });

  it('stops working the moment it is revoked', async () => {
    const { token, secret } = await client.tokens.create({ name: 'short', role: 'viewer' });
    const short = service.client(secret ?? '');
    expect((await short.whoAmI()).actor).toBe('token:short');
    await client.tokens.revoke(token.id);
    await expect(short.whoAmI()).rejects.toMatchObject({ status: 401 });
    expect((await client.tokens.revoke(token.id)).revokedAt).not.toBeNull();
  });
});

describe('secrets', () => {
  it('are in no reply and in no log line', async () => {
    const everything = await Promise.all([
      service.admin.accounts.list(),
      service.admin.clusters.list(),
      service.admin.clusters.get(world.blue.id),
      service.admin.tokens.list(),
    ]);
    const text = JSON.stringify(everything) + service.logs.join('\n');
    for (const secret of ['secret-token-of-the-cluster', service.adminToken, ...Object.values(secrets)])
      expect(text.includes(secret)).toBe(false);
  });
});
