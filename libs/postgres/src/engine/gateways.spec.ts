import { performance } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Gateways, Timers, type GatewayGrant, type GatewaySettings, type Timer } from '@sluice/control';
import { createTestDatabase, eventually, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { PostgresGatewayStore } from './gateway-store.js';
import { PostgresSignals } from './signals.js';

const settings: GatewaySettings = {
  leaseMs: 3_000,
  writeTimeoutMs: 500,
  leaseMarginMs: 200,
  moveEveryMs: 60_000,
  leaveWithinMs: 1_000,
  pollMs: 1_000,
};
const unspent = { perSecond: 0, allowedPerSecond: 5, tokens: 20 };
const spending = { reads: unspent, writes: unspent, lookEveryMs: 30_000 };
const log = { info: () => undefined, warn: () => undefined };

class NodeTimers extends Timers {
  now(): number {
    return performance.now();
  }
  after(ms: number, run: () => void): Timer {
    const timer = setTimeout(run, Math.max(0, ms));
    return { cancel: () => clearTimeout(timer) };
  }
}

describe('gateways of several replicas on one Postgres', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  const ends: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
    pool.on('error', () => undefined);
  });
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    await pool.query('TRUNCATE gateways, accounts, replicas');
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const seed = (count: number) =>
    pool.query(
      `WITH made AS (INSERT INTO gateways (id, partition, aws_account_id, region)
         SELECT 'gtw_' || n, 'aws', lpad(n::text, 12, '0'), 'eu-central-1' FROM generate_series(1, $1) n RETURNING id)
       INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
       SELECT 'acc_' || id, 'prj_1', id, '0', 'eu-central-1', 'x', id, '{}', 'test' FROM made`,
      [count],
    );

  /** `die`: its connections break and nothing of it runs any more, as after kill -9. */
  const replica = async (owner: string, inFlight: Readonly<Record<string, readonly string[]>> = {}) => {
    const store = new PostgresGatewayStore(database.url, settings.leaseMs);
    const signals = new PostgresSignals(database.url);
    await signals.start();
    const grants: GatewayGrant[] = [];
    const gateways = new Gateways({
      owner,
      store,
      busy: () => Promise.resolve([]),
      signals,
      timers: new NodeTimers(),
      settings,
      log,
      create: (grant) => {
        grants.push(grant);
        return {
          fence: grant,
          renewed: () => undefined,
          inFlightRouteIds: () => inFlight[grant.gatewayId] ?? [],
          hasOpenEmergency: () => false,
          spending: () => spending,
          close: () => Promise.resolve(),
          wake: () => undefined,
        };
      },
    });
    await gateways.start();
    const end = async () => {
      await gateways.stop();
      await signals.stop();
      await store.close();
    };
    ends.push(end);
    return { gateways, grants, stop: () => gateways.stop(), die: () => store.close().then(() => gateways.stop()) };
  };
  const ownedBy = async (owner: string): Promise<number> => {
    const { rows } = await pool.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM gateways WHERE owner = $1 AND lease_until >= clock_timestamp()',
      [owner],
    );
    return rows[0]!.n;
  };

  it('are all taken over within a second of one stopping, and only what it had under way waits', async () => {
    await seed(20);
    const a = await replica('a', { gtw_3: ['rou_1'] });
    const b = await replica('b');
    const before = performance.now();
    await a.stop();
    await eventually('all of them at b', async () => b.grants.length === 20 || null);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(b.grants.filter((grant) => grant.writesInMs > 0)).toMatchObject([
      { gatewayId: 'gtw_3', waitOutRouteIds: ['rou_1'] },
    ]);
    expect(b.gateways.isHeld('gtw_3')).toBe(true);
    expect(a.gateways.isHeld('gtw_3')).toBe(false);
  });

  it('of one that was killed are taken within its lease and a twentieth, and nothing is written there before the wait-out', async () => {
    await seed(3);
    const a = await replica('a');
    const b = await replica('b');
    const before = performance.now();
    await a.die();
    await eventually('all of them at b', async () => (await ownedBy('b')) === 3 || null);
    expect(performance.now() - before).toBeLessThan(1.5 * settings.leaseMs);
    for (const grant of b.grants) {
      expect(grant.waitOutRouteIds).toBeNull();
      expect(grant.writesInMs).toBeGreaterThan(settings.writeTimeoutMs / 2);
    }
  }, 20_000);

  it('stay with who lives while its lease connection is killed again and again', async () => {
    await seed(3);
    await replica('a');
    for (let i = 0; i < 5; i += 1) {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice leases' AND datname = current_database()`,
      );
      const { rows } = await pool.query<{ until: Date }>('SELECT min(lease_until) AS until FROM gateways');
      await eventually('a renewal after that', async () => {
        const after = await pool.query<{ ok: boolean }>('SELECT min(lease_until) > $1 AS ok FROM gateways', [
          rows[0]!.until,
        ]);
        return after.rows[0]!.ok || null;
      });
    }
    const { rows } = await pool.query('SELECT DISTINCT epoch, owner FROM gateways');
    expect(rows).toEqual([{ epoch: '1', owner: 'a' }]);
  }, 30_000);
});
