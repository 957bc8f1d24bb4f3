import type { PoolClient } from 'pg';
import type { OneStatement } from './one-statement.js';

/**
 * Guards come first in every transaction: locked in the order of their keys, so that no two can wait for each other,
 * and held until its end, so that a cordon, pin, freeze or verb is either seen or waits.
 */
export async function guardsHold(client: PoolClient, relied: Readonly<Record<string, bigint>>): Promise<boolean> {
  const keys = Object.keys(relied);
  if (keys.length === 0) return true;
  const { rows } = await client.query<{ key: string; version: string }>(
    'SELECT key, version FROM guards WHERE key = ANY($1) ORDER BY key FOR SHARE',
    [keys],
  );
  const now = new Map(rows.map((row) => [row.key, BigInt(row.version)]));
  return keys.every((key) => now.get(key) === relied[key]);
}

/** The same as parts of a statement; `guarded` has one row, whose `hold` says it. */
export function addGuards(statement: OneStatement, relied: Readonly<Record<string, bigint>>): void {
  const versions = Object.fromEntries(Object.entries(relied).map(([key, version]) => [key, version.toString()]));
  const wanted = statement.json(versions);
  statement.with(
    'held',
    `SELECT key, version FROM guards WHERE key = ANY(${statement.value(Object.keys(relied))}) ORDER BY key FOR SHARE`,
  );
  statement.with(
    'guarded',
    `SELECT NOT EXISTS (SELECT 1 FROM jsonb_each_text(${wanted}) AS w LEFT JOIN held ON held.key = w.key
                        WHERE held.version IS DISTINCT FROM w.value::bigint) AS hold`,
  );
}

/** Takes a guard for itself: for whoever is going to move it. */
export async function lockGuard(client: PoolClient, key: string): Promise<void> {
  await client.query('SELECT 1 FROM guards WHERE key = $1 FOR NO KEY UPDATE', [key]);
}

/** From here on nothing older that relies on it is sent. Returns its new version. */
export async function moveGuard(client: PoolClient, key: string): Promise<bigint> {
  const { rows } = await client.query<{ version: string }>(
    'UPDATE guards SET version = version + 1 WHERE key = $1 RETURNING version',
    [key],
  );
  return BigInt(rows[0]?.version ?? 0);
}
