import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of one test's own: all migrations applied, nothing in it. */
export interface TestDatabase {
  readonly url: string;
  /** Drops it, ending whatever is still connected. */
  drop(): Promise<void>;
}

/**
 * Clones the migrated template that `npm test` has prepared.
 * @throws Error when there is none, because Jest was started by itself.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const adminUrl = process.env['SLUICE_TEST_DATABASE_URL'];
  const template = process.env['SLUICE_TEST_TEMPLATE'];
  if (!adminUrl || !template) {
    throw new Error(
      'This test needs PostgreSQL, which `npm test` starts: run `npm test -- <path of the test>` instead of Jest itself.',
    );
  }
  const name = `sluice_test_${randomBytes(8).toString('hex')}`;
  await runSql(adminUrl, `CREATE DATABASE ${pg.escapeIdentifier(name)} TEMPLATE ${pg.escapeIdentifier(template)}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    url: url.toString(),
    drop: () => runSql(adminUrl, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  };
}

async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
