import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import { EngineWorld, eventually } from './harness.js';

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

  it('an idle replica sends fewer than 20 statements a second', async () => {
    await world.replica('idle', {
      settings: { leaseMs: 10_000, pollMs: 1_000, minPeriodMs: 10_000, recordDelayMs: 1_000 },
    });
    await eventually('the gateway taken', async () => {
      const { rows } = await world.pool.query(`SELECT 1 FROM gateways WHERE owner = 'idle'`);
      return rows.length === 1;
    });
    const before = await transactions();
    await after(4_000); // what is measured is a rate: there is no event to wait for
    expect(((await transactions()) - before) / 4).toBeLessThan(20);
  });

  it('says that nothing is due when no rollout waits for a time', async () => {
    expect(await world.store.nextWakeInMs()).toBeNull();
  });
});
