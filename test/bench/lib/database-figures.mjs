// What a stretch of time cost Postgres, from its own counters.
import pg from 'pg';

/** Runs `work(client)` on a connection of its own. */
export async function withClient(connectionString, work) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The installation's database has to load `pg_stat_statements`; call this once before the first `countDuring`. */
export const prepareCounting = (url) =>
  withClient(url, (client) => client.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements'));

/**
 * What the database did while `work` ran.
 * @returns `{ result, statements, walBytes, fullPageImages, byStatement: [{ query, calls, totalMs, walBytes }] }`
 */
export async function countDuring(url, work) {
  const before = await withClient(url, async (client) => {
    await client.query('SELECT pg_stat_statements_reset()');
    return walOf(client);
  });
  const result = await work();
  return withClient(url, async (client) => {
    const after = await walOf(client);
    const { rows } = await client.query(
      `SELECT query, calls::int, total_exec_time AS total_ms, wal_bytes::float8
       FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND query NOT LIKE '%pg_stat_%' ORDER BY calls DESC`,
    );
    return {
      result,
      statements: rows.reduce((sum, row) => sum + row.calls, 0),
      walBytes: after.bytes - before.bytes,
      fullPageImages: after.images - before.images,
      byStatement: rows.map(({ query, calls, total_ms: totalMs, wal_bytes: walBytes }) => ({
        query: query.replace(/\s+/g, ' ').slice(0, 160),
        calls,
        totalMs,
        walBytes,
      })),
    };
  });
}

async function walOf(client) {
  const { rows } = await client.query('SELECT wal_bytes::float8 AS bytes, wal_fpi::int AS images FROM pg_stat_wal');
  return rows[0];
}
