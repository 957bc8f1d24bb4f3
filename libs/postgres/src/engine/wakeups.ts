import type { PoolClient } from 'pg';
import { notify } from './ledger-writes.js';

/** Sets when a rollout is decided again, by Postgres's clock; null = an event will say. Earlier wishes are replaced. */
export async function setWakeup(
  client: PoolClient,
  rolloutId: string,
  atMs: number | null,
  priority: number,
): Promise<void> {
  if (atMs === null) {
    await client.query('DELETE FROM wakeups WHERE rollout_id = $1', [rolloutId]);
    return;
  }
  await client.query(
    `INSERT INTO wakeups (rollout_id, at, priority) VALUES ($1, to_timestamp($2::float8 / 1000), $3)
     ON CONFLICT (rollout_id) DO UPDATE SET at = excluded.at, priority = excluded.priority`,
    [rolloutId, atMs, priority],
  );
  await notify(client, 'rollouts', '');
}

/** Wakes a rollout that decides, in `inMs` at the latest: what it waits for has changed. */
export async function wakeRollout(client: PoolClient, rolloutId: string, inMs: number): Promise<void> {
  await client.query(
    `INSERT INTO wakeups (rollout_id, at, priority)
     SELECT id, clock_timestamp() + $2 * interval '1 ms', CASE WHEN state = 'RollingBack' THEN 0 ELSE 1 END
     FROM rollouts WHERE id = $1 AND state IN ('Running', 'RollingBack')
     ON CONFLICT (rollout_id) DO UPDATE SET at = least(wakeups.at, excluded.at), priority = excluded.priority`,
    [rolloutId, inMs],
  );
  await notify(client, 'rollouts', '');
}
