// Brings a database to the newest migration, as `prisma migrate deploy` does: same table, checksums and advisory lock, so
// that either may carry on where the other stopped. Needs nothing but `pg`, and so runs in the image too.
// `npm run db:deploy` (DATABASE_URL names the database).
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { inRoot, isMain } from './lib/paths.mjs';
import { ToolError, main, say } from './lib/say.mjs';

const PRISMA_MIGRATE_LOCK = 72707369;
const TABLE = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL,
  "checksum" VARCHAR(64) NOT NULL,
  "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL,
  "logs" TEXT,
  "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(),
  "applied_steps_count" INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Applies what is missing, in order, each migration in one transaction; runs started at the same time wait for each other.
 * @param {{ url: string, dir?: string, lockTimeoutMs?: number }} options `dir` is the folder of migrations.
 * @returns the names of the migrations it applied.
 * @throws ToolError when an earlier migration has failed, one was edited after it was applied, or one fails now.
 */
export async function deploy({ url, dir = inRoot('prisma/migrations'), lockTimeoutMs = 30_000 }) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${Number(lockTimeoutMs)}`);
    await client.query(`SELECT pg_advisory_lock(${PRISMA_MIGRATE_LOCK})`);
    await client.query('SET lock_timeout = 0');
    await client.query(TABLE);
    const missing = missingFrom(migrationsIn(dir), await history(client));
    for (const migration of missing) await apply(client, migration);
    return missing.map((migration) => migration.name);
  } finally {
    await client.end();
  }
}

/** The migrations of a folder in order: `{ name, sql, checksum }`. */
export function migrationsIn(dir) {
  if (!existsSync(dir)) return [];
  const names = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return names
    .map((entry) => entry.name)
    .sort()
    .map((name) => {
      const sql = readFileSync(path.join(dir, name, 'migration.sql'));
      return { name, sql: sql.toString('utf8'), checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

async function history(client) {
  const { rows } = await client.query(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  );
  const failed = rows.filter((row) => row.finished_at === null).map((row) => row.migration_name);
  if (failed.length > 0) {
    throw new ToolError(
      `migration ${failed.join(', ')} failed earlier and changed nothing. Put its cause right, then set rolled_back_at ` +
        'of its row in _prisma_migrations (as `prisma migrate resolve --rolled-back` does) and deploy again',
    );
  }
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

function missingFrom(migrations, applied) {
  const edited = migrations.filter(({ name, checksum }) => applied.has(name) && applied.get(name) !== checksum);
  if (edited.length > 0) {
    throw new ToolError(
      `migration ${edited.map(({ name }) => name).join(', ')} was edited after it had been applied here. ` +
        'Bring back its text and put the change into a new migration',
    );
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client, { name, sql, checksum }) {
  const id = randomUUID();
  await client.query('INSERT INTO "_prisma_migrations" (id, checksum, migration_name) VALUES ($1, $2, $3)', [
    id,
    checksum,
    name,
  ]);
  try {
    await client.query(sql); // the simple protocol: all of its statements are one implicit transaction
  } catch (error) {
    await client.query('UPDATE "_prisma_migrations" SET logs = $2 WHERE id = $1', [id, error.message]);
    throw new ToolError(`migration ${name} failed and was undone: ${error.message}`);
  }
  await client.query('UPDATE "_prisma_migrations" SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [
    id,
  ]);
}

if (isMain(import.meta)) {
  await main(async () => {
    const url = process.env.DATABASE_URL;
    if (!url) throw new ToolError('DATABASE_URL is not set: it names the database to bring up to date');
    const applied = await deploy({ url });
    for (const name of applied) say(`applied ${name}`);
    say(applied.length === 0 ? 'the database is up to date' : `${applied.length} migrations applied`);
  });
}
