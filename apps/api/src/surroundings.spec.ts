import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { deferred } from '@sluice/testing';
import { ReadinessChecks } from './health/readiness.js';
import { describedOperations } from './testing/operations.js';
import { openApiDocument } from './openapi/document.js';
import { request } from './testing/http.js';
import { startTestService, type TestService } from './testing/test-service.js';

let service: TestService;
const dashboard = mkdtempSync(path.join(tmpdir(), 'sluice-dashboard-'));
beforeAll(async () => {
  mkdirSync(path.join(dashboard, 'assets'));
  writeFileSync(path.join(dashboard, 'index.html'), '<!doctype html><title>Sluice</title>');
  writeFileSync(path.join(dashboard, 'assets', 'app-1a2b.js'), 'console.log(1)');
  service = await startTestService({
    dashboardDir: dashboard,
    migrationsDir: path.resolve(import.meta.dirname, '../../../prisma/migrations'),
  });
});
afterAll(async () => {
  await service.close();
  rmSync(dashboard, { recursive: true });
});

const get = (where: string, headers: Record<string, string> = {}) => request(service.url, 'GET', where, { headers });

describe('health', () => {
  it('is alive and ready, without a token', async () => {
    expect((await get('/livez')).body).toEqual({ status: 'ok' });
    const ready = await get('/readyz');
    expect([ready.status, ready.body]).toEqual([
      200,
      { status: 'ok', checks: { database: 'ok', migrations: 'ok', draining: 'ok' } },
    ]);
  });

  it('is alive but not ready without its database, and answers everything else with 503', async () => {
    const lost = await service.replica({ databaseUrl: 'postgresql://nobody:x@127.0.0.1:1/none' }, { listenOnly: true });
    expect((await request(lost.url, 'GET', '/livez')).status).toBe(200);
    const ready = await request(lost.url, 'GET', '/readyz');
    expect([ready.status, ready.body]).toMatchObject([503, { checks: { database: 'cannot be reached' } }]);
    expect((await request(lost.url, 'GET', '/v1/projects', { token: service.adminToken })).body).toMatchObject({
      status: 503,
      type: 'https://sluice.dev/problems/unavailable',
    });
  });

  it('measures requests under names with our prefix and labels that stay few', async () => {
    await get('/v1/rollouts/rol_0123456789abcdefghij');
    const { text } = await get('/metrics');
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? '');
    expect(names.filter((name) => !name.startsWith('sluice_'))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining([
        'sluice_http_request_duration_seconds',
        'sluice_event_streams',
        'sluice_elb_requests_total',
        'sluice_job_duration_seconds',
        'sluice_build_info',
      ]),
    );
    expect(text).toContain('route="/v1/rollouts/:id"');
    expect(text).not.toContain('rol_0123456789abcdefghij');
  });
});

describe('a start', () => {
  it('is not ready before it is done: whoever waits for that finds the first token', async () => {
    const checks = new ReadinessChecks([]);
    const begun = deferred();
    const done = checks.afterwards(() => begun.promise);
    expect(await checks.run()).toMatchObject({ ready: false, checks: { starting: expect.any(String) } });
    begun.resolve();
    await done;
    expect((await checks.run()).ready).toBe(true);
  });
});

describe('the first token', () => {
  it('is in a file that its owner alone can read, and is made once', async () => {
    expect(statSync(service.config.firstTokenFile ?? '').mode & 0o777).toBe(0o600);
    await service.replica();
    expect((await service.admin.tokens.list()).items.map((token) => token.name)).toEqual(['first']);
    expect((await service.admin.whoAmI()).role).toBe('admin');
  });
});

describe('the pages', () => {
  it('of the API come with all their assets and a policy that allows no other host', async () => {
    const page = await get('/docs');
    expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const [, asset] of page.text.matchAll(/(?:src|href)="([^"]+)"/g))
      expect({ asset, status: (await get(asset ?? '')).status }).toEqual({ asset, status: 200 });
    expect((await get('/docs/package.json')).status).toBe(404);
    expect((await get('/docs/..%2f..%2fpackage.json')).status).toBe(404);
  });

  it("of the dashboard are found at every address that is no file and none of the API's", async () => {
    const html = { accept: 'text/html,*/*' };
    for (const where of ['/', '/rollouts/rol_1', '/index.html'])
      expect([where, (await get(where, html)).text]).toEqual([where, '<!doctype html><title>Sluice</title>']);
    expect((await get('/', { accept: '*/*' })).text).toBe('<!doctype html><title>Sluice</title>');
    const asset = await get('/assets/app-1a2b.js');
    expect([asset.text, asset.headers.get('cache-control'), asset.headers.get('content-type')]).toEqual([
      'console.log(1)',
      expect.stringContaining('immutable'),
      expect.stringContaining('javascript'),
    ]);
    for (const where of ['/assets/gone.js', '/v1/nothing', '/docs/nothing', '/..%2f..%2fetc%2fpasswd.txt'])
      expect([where, (await get(where, html)).status]).toEqual([where, 404]);
    expect((await get('/rollouts/rol_1', { accept: 'application/json' })).status).toBe(404);
  });

  it("and every answer carry the security headers and the request's id", async () => {
    for (const where of ['/', '/docs', '/livez', '/v1/projects', '/v1/nothing']) {
      const { headers } = await get(where, { accept: 'text/html' });
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('content-security-policy')).toContain('frame-ancestors');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });
});

describe('the OpenAPI document', () => {
  it('is valid 3.1, and the one that is checked in', async () => {
    const document = openApiDocument(service.app.nest);
    expect(document.openapi).toBe('3.1.0');
    expect(
      await new Validator().validate(JSON.parse(JSON.stringify(document)) as Record<string, unknown>),
    ).toMatchObject({ valid: true });
    expect((await get('/openapi.json')).body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(describedOperations().map((operation) => operation.id)).toEqual(
      Object.values(document.paths).flatMap((item) =>
        Object.values(item as Record<string, { operationId: string }>).map((operation) => operation.operationId),
      ),
    );
  });

  it('says of every operation what may go wrong', () => {
    const operations = describedOperations();
    expect(new Set(operations.map((operation) => operation.id)).size).toBe(operations.length);
    for (const operation of operations) {
      const least = [
        400,
        401,
        403,
        404,
        500,
        503,
        ...(operation.method === 'GET' ? [] : [409, 422]),
        ...(operation.takesBody ? [413, 415] : []),
      ];
      expect({ id: operation.id, missing: least.filter((status) => !operation.statuses.includes(status)) }).toEqual({
        id: operation.id,
        missing: [],
      });
    }
  });
});
