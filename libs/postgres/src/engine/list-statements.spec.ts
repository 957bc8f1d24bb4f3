import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PrismaPg } from '@prisma/adapter-pg';
import type { RowFilter } from '@sluice/control';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { PrismaClient } from '../generated/client.js';
import { PrismaIdempotencyStore } from '../resources/prisma-idempotency-store.js';
import { PrismaResourceStore } from '../resources/prisma-resource-store.js';
import { fence, putWorld } from './engine-rows.js';
import { PostgresEventStore } from './event-store.js';
import { readFigures } from './figures.js';
import { RandomIds } from './ids.js';
import { PostgresLaneStore } from './lane-store.js';
import { NotingPool, type Sent } from './noting-pool.js';
import { PostgresRolloutStore } from './rollout-store.js';

const many = 5_000;
const limit = 20;
/** Read once more than the page, and each row again where it is joined. */
const mostRows = 4 * (limit + 1);

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

const rowsOf = (node: PlanNode) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];

describe(`with ${String(many)} of everything, most of it over`, () => {
  let database: TestDatabase;
  let plain: pg.Pool;
  let pool: NotingPool;
  let prisma: PrismaClient;
  beforeAll(async () => {
    database = await createTestDatabase();
    plain = new pg.Pool({ connectionString: database.url, max: 2 });
    pool = new NotingPool({ connectionString: database.url, max: 2 });
    prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
    await putWorld(plain);
    await fill(plain);
  }, 120_000);
  afterAll(async () => {
    await prisma.$disconnect();
    if (!pool.ended) await pool.end();
    await plain.end();
    await database.drop();
  });

  /** What a statement reads of tables: which of them from end to end, and how many rows in all, and of each. */
  async function reads({ text, values }: Sent) {
    const { rows } = await plain.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
      `EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${text}`,
      [...values],
    );
    const scans = nodesOf(rows[0]!['QUERY PLAN'][0].Plan).filter((node) => node['Relation Name'] !== undefined);
    return {
      whole: scans.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']!),
      rows: scans.reduce((all, node) => all + rowsOf(node), 0),
      rowsOf: (table: string) =>
        scans.filter((node) => node['Relation Name'] === table).reduce((all, node) => all + rowsOf(node), 0),
    };
  }

  async function expectFew(work: () => Promise<unknown>): Promise<void> {
    const sent = await pool.during(work);
    expect(sent.length).toBeGreaterThan(0);
    for (const one of sent) {
      const { whole, rows } = await reads(one);
      expect({ text: one.text, whole, few: rows <= mostRows || rows }).toEqual({
        text: one.text,
        whole: [],
        few: true,
      });
    }
  }

  const rollouts = () => new PostgresRolloutStore(pool, new RandomIds());

  it.each([
    [{ projectId: null, state: null }],
    [{ projectId: 'prj_1', state: null }],
    [{ projectId: 'prj_old', state: null }],
    [{ projectId: null, state: 'Succeeded' as const }],
    [{ projectId: 'prj_1', state: 'Succeeded' as const }],
    [{ projectId: null, state: 'Blocked' as const }],
  ])('a page of rollouts reads a page, whatever is newer: %j', async (filter) => {
    const store = rollouts();
    const { next } = await store.list(filter, { limit, cursor: null });
    await expectFew(() => store.list(filter, { limit, cursor: null }));
    if (next !== null) await expectFew(() => store.list(filter, { limit, cursor: next }));
  });

  const everyDecision = { projectId: null, rolloutId: null, routeId: null };
  it.each([
    [everyDecision],
    [{ ...everyDecision, projectId: 'prj_old' }],
    [{ ...everyDecision, rolloutId: 'rol_7' }],
    [{ projectId: 'prj_1', rolloutId: 'rol_7', routeId: null }],
    [{ ...everyDecision, routeId: 'rte_1' }],
    [{ ...everyDecision, routeId: 'rte_none' }],
    [{ ...everyDecision, routeId: 'rte_often' }],
    [{ projectId: 'prj_1', rolloutId: 'rol_7', routeId: 'rte_1' }],
  ])('a page of the ledger reads a page: %j', async (filter) => {
    const store = rollouts();
    const { next } = await store.decisions(filter, { limit, cursor: null });
    await expectFew(() => store.decisions(filter, { limit, cursor: null }));
    if (next !== null) await expectFew(() => store.decisions(filter, { limit, cursor: next }));
  });

  it.each([[null], ['prj_1'], ['prj_old']])('the events after one are read from there on: of %s', async (projectId) => {
    const store = new PostgresEventStore(pool);
    await expectFew(() => store.after(1_000n, { projectId }, limit));
  });

  const kinds = ['plans', 'routes', 'backends', 'bindings', 'provisioned', 'tokens'] as const;
  const filters: readonly (readonly [(typeof kinds)[number], RowFilter])[] = [
    ...kinds.map((kind) => [kind, { projectId: 'prj_1' }] as const),
    // of provisioned resources there is no list over all projects
    ...kinds.filter((kind) => kind !== 'provisioned').map((kind) => [kind, {}] as const),
    ['routes', { accountId: 'acc_1' }],
    ['routes', { labels: { app: 'shop' } }],
    ['routes', { labels: { app: 'nobody' } }],
    ['routes', { projectId: 'prj_1', labels: { app: 'shop', team: 'team-7' } }],
    ['backends', { routeId: 'rte_7' }],
    ['backends', { clusterId: 'clu_red' }],
    ['bindings', { clusterId: 'clu_red' }],
    ['bindings', { backendId: 'bck_7' }],
  ];
  it.each(filters)('a page of %s reads a page: %j', async (kind, filter) => {
    const rows = new PrismaResourceStore(prisma).read[kind];
    const { next } = await rows.page(filter, { limit, cursor: null });
    await expectFew(() => rows.page(filter, { limit, cursor: null }));
    if (next !== null) await expectFew(() => rows.page(filter, { limit, cursor: next }));
  });

  it('what has been provisioned in an account, and the routes of a load balancer, are found by indexes', async () => {
    const { provisioned, routes } = new PrismaResourceStore(prisma).read;
    await expectFew(() => provisioned.all({ accountId: 'acc_none' }));
    await expectFew(() => routes.all({ loadBalancerArn: 'arn:lb/7' }));
  });

  it('a lane looks the guards of its intents up one by one', async () => {
    const lane = new PostgresLaneStore(pool);
    for (const ask of [
      () => lane.next(fence, [], 20),
      () => lane.orphans(fence, []),
      () => lane.covered(fence, ['x']),
    ]) {
      const [sent] = await pool.during(ask);
      expect((await reads(sent!)).whole).not.toContain('guards');
    }
  });

  it('idempotency keys that are kept are not read to forget those that have expired', async () => {
    await expectFew(() => new PrismaIdempotencyStore(prisma).expire());
  });

  it('the metrics count what is open, in indexes', async () => {
    // a table whose rows aren't marked as visible to all yet is read itself
    await plain.query('VACUUM rollouts, bindings');
    const [sent] = await pool.during(() => readFigures(pool, 'me'));
    const { whole, rowsOf: read } = await reads(sent!);
    const small = ['accounts', 'clusters', 'gateways'];
    expect(whole.filter((table) => !small.includes(table))).toEqual([]);
    expect({ wakeups: read('wakeups'), intents: read('intents') }).toEqual({ wakeups: 0, intents: 0 });
  });

  it('the decisions of a route come newest first, each once, with their own cursor', async () => {
    const filter = { ...everyDecision, routeId: 'rte_often' };
    const first = await rollouts().decisions(filter, { limit: 30, cursor: null });
    const second = await rollouts().decisions(filter, { limit: 30, cursor: first.next });
    expect([...first.items, ...second.items].map((one) => one.id)).toEqual(
      Array.from({ length: 60 }, (_, i) => `dec_${String(many - i)}`),
    );
    await expect(rollouts().decisions(everyDecision, { limit: 30, cursor: first.next })).rejects.toThrow('cursor');
  });

  it('labels find the rows that have all of them, page by page in order', async () => {
    const { routes } = new PrismaResourceStore(prisma).read;
    const labels = { app: 'shop', team: 'team-7' };
    const first = await routes.page({ labels }, { limit: 30, cursor: null });
    const second = await routes.page({ labels }, { limit: 100, cursor: first.next });
    expect([...first.items, ...second.items].map((one) => one.id)).toEqual(
      Array.from({ length: 50 }, (_, i) => `rte_${String(100 * i + 7)}`),
    );
    expect(second.next).toBeNull();
  });
});

/** Scheduled rollouts are newer than all that have ended; project `prj_old` has some of the oldest, and nothing else. */
async function fill(pool: pg.Pool): Promise<void> {
  const n = [many];
  const at = `now() - ($1::int - n) * interval '1 minute'`;
  await pool.query(
    `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, labels, ownership, expected, created_at, created_by)
     SELECT 'rte_' || n, 'prj_1', 'acc_1', 'rte_' || n, 'arn:rte_' || n, 'arn:lb/' || n / 10, 'arn:listener/' || n, 'HTTP', 80, true,
            jsonb_build_object('app', 'shop', 'team', 'team-' || n % 100), '{"kind": "unowned"}', '[]', ${at}, 'test'
     FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_at, created_by)
     SELECT 'bck_' || n, 'prj_1', 'rte_' || n, 'clu_red', 'red', 'ns', 's', '80', 'arn:tg/' || n, 'ip', ${at}, 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO bindings (id, project_id, backend_id, cluster_id, namespace, name, state, observed, created_at, created_by)
     SELECT 'bnd_' || n, 'prj_1', 'bck_' || n, 'clu_red', 'ns', 'b-' || n, 'Applied', jsonb_build_object('spec', repeat('x', 500)), ${at}, 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO plans (id, project_id, name, latest_version, created_at, created_by) SELECT 'pln_' || n, 'prj_1', 'plan-' || n, 1, ${at}, 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO tokens (id, project_id, name, role, hash, prefix, created_at, created_by) SELECT 'tok_' || n, 'prj_1', 't', 'viewer', n::text, 'x', ${at}, 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO provisioned_resources (id, project_id, account_id, kind, arn, created_by_us, details, created_at, created_by)
     SELECT 'res_' || n, 'prj_1', 'acc_1', 'rule', 'arn:res/' || n, true, '{}', ${at}, 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO idempotency_keys (token_id, key, request_hash, created_at) SELECT 'tok_1', n::text, 'x', now() FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, step_index, reason, message, created_at, created_by)
     SELECT 'rol_' || n, CASE WHEN n <= 300 THEN 'prj_old' ELSE 'prj_1' END, 'pln_1', 1, 'r', CASE WHEN n <= $1 THEN 'Succeeded' ELSE 'Scheduled' END, 'x', 1, 2, 0, 'x', repeat('-', 300), ${at}, 'test'
     FROM generate_series(1, $1::int + $1::int / 2) n`,
    n,
  );
  await pool.query(
    `INSERT INTO wakeups (rollout_id, at) SELECT 'rol_' || n, now() + interval '1 day' FROM generate_series($1::int, $1::int + $1::int / 2) n`,
    n,
  );
  await pool.query(
    `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor)
     SELECT 'dec_' || n, CASE WHEN n <= 300 THEN 'prj_old' ELSE 'prj_1' END, 'rol_' || n, 'shift', 'x', 'x', 'test' FROM generate_series(1, $1::int) n ORDER BY n`,
    n,
  );
  await pool.query(
    `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority, state, goal, after, min_healthy_targets, settled_at)
     SELECT r || n, 'prj_1', 'acc_1', 'gtw_1', 'rol_' || n, r, 'arn:listener/1', 'dec_' || n, 'step', 2, 'applied', '{"kind": "shares", "shares": {}}', '[]', 1, ${at}
     FROM generate_series(1, $1::int) n, unnest(ARRAY['rte_' || CASE WHEN n <= 10 THEN 1 ELSE n END, 'rte_often']) r ORDER BY n`,
    n,
  );
  await pool.query(
    `INSERT INTO events (seq, project_id, type, subject, actor, data, at) SELECT n, CASE WHEN n <= 300 THEN 'prj_old' ELSE 'prj_1' END, 'x', 'x', '{}', '{}', now() FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query('VACUUM (ANALYZE)');
}
