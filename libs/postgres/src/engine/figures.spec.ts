import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { rolloutStates } from '@sluice/domain';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { readFigures } from './figures.js';

let database: TestDatabase;
let pool: pg.Pool;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

it('an empty installation has nothing, and nothing waits', async () => {
  expect(await readFigures(pool, 'me')).toEqual({
    rollouts: {},
    intents: {},
    bindings: {},
    clusters: {},
    driftedRoutes: 0,
    gatewaysOwned: 0,
    gatewaysWithoutOwner: 0,
    unprovenAccounts: 0,
    overdueSeconds: 0,
  });
});

it('gateways are counted by their owner, those without an account on them not as ownerless', async () => {
  await pool.query(
    `INSERT INTO gateways (id, partition, aws_account_id, region, owner, lease_until)
     VALUES ('mine', 'aws', '1', 'r', 'me', clock_timestamp() + interval '1 h'), ('another', 'aws', '2', 'r', 'you', clock_timestamp() + interval '1 h'),
            ('expired', 'aws', '3', 'r', 'me', clock_timestamp() - interval '1 s'), ('free', 'aws', '4', 'r', NULL, NULL), ('empty', 'aws', '5', 'r', NULL, NULL)`,
  );
  await pool.query(
    `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
     SELECT 'acc_' || g, 'prj_1', g, '0', 'r', 'x', nullif(g, 'unproven'), '{}', 'test'
     FROM unnest(ARRAY['mine', 'another', 'expired', 'free', 'unproven']) g`,
  );
  await pool.query(
    `INSERT INTO wakeups (rollout_id, at) VALUES ('rol_1', clock_timestamp() - interval '90 s'), ('rol_2', clock_timestamp() + interval '1 h')`,
  );
  const figures = await readFigures(pool, 'me');
  expect(figures).toMatchObject({ gatewaysOwned: 1, gatewaysWithoutOwner: 2, unprovenAccounts: 1 });
  expect(figures.overdueSeconds).toBeGreaterThanOrEqual(90);
});

it('rollouts are counted while they have not ended', async () => {
  await pool.query(
    `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, reason, message, created_by)
     SELECT state, 'prj_1', 'pln_1', 1, 'r', state, 'x', 1, 1, 'x', '-', 'test' FROM unnest($1::text[]) state`,
    [rolloutStates],
  );
  const open = { Scheduled: 1, Running: 1, Paused: 1, Blocked: 1, Suspended: 1, RollingBack: 1 };
  expect((await readFigures(pool, 'me')).rollouts).toEqual(open);
});
