import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Figures } from '@sluice/postgres';
import { eventually } from '@sluice/testing';
import pg from 'pg';
import { request } from '../testing/http.js';
import { startTestService, type TestService } from '../testing/test-service.js';
import { blueGreen, upgradePlan } from '../testing/world.js';
import { EngineMetrics } from '../worker/engine-metrics.js';
import { Metrics } from './metrics.js';
import { StateMetrics } from './state-metrics.js';

const valueOf = (text: string, series: string): number | undefined => {
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
};

describe('what Prometheus is told of the installation', () => {
  let service: TestService | undefined;
  afterEach(async () => {
    await service?.close();
    service = undefined;
  });
  const scrape = async (url = service?.url ?? '') => (await request(url, 'GET', '/metrics')).text;

  it('is how rollouts, gateways, routes and clusters stand now, and what became of writes', async () => {
    service = await startTestService({ role: 'all' });
    const { admin } = service;
    const [world, other] = [await blueGreen(service), await blueGreen(service)];
    await admin.clusters.check(world.blue.id);
    await sql(service, `UPDATE routes SET drift = '{"live": []}' WHERE id = $1`, [other.route.id]);
    const { plan } = await upgradePlan(admin, world, 600_000);
    const rollout = await admin.rollouts.create({ projectId: world.project.id, planId: plan.id });
    await eventually('the first step', async () => (await admin.rollouts.get(rollout.id)).verifiedAt);
    const text = await scrape();
    expect(
      Object.fromEntries(
        [
          'sluice_database_up',
          'sluice_rollouts{state="Running"}',
          'sluice_rollouts{state="Blocked"}',
          'sluice_intents_open{state="pending"}',
          'sluice_intents_open{state="sent"}',
          'sluice_clusters{check="ok"}',
          'sluice_clusters{check="failed"}',
          'sluice_clusters{check="never"}',
          'sluice_bindings{state="Applied"}',
          'sluice_drifted_routes',
          'sluice_gateways_owned',
          'sluice_gateway_without_owner',
          'sluice_accounts_unproven',
        ].map((series) => [series, valueOf(text, series)]),
      ),
    ).toEqual({
      sluice_database_up: 1,
      'sluice_rollouts{state="Running"}': 1,
      'sluice_rollouts{state="Blocked"}': 0,
      'sluice_intents_open{state="pending"}': 0,
      'sluice_intents_open{state="sent"}': 0,
      'sluice_clusters{check="ok"}': 1,
      'sluice_clusters{check="failed"}': 0,
      'sluice_clusters{check="never"}': 3,
      'sluice_bindings{state="Applied"}': 0,
      sluice_drifted_routes: 1,
      sluice_gateways_owned: 1, // both worlds are in one AWS account
      sluice_gateway_without_owner: 0,
      sluice_accounts_unproven: 0,
    });
    expect(valueOf(text, 'sluice_rollout_overdue_seconds')).toBeLessThan(60);
    expect(valueOf(text, 'sluice_intents_settled_total{result="applied"}')).toBe(1);
    expect(valueOf(text, 'sluice_intents_settled_total{result="failed"}')).toBe(0);
    expect(text).toMatch(/^sluice_build_info\{node="v\d+/m);
    expect(text).toMatch(/^sluice_nodejs_eventloop_lag_p99_seconds \d/m);
    expect(text).not.toContain(world.project.id);
  }, 30_000);

  it('is that nobody owns a gateway, and for how long a rollout waits, where no worker runs', async () => {
    service = await startTestService({ role: 'api' });
    const world = await blueGreen(service);
    const { plan } = await upgradePlan(service.admin, world);
    await service.admin.rollouts.create({ projectId: world.project.id, planId: plan.id });
    await sql(service, `UPDATE wakeups SET at = clock_timestamp() - interval '90 s'`, []);
    const text = await scrape();
    expect(valueOf(text, 'sluice_gateway_without_owner')).toBe(1);
    expect(valueOf(text, 'sluice_gateways_owned')).toBe(0);
    expect(valueOf(text, 'sluice_rollout_overdue_seconds')).toBeGreaterThanOrEqual(90);
  }, 20_000);

  it('is nothing old while the database is away, and still everything about the process', async () => {
    service = await startTestService();
    const lost = await service.replica({ databaseUrl: 'postgresql://nobody:x@127.0.0.1:1/none' }, { listenOnly: true });
    const text = await scrape(lost.url);
    expect(valueOf(text, 'sluice_database_up')).toBe(0);
    expect(text).not.toMatch(/^sluice_(rollouts|gateway_without_owner|gateways_owned|drifted_routes)\b/m);
    expect(text).toContain('sluice_http_request_duration_seconds');
  }, 20_000);
});

it('docs/operations.md lists every metric of ours, and no other', () => {
  const metrics = new Metrics();
  new EngineMetrics(metrics);
  new StateMetrics(metrics, () => Promise.reject(new Error('not asked')));
  const ours = metrics.registry
    .getMetricsAsArray()
    .map(({ name }) => name)
    .filter((name) => !/^sluice_(process|nodejs)_/.test(name));
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../../docs/operations.md'), 'utf8');
  const listed = [...page.matchAll(/^\| `(sluice_\w+)` +\|/gm)].map((match) => match[1]);
  expect(listed.sort()).toEqual(ours.sort());
});

describe('reading it', () => {
  const figures: Figures = {
    rollouts: { Running: 1 },
    intents: {},
    bindings: {},
    clusters: {},
    driftedRoutes: 0,
    gatewaysOwned: 0,
    gatewaysWithoutOwner: 0,
    unprovenAccounts: 0,
    overdueSeconds: 0,
  };
  afterEach(() => void jest.useRealTimers());

  it('happens once for scrapes that come together or within 5 s', async () => {
    jest.useFakeTimers();
    const metrics = new Metrics();
    let reads = 0;
    new StateMetrics(metrics, () => Promise.resolve({ ...figures, driftedRoutes: (reads += 1) }));
    await Promise.all([metrics.registry.metrics(), metrics.registry.metrics()]);
    await jest.advanceTimersByTimeAsync(4_900);
    expect(valueOf(await metrics.registry.metrics(), 'sluice_drifted_routes')).toBe(1);
    await jest.advanceTimersByTimeAsync(200);
    expect(valueOf(await metrics.registry.metrics(), 'sluice_drifted_routes')).toBe(2);
  });

  it('is given up after 2 s, and old figures go with it', async () => {
    jest.useFakeTimers();
    const metrics = new Metrics();
    let hangs = false;
    new StateMetrics(metrics, () => (hangs ? new Promise(() => undefined) : Promise.resolve(figures)));
    expect(valueOf(await metrics.registry.metrics(), 'sluice_rollouts{state="Running"}')).toBe(1);
    hangs = true;
    await jest.advanceTimersByTimeAsync(6_000);
    const scraped = metrics.registry.metrics();
    await jest.advanceTimersByTimeAsync(2_000);
    const text = await scraped;
    expect(valueOf(text, 'sluice_database_up')).toBe(0);
    expect(text).not.toMatch(/^sluice_(rollouts|drifted_routes)\b/m);
  });
});

async function sql({ databaseUrl }: TestService, statement: string, values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement, values);
  } finally {
    await client.end();
  }
}
