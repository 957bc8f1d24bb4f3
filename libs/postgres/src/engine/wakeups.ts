import type { PoolClient } from 'pg';
import { notify } from './ledger-writes.js';

/**
 * Sets when a rollout is decided again, by Postgres's clock; null = an event will say. Replaces only wishes that the
 * decision has seen: what woke the rollout since it was loaded (`seenWoken`, null = there was no wake-up) still wakes it.
 */
export async function setWakeup(
  client: PoolClient,
  rolloutId: string,
  atMs: number | null,
  priority: number,
  seenWoken: bigint | null,
): Promise<void> {
  if (atMs === null) {
    await client.query('DELETE FROM wakeups WHERE rollout_id = $1 AND woken = $2', [rolloutId, seenWoken]);
    return;
  }
  await client.query(
    `INSERT INTO wakeups (rollout_id, at, priority) VALUES ($1, to_timestamp($2::float8 / 1000), $3)
     ON CONFLICT (rollout_id) DO UPDATE SET priority = excluded.priority,
       at = CASE WHEN wakeups.woken = $4 THEN excluded.at ELSE least(wakeups.at, excluded.at) END`,
    [rolloutId, atMs, priority, seenWoken],
  );
  await notify(client, 'rollouts', '');
}

/** Wakes a rollout that decides, in `inMs` at the latest: what it waits for has changed. */
export async function wakeRollout(client: PoolClient, rolloutId: string, inMs: number): Promise<void> {
  await client.query(
    `INSERT INTO wakeups (rollout_id, at, priority)
     SELECT id, clock_timestamp() + $2 * interval '1 ms', CASE WHEN state = 'RollingBack' THEN 0 ELSE 1 END
     FROM rollouts WHERE id = $1 AND state IN ('Running', 'RollingBack')
     ON CONFLICT (rollout_id) DO UPDATE
       SET at = least(wakeups.at, excluded.at), priority = excluded.priority, woken = excluded.woken`,
    [rolloutId, inMs],
  );
  await notify(client, 'rollouts', '');
}
