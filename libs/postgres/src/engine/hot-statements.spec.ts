import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nothing } from '@sluice/domain';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { fence, planOf, putWorld, weightsOf } from './engine-rows.js';
import { PostgresFactStore } from './fact-store.js';
import { RandomIds } from './ids.js';
import { PostgresLaneStore } from './lane-store.js';
import { NotingPool } from './noting-pool.js';
import { PostgresRolloutStore } from './rollout-store.js';

const many = 20_000;
/** Few rows at any size of an installation. */
const small = ['gateways', 'accounts', 'clusters', 'projects'];

describe(`with ${String(many)} rollouts, routes and intents`, () => {
  let database: TestDatabase;
  let plain: pg.Pool;
  let pool: NotingPool;
  beforeAll(async () => {
    database = await createTestDatabase();
    plain = new pg.Pool({ connectionString: database.url, max: 2 });
    pool = new NotingPool({ connectionString: database.url, max: 2 });
    await putWorld(plain);
    await fill(plain);
  }, 120_000);
  afterAll(async () => {
    await pool.end();
    await plain.end();
    await database.drop();
  });

  const ids = new RandomIds();
  const statements: readonly (readonly [string, (on: pg.Pool) => Promise<unknown>])[] = [
    ['what a lane sends next', (on) => new PostgresLaneStore(on).next(fence, [], 20)],
    ['where something waits', (on) => new PostgresLaneStore(on).busy(['gtw_1', 'gtw_2'])],
    ['orphans', (on) => new PostgresLaneStore(on).orphans(fence, [])],
    [
      'marking as sent',
      (on) => new PostgresLaneStore(on).markSent(fence, 'pending_1', 1_000, weightsOf('rte_1', 1, 1)),
    ],
    [
      'settling',
      (on) =>
        new PostgresLaneStore(on).settle(fence, 'sent_30', {
          state: 'applied',
          message: 'x',
          live: weightsOf('rte_30', 50, 50),
          requestId: null,
        }),
    ],
    ['deferring', (on) => new PostgresLaneStore(on).defer(fence, 'pending_2', 0, { reason: 'x', message: 'x' })],
    ['claiming what is due', (on) => new PostgresRolloutStore(on, ids).claimDue(16, 2_000)],
    ['loading a rollout', (on) => new PostgresRolloutStore(on, ids).load('rol_77')],
    [
      'committing a decision',
      async (on) => {
        const store = new PostgresRolloutStore(on, ids);
        const ledger = {
          kind: 'block',
          reason: 'NextStep' as const,
          message: 'x',
          actor: 'x',
          stepIndex: 0,
          facts: {},
          decideVersion: 1,
        };
        const rollout = { state: 'Blocked' as const, reason: 'WriteFailed' as const };
        await store.commit((await store.load('rol_78'))!, {
          ...nothing,
          rollout,
          ledger,
          supersede: 'x',
          wakeAt: null,
        });
      },
    ],
    [
      'recording a look',
      (on) =>
        new PostgresFactStore(on).record(
          fence,
          ['action', 'health'].map((kind) => ({
            kind: kind as 'action',
            accountId: 'acc_1',
            arn: kind === 'action' ? 'arn:rte_9' : weightsOf('rte_9', 1, 1)[0]!.targetGroupArn,
            watched: {
              periodMs: 1_000,
              runs: [],
              fact: { ok: false, at: Date.now(), transient: true, code: 'x', message: 'x' },
            },
          })),
          [0, 1],
        ),
    ],
  ];

  it.each(statements)('%s goes by indexes, whatever else there is', async (_name, run) => {
    pool.sent.length = 0;
    await run(pool);
    const sent = pool.sent.filter(({ text }) => /^\s*(SELECT|UPDATE|INSERT|DELETE|WITH)/i.test(text));
    expect(sent.length).toBeGreaterThan(0);
    let indexed = 0;
    for (const { text, values } of sent) {
      const { rows } = await plain.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values]);
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      const scanned = [...plan.matchAll(/Seq Scan on (\w+)/g)].map((match) => match[1] ?? '');
      expect({ text, scanned: scanned.filter((table) => !small.includes(table)) }).toEqual({ text, scanned: [] });
      if (/Index (Only )?Scan/.test(plan)) indexed += 1;
    }
    expect(indexed).toBeGreaterThan(0);
  });
});

/** Rollouts of one route each; all intents settled but for 20 pending and 20 sent. */
async function fill(pool: pg.Pool): Promise<void> {
  const n = [many];
  await pool.query(
    `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, ownership, expected, created_by)
     SELECT 'rte_' || n, 'prj_1', CASE WHEN n <= 100 THEN 'acc_1' ELSE 'acc_2' END, 'rte_' || n, 'arn:rte_' || n, 'arn:lb', 'arn:listener/' || n, 'HTTP', 80, true, '{"kind": "unowned"}', '[]', 'test'
     FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_by)
     SELECT b || n, 'prj_1', 'rte_' || n, 'clu_' || b, b, 'ns', 's', '80', 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/' || b || '-rte_' || n || '/1', 'ip', 'test'
     FROM generate_series(1, $1::int) n, unnest(ARRAY['red', 'black']) b`,
    n,
  );
  for (const i of [77, 78])
    await pool.query('INSERT INTO frozen_plans (id, body) VALUES ($1, $2)', [
      `plan_${String(i)}`,
      JSON.stringify(planOf([`rte_${String(i)}`])),
    ]);
  await pool.query(
    `INSERT INTO frozen_plans (id, body) SELECT 'plan_' || n, (SELECT body FROM frozen_plans LIMIT 1) FROM generate_series(1, $1::int) n ON CONFLICT DO NOTHING`,
    n,
  );
  await pool.query(
    `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, step_index, reason, message, created_by)
     SELECT 'rol_' || n, 'prj_1', 'pln_1', 1, 'r', 'Running', 'plan_' || n, 1, 2, 0, 'StepIsHolding', '-', 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO rollout_routes (rollout_id, route_id, position) SELECT 'rol_' || n, 'rte_' || n, 0 FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO claims (route_id, rollout_id) SELECT 'rte_' || n, 'rol_' || n FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO wakeups (rollout_id, at) SELECT 'rol_' || n, clock_timestamp() + CASE WHEN n <= 20 THEN interval '-1 s' ELSE interval '1 h' END FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO facts (account_id, subject, at, period_ms, look)
     SELECT 'acc_1', s || n, clock_timestamp(), 1000, '{"ok": false, "transient": true, "code": "x", "message": "x"}' FROM generate_series(1, $1::int) n, unnest(ARRAY['action/arn:rte_', 'owner/arn:rte_']) s`,
    n,
  );
  await pool.query(
    `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor) SELECT 'dec_' || n, 'prj_1', 'rol_' || n, 'shift', 'x', 'x', 'test' FROM generate_series(1, $1::int) n`,
    n,
  );
  await pool.query(
    `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority, state, goal, after, min_healthy_targets, settled_at, epoch, grant_id, sent_at)
     SELECT s.state || '_' || n, 'prj_1', 'acc_1', 'gtw_1', 'rol_' || n, 'rte_' || n, 'arn:listener/' || n, 'dec_' || n, 'step', 2, s.state, '{"kind": "shares", "shares": {}}', '[]', 1,
            CASE WHEN s.state = 'applied' THEN clock_timestamp() END, 7, $2, CASE WHEN s.state <> 'pending' THEN clock_timestamp() END
     FROM generate_series(1, $1::int) n, LATERAL (SELECT CASE WHEN n <= 20 THEN 'pending' WHEN n <= 40 THEN 'sent' ELSE 'applied' END AS state) s`,
    [many, fence.grantId],
  );
  await pool.query('ANALYZE');
}
