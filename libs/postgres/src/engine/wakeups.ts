import type { PoolClient } from 'pg';
import { wakerSleepMs } from '@sluice/control';
import { OneStatement } from './one-statement.js';

/** Whoever waits for wake-ups looks this often anyway: one that is further away is told to nobody. */
const soon = `now() + ${String(wakerSleepMs)} * interval '1 ms'`;
const tellIfSoon = `CASE WHEN wakeups.at < ${soon} THEN pg_notify('sluice_rollouts', '') END`;

/**
 * As a part of a statement, if the part `author` has its one row: sets when a rollout is decided again, by Postgres's clock;
 * null = an event will say. Replaces only wishes that the decision has seen: what woke the rollout since it was loaded
 * (`seenWoken`, null = there was no wake-up) still wakes it.
 */
export function addWakeup(
  statement: OneStatement,
  author: string,
  wakeup: {
    readonly rolloutId: string;
    readonly atMs: number | null;
    readonly priority: number;
    readonly seenWoken: bigint | null;
  },
): void {
  const { value } = statement;
  const rolloutId = value(wakeup.rolloutId);
  const seen = `${value(wakeup.seenWoken)}::bigint`;
  if (wakeup.atMs === null) {
    statement.with('wakeup', `DELETE FROM wakeups USING ${author} WHERE rollout_id = ${rolloutId} AND woken = ${seen}`);
    return;
  }
  statement.with(
    'wakeup',
    `INSERT INTO wakeups (rollout_id, at, priority)
     SELECT ${rolloutId}, to_timestamp(${value(wakeup.atMs)}::float8 / 1000), ${value(wakeup.priority)}::int FROM ${author}
     ON CONFLICT (rollout_id) DO UPDATE SET priority = excluded.priority,
       at = CASE WHEN wakeups.woken = ${seen} THEN excluded.at ELSE least(wakeups.at, excluded.at) END
     RETURNING ${tellIfSoon}`,
  );
}

/** Wakes a rollout that decides, in `inMs` at the latest: what it waits for has changed. */
export async function wakeRollout(client: PoolClient, rolloutId: string, inMs: number): Promise<void> {
  const statement = new OneStatement();
  addWake(statement, statement.value(rolloutId), `${statement.value(inMs)}::float8`);
  await statement.run(client, 'SELECT 1');
}

/** The same as a part of a statement; both are expressions of it. */
export function addWake(statement: OneStatement, rolloutId: string, inMs: string): void {
  statement.with(
    'wake',
    `INSERT INTO wakeups (rollout_id, at, priority)
     SELECT id, clock_timestamp() + ${inMs} * interval '1 ms', CASE WHEN state = 'RollingBack' THEN 0 ELSE 1 END
     FROM rollouts WHERE id = ${rolloutId} AND state IN ('Running', 'RollingBack')
     ON CONFLICT (rollout_id) DO UPDATE
       SET at = least(wakeups.at, excluded.at), priority = excluded.priority, woken = excluded.woken
     RETURNING ${tellIfSoon}`,
  );
}
