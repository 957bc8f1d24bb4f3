import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, describeGatewayStoreContract, eventually, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { PostgresGatewayStore } from './gateway-store.js';

const leaseMs = 60_000;

async function account(client: pg.Client | pg.Pool, gatewayId: string, budget: object = {}): Promise<void> {
  await client.query(
    `INSERT INTO gateways (id, partition, aws_account_id, region) VALUES ($1, 'aws', $1, 'eu-central-1') ON CONFLICT DO NOTHING`,
    [gatewayId],
  );
  await client.query(
    `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
     SELECT 'acc_' || n, 'prj_1', n, '0', 'eu-central-1', 'x', $1, $2, 'test' FROM (SELECT count(*)::text AS n FROM accounts) c`,
    [gatewayId, JSON.stringify(budget)],
  );
}

describeGatewayStoreContract('in Postgres', async () => {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const store = new PostgresGatewayStore(database.url, leaseMs);
  return {
    store,
    account: (gatewayId, budget) => account(client, gatewayId, budget),
    pass: async (ms) => {
      await client.query(
        `UPDATE gateways SET lease_until = lease_until - $1 * interval '1 ms', writes_from = writes_from - $1 * interval '1 ms'`,
        [ms],
      );
      await client.query(`UPDATE replicas SET lease_until = lease_until - $1 * interval '1 ms'`, [ms]);
    },
    close: async () => {
      await store.close();
      await client.end();
      await database.drop();
    },
  };
});

describe('the lease connection', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  const open: PostgresGatewayStore[] = [];
  const storeAt = (url: string, lease = leaseMs): PostgresGatewayStore => {
    const store = new PostgresGatewayStore(url, lease);
    open.push(store);
    return store;
  };
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 2 });
    pool.on('error', () => undefined);
    await account(pool, 'gtw_1');
  });
  afterAll(async () => {
    await Promise.all(open.map((store) => store.close()));
    await pool.end();
    await database.drop();
  });
  const owned = async (store: PostgresGatewayStore) => {
    await pool.query(`UPDATE gateways SET owner = NULL, grant_id = NULL, in_flight = '[]'`);
    return store.claim('a', leaseMs, 0, 1);
  };

  it('is one, whatever is asked at once', async () => {
    const store = storeAt(database.url);
    const fences = await owned(store);
    await Promise.all([
      store.spread('a'),
      store.renew('a', fences, leaseMs),
      store.spread('a'),
      store.claim('a', 1, 1, 1),
    ]);
    const { rows } = await pool.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'sluice leases' AND datname = current_database()`,
    );
    expect(rows).toHaveLength(1);
  });

  it('is opened again after it was killed', async () => {
    const store = storeAt(database.url);
    const fences = await owned(store);
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sluice leases' AND datname = current_database()`,
    );
    // the statement that meets the dead socket may fail, no later one does
    await eventually('a renewal', () => store.renew('a', fences, leaseMs).catch(() => null));
    expect(await store.renew('a', fences, leaseMs)).toHaveLength(1);
  });

  it('renews while every connection of the shared pool is taken and the table of rollouts is locked', async () => {
    const store = storeAt(database.url);
    const fences = await owned(store);
    const [one, other] = [await pool.connect(), await pool.connect()];
    try {
      await one.query('BEGIN');
      await one.query('LOCK TABLE rollouts, intents IN ACCESS EXCLUSIVE MODE');
      const waiting = other.query('SELECT count(*) FROM intents');
      expect(await store.renew('a', fences, leaseMs)).toHaveLength(1);
      await one.query('ROLLBACK');
      await waiting;
    } finally {
      one.release();
      other.release();
    }
  });

  it('gives a blocked statement up within a third of the lease, and works again', async () => {
    const store = storeAt(database.url, 900);
    const fences = await owned(store);
    const blocker = await pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT 1 FROM gateways FOR UPDATE');
      const before = performance.now();
      await expect(store.renew('a', fences, 900)).rejects.toThrow(/timeout/);
      expect(performance.now() - before).toBeLessThan(300);
      await blocker.query('ROLLBACK');
      expect(await store.renew('a', fences, leaseMs)).toHaveLength(1);
    } finally {
      blocker.release();
    }
  });

  it('passes over a gateway that somebody else is taking, and waits for nobody', async () => {
    const store = storeAt(database.url, 900);
    await owned(store);
    await account(pool, 'gtw_2');
    await pool.query(`UPDATE gateways SET owner = NULL, grant_id = NULL`);
    const blocker = await pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query(`SELECT 1 FROM gateways WHERE id = 'gtw_1' FOR UPDATE`);
      expect((await store.claim('a', leaseMs, 0, 10)).map((grant) => grant.gatewayId)).toEqual(['gtw_2']);
      await blocker.query('ROLLBACK');
    } finally {
      blocker.release();
    }
  });

  it('gives up on a server that accepts and says nothing within a third of the lease', async () => {
    const silent = net.createServer(() => undefined);
    const port = await new Promise<number>((resolve) =>
      silent.listen(0, '127.0.0.1', () => resolve((silent.address() as net.AddressInfo).port)),
    );
    const store = storeAt(`postgresql://nobody@127.0.0.1:${port}/none`, 900);
    const before = performance.now();
    await expect(store.spread('a')).rejects.toThrow();
    expect(performance.now() - before).toBeLessThan(300);
    silent.close();
  });
});
