import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import { EngineWorld, eventually } from './harness.js';

const ofProduction = { leaseMs: 10_000, pollMs: 1_000, recordDelayMs: 1_000 };

describe('what waiting costs Postgres', () => {
  let world: EngineWorld;
  beforeEach(async () => {
    world = await EngineWorld.start();
  });
  afterEach(async () => {
    await world.stop();
  });

  const transactions = async (): Promise<number> => {
    const { rows } = await world.pool.query<{ n: number }>(
      'SELECT xact_commit::int AS n FROM pg_stat_database WHERE datname = current_database()',
    );
    return rows[0]!.n;
  };

  /** What is measured is a rate: there is no event to wait for. */
  const perSecond = async (ms: number): Promise<number> => {
    const before = await transactions();
    await after(ms);
    return ((await transactions()) - before) / (ms / 1_000);
  };

  it('an idle replica sends fewer than 20 statements a second', async () => {
    await world.replica('idle', { settings: { ...ofProduction, minPeriodMs: 10_000 } });
    await eventually('the gateway taken', async () => {
      const { rows } = await world.pool.query(`SELECT 1 FROM gateways WHERE owner = 'idle'`);
      return rows.length === 1;
    });
    expect(await perSecond(4_000)).toBeLessThan(20);
  });

  it('also one that owns fifty gateways where nothing is written', async () => {
    await world.pool.query(
      `INSERT INTO gateways (id, partition, aws_account_id, region) SELECT 'gtw_' || n, 'aws', n::text, 'eu-central-1' FROM generate_series(2, 50) n`,
    );
    await world.pool.query(
      `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
       SELECT 'acc_' || n, 'prj_1', 'account ' || n, n::text, 'eu-central-1', 'x', 'gtw_' || n, '{}', 'test' FROM generate_series(2, 50) n`,
    );
    await world.replica('idle', { settings: { ...ofProduction, minPeriodMs: 30_000 } });
    await eventually('the gateways taken', async () => {
      const { rows } = await world.pool.query(`SELECT 1 FROM gateways WHERE owner = 'idle'`);
      return rows.length === 50;
    });
    await after(1_000); // what is read once per gateway at its start
    expect(await perSecond(7_000)).toBeLessThan(20);
  });

  it('says that nothing is due when no rollout waits for a time', async () => {
    expect(await world.store.claimDue(1, 1_000)).toEqual({ ids: [], nextInMs: null });
  });
});
