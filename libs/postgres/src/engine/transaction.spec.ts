import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, deferred, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { openDatabase, type Database } from '../prisma.js';
import { inTransaction } from './transaction.js';

describe('a transaction whose process falls silent', () => {
  let test: TestDatabase;
  let database: Database;
  let other: pg.Client;
  beforeEach(async () => {
    test = await createTestDatabase();
    database = openDatabase(test.url, { silentInTransactionMs: 100 });
    other = new pg.Client({ connectionString: test.url });
    await other.connect();
  });
  afterEach(async () => {
    await other.end();
    await database.close();
    await test.drop();
  });

  it('lets others have its locks, fails when it goes on, and hurts nobody else in its process', async () => {
    const locked = deferred<void>();
    const goesOn = deferred<void>();
    const silent = inTransaction(database.pool, async (client) => {
      await client.query('LOCK TABLE projects');
      locked.resolve();
      await goesOn.promise;
      await client.query('SELECT 1');
    });
    await locked.promise;
    await other.query('BEGIN; LOCK TABLE projects; COMMIT');
    goesOn.resolve();
    await expect(silent).rejects.toThrow(/idle-in-transaction timeout|connection/);
    const { rows } = await inTransaction(database.pool, (client) => client.query('SELECT 1 AS one'));
    expect(rows).toEqual([{ one: 1 }]);
  });
});
