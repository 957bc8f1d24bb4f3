import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { certificateAuthority } from '@sluice/testing';
import { request } from './testing/http.js';
import { startTestService, type TestService } from './testing/test-service.js';
import { blueGreen, upgradePlan, type World } from './testing/world.js';

let service: TestService;
let world: World;
beforeAll(async () => {
  service = await startTestService();
  world = await blueGreen(service);
});
afterAll(async () => {
  await service.close();
});

describe('an Idempotency-Key', () => {
  const create = (name: string, key: string, headers: Record<string, string> = {}) =>
    request(service.url, 'POST', '/v1/projects', {
      token: service.adminToken,
      body: { name },
      headers: { 'idempotency-key': key, ...headers },
    });

  it('makes the same request happen once, and gives the same reply again', async () => {
    const first = await create('once', 'key-1');
    const again = await create('once', 'key-1');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect([again.headers.get('etag'), again.headers.get('location')]).toEqual([
      first.headers.get('etag'),
      first.headers.get('location'),
    ]);
    expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([
      null,
      'true',
    ]);
  });

  it('belongs to one request: another body, path or query is refused', async () => {
    await create('first body', 'key-2');
    expect((await create('second body', 'key-2')).status).toBe(422);
    const reply = await request(service.url, 'POST', '/v1/projects?dryRun=true', {
      token: service.adminToken,
      body: { name: 'first body' },
      headers: { 'idempotency-key': 'key-2' },
    });
    expect(reply.body).toMatchObject({ status: 422, type: 'https://sluice.dev/problems/idempotency-key-reused' });
  });

  it('runs one of many that come at once; the others wait for it or are told to', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => create('at once', 'key-3')));
    const ids = new Set(replies.filter((reply) => reply.status === 201).map((reply) => reply.body['id']));
    expect(ids.size).toBe(1);
    for (const reply of replies) expect([201, 409]).toContain(reply.status);
    for (const reply of replies.filter((each) => each.status === 409))
      expect(reply.body['type']).toBe('https://sluice.dev/problems/idempotency-key-in-use');
    expect(
      (await service.admin.projects.list({ limit: 200 })).items.filter((project) => project.name === 'at once'),
    ).toHaveLength(1);
  });

  it('does not keep an error: the corrected state may be tried with the same key', async () => {
    expect((await create('  ', 'key-4')).status).toBe(400);
    expect((await create('once', 'key-4')).status).toBe(409);
    expect((await create('another', 'key-4')).status).toBe(201);
  });

  it("is each token's own", async () => {
    const { secret } = await service.admin.tokens.create({ name: 'second admin', role: 'admin', projectId: null });
    await create('whose', 'key-5');
    const reply = await request(service.url, 'POST', '/v1/projects', {
      token: secret ?? '',
      body: { name: 'somebody else' },
      headers: { 'idempotency-key': 'key-5' },
    });
    expect(reply.status).toBe(201);
  });

  it("never brings a token's secret back, for then it would have been stored", async () => {
    const send = () =>
      request(service.url, 'POST', '/v1/tokens', {
        token: service.adminToken,
        body: { name: 'ci', role: 'viewer' },
        headers: { 'idempotency-key': 'key-6' },
      });
    const [first, again] = [await send(), await send()];
    expect(first.body['secret']).toEqual(expect.any(String));
    expect(again.body).toEqual({ ...first.body, secret: null });
  });

  it('gives back an empty reply too', async () => {
    const { id } = await service.admin.projects.create({ name: 'short-lived' });
    const remove = () =>
      request(service.url, 'DELETE', `/v1/projects/${id}`, {
        token: service.adminToken,
        headers: { 'idempotency-key': 'key-7' },
      });
    expect([(await remove()).status, (await remove()).status]).toEqual([204, 204]);
  });
});

describe('versions', () => {
  it("a reply's ETag holds as If-Match until somebody else changes the thing", async () => {
    const read = await request(service.url, 'GET', `/v1/clusters/${world.green.id}`, { token: service.adminToken });
    const etag = read.headers.get('etag') ?? '';
    expect(etag).toBe(`"${String(read.body['version'])}"`);
    const change = (ifMatch: string, stage: string) =>
      request(service.url, 'PATCH', `/v1/clusters/${world.green.id}`, {
        token: service.adminToken,
        body: { labels: { stage } },
        headers: { 'if-match': ifMatch },
      });
    const changed = await change(etag, 'one');
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
    const late = await change(etag, 'two');
    expect(late.body).toMatchObject({
      status: 412,
      type: 'https://sluice.dev/problems/precondition-failed',
      facts: { version: changed.body['version'] },
    });
    expect((await change('*', 'three')).status).toBe(200);
    expect((await change(`W/${(await change('*', 'four')).headers.get('etag') ?? ''}`, 'five')).status).toBe(200);
    expect((await service.admin.clusters.get(world.green.id)).labels).toEqual({ stage: 'five' });
  });

  it("a cluster's address changes with its credentials or not at all", async () => {
    const { id } = world.green;
    const { caPem } = await certificateAuthority();
    const server = 'https://10.6.6.6:6443';
    const send = (method: string, where: string, body: object, headers: Record<string, string> = {}) =>
      request(service.url, method, where, { token: service.adminToken, body, headers });
    for (const body of [
      { server },
      { caPem },
      { tlsServerName: 'evil' },
      { credentials: { token: 't' } },
      { kubeconfig: 'x' },
    ]) {
      const refused = await send('PATCH', `/v1/clusters/${id}`, body);
      expect(refused.status).toBe(400);
      expect(refused.body['detail']).toContain('PUT /v1/clusters/{id}/connection');
    }
    const without = await send('PUT', `/v1/clusters/${id}/connection`, { server, caPem });
    expect(without.body).toMatchObject({ status: 400, errors: [{ field: 'credentials', message: 'is needed' }] });
    const before = await service.admin.clusters.get(id);
    expect(before.server).not.toBe(server);

    const whole = { server, caPem, credentials: { token: 'next' } };
    const dry = await send('PUT', `/v1/clusters/${id}/connection?dryRun=true`, whole);
    expect([dry.status, dry.body['server']]).toEqual([200, server]);
    expect(await service.admin.clusters.get(id)).toEqual(before);
    const late = await send('PUT', `/v1/clusters/${id}/connection`, whole, { 'if-match': `"${before.version - 1}"` });
    expect(late.status).toBe(412);
    expect(await service.admin.clusters.connect(id, whole, { ifVersion: before.version })).toMatchObject({
      server,
      version: before.version + 1,
    });
  });

  it('one-off weights take what the caller believes is live', async () => {
    const { weights } = await service.admin.routes.live(world.route.id);
    const wrong = weights.map((each) => ({ ...each, weight: 7 }));
    await expect(
      service.admin.routes.setWeights(world.route.id, { shares: { red: 50, black: 50 }, expected: wrong, reason: 'r' }),
    ).rejects.toMatchObject({ status: 412, problem: { facts: { live: weights } } });
    const preview = await service.admin.routes.previewWeights(world.route.id, {
      shares: { red: 50, black: 50 },
      expected: weights,
      reason: 'r',
    });
    expect(preview.after.map((each) => each.weight)).toEqual([preview.after[0]?.weight, preview.after[0]?.weight]);
  });
});

describe('dryRun=true', () => {
  it('checks everything, answers what would be with 200, and stores nothing', async () => {
    const before = (await service.admin.projects.list({ limit: 200 })).items.length;
    const reply = await request(service.url, 'POST', '/v1/projects?dryRun=true', {
      token: service.adminToken,
      body: { name: 'not really' },
    });
    expect([reply.status, reply.body['name'], reply.headers.get('location'), reply.headers.get('etag')]).toEqual([
      200,
      'not really',
      null,
      null,
    ]);
    expect(
      (
        await request(service.url, 'POST', '/v1/projects?dryRun=true', {
          token: service.adminToken,
          body: { name: world.project.name },
        })
      ).status,
    ).toBe(409);
    expect((await service.admin.projects.list({ limit: 200 })).items).toHaveLength(before);
  });

  it('of a rollout shows each step against what is live', async () => {
    const { plan } = await upgradePlan(service.admin, world);
    const preview = await service.admin.rollouts.preview({ projectId: world.project.id, planId: plan.id });
    expect(preview.plan.steps.map((step) => step.shares)).toEqual([
      { red: 900, black: 100 },
      { red: 0, black: 1000 },
    ]);
    expect(preview.changes.map((changes) => changes.length)).toEqual([1, 1]);
    expect((await service.admin.rollouts.list({ projectId: world.project.id })).items).toEqual([]);
  });
});

describe('pages', () => {
  it('walk through everything once, whatever their size', async () => {
    const whole = (await service.admin.projects.list({ limit: 200 })).items.map((project) => project.id);
    expect(whole.length).toBeGreaterThan(5);
    for (const limit of [1, 2, 5]) {
      const seen: string[] = [];
      for (let cursor: string | null = null; ;) {
        const page: Awaited<ReturnType<typeof service.admin.projects.list>> = await service.admin.projects.list({
          limit,
          ...(cursor === null ? {} : { cursor }),
        });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items.map((project) => project.id));
        if (page.next === null) break;
        cursor = page.next;
      }
      expect(seen).toEqual(whole);
    }
  });
});

describe("a rollout's verbs", () => {
  it('need neither a body nor a header, and a state that does not allow one says which it does', async () => {
    const own = await blueGreen(service);
    const { plan } = await upgradePlan(service.admin, own, 60_000);
    const rollout = await service.admin.rollouts.create({ projectId: own.project.id, planId: plan.id, startAt: null });
    expect(rollout.state).toBe('Scheduled');
    const say = (verb: string, options: { raw?: string; headers?: Record<string, string> } = {}) =>
      request(service.url, 'POST', `/v1/rollouts/${rollout.id}:${verb}`, { token: service.adminToken, ...options });
    expect((await say('pause')).body).toMatchObject({
      status: 409,
      reason: 'VerbNotAllowed',
      facts: { state: 'Scheduled', allowed: ['start', 'cancel'] },
    });
    expect((await say('start')).body).toMatchObject({ state: 'Running' });
    expect((await say('pause', { raw: '', headers: { 'content-type': 'application/json' } })).body).toMatchObject({
      state: 'Paused',
    });
    expect((await say('resume', { headers: { 'content-type': 'text/plain' } })).status).toBe(200);
    expect((await say('abort', { raw: '{"reason":"enough"}' })).body).toMatchObject({
      state: 'Aborted',
      allowedVerbs: ['rollback'],
    });
    const { items } = await service.admin.decisions.list({ rolloutId: rollout.id });
    expect(items.map((decision) => decision.actor)).toContain('token:first');
  });

  it('two rollouts never move one route', async () => {
    const own = await blueGreen(service);
    const { plan } = await upgradePlan(service.admin, own);
    const input = { projectId: own.project.id, planId: plan.id };
    const results = await Promise.allSettled([1, 2, 3].map(() => service.admin.rollouts.create(input)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ status: 409 });
  });
});

describe('trouble outside', () => {
  afterEach(() => {
    service.aws.faults.outage = null;
  });

  it('that passes is a 503 with Retry-After, that stays is a 502 with the code', async () => {
    const { projectId, accountId } = world.route;
    const registering = () =>
      request(service.url, 'POST', '/v1/routes', {
        token: service.adminToken,
        body: { projectId, accountId, name: 'another', arn: `${world.route.arn}0` },
      });
    service.aws.faults.outage = { code: 'InternalFailure', kind: 'transient' };
    const passing = await registering();
    expect(passing.body).toMatchObject({ status: 503, system: 'aws', code: 'InternalFailure' });
    expect(Number(passing.headers.get('retry-after'))).toBeGreaterThan(0);
    service.aws.faults.outage = { code: 'AccessDenied', kind: 'terminal' };
    expect((await registering()).body).toMatchObject({ status: 502, system: 'aws', code: 'AccessDenied' });
  });

  it('a fresh look that nobody takes in time is a 503, and the newest one is still shown with its age', async () => {
    const live = `/v1/routes/${world.route.id}/live`;
    const asked = await request(service.url, 'GET', `${live}?fresh=true`, { token: service.adminToken });
    expect(asked.body).toMatchObject({ status: 503, system: 'aws', code: 'NotReadInTime' });
    const shown = await request(service.url, 'GET', live, { token: service.adminToken });
    expect(shown.body).toMatchObject({ ageMs: expect.any(Number), drifted: false });
  });
});
