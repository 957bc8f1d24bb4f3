// Databases on a server: made, dropped, and the server itself for tools that were given none.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { startPostgres } from './embedded-postgres.mjs';
import { stateDir } from './paths.mjs';

/** Nothing that the tests keep survives the machine, so their server does not wait for the disk. */
const TEST_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export const startTestPostgres = () =>
  startPostgres({ dir: path.join(stateDir, 'test-postgres'), settings: TEST_SETTINGS });

/** Runs statements one by one over a connection of their own; gives the rows of the last. */
export async function query(url, ...statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows = [];
    for (const statement of statements) ({ rows } = await client.query(statement));
    return rows;
  } finally {
    await client.end();
  }
}

export async function createDatabaseIfMissing(url, name) {
  const [found] = await query(url, { text: 'SELECT 1 FROM pg_database WHERE datname = $1', values: [name] });
  if (found === undefined) await query(url, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
}

export const dropDatabase = (url, name) =>
  query(url, `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);

export function withDatabase(url, name) {
  const other = new URL(url);
  other.pathname = `/${name}`;
  return other.toString();
}

/** Runs `work` with the URL of an empty database, on DATABASE_URL's server or else on the embedded one. */
export async function withScratchDatabase(work) {
  const embedded = process.env.DATABASE_URL ? undefined : await startTestPostgres();
  const admin = embedded?.url ?? process.env.DATABASE_URL;
  const name = `sluice_scratch_${randomBytes(6).toString('hex')}`;
  try {
    await query(admin, `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
    return await work(withDatabase(admin, name));
  } finally {
    await dropDatabase(admin, name);
    await embedded?.release();
  }
}
