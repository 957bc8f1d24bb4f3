import type { PoolClient } from 'pg';
import { Conflict, listed } from '@sluice/domain';

/**
 * Takes the claims of a rollout on its routes. Conflict `RouteIsBusy` names who holds one, or that a write is
 * outstanding; `RouteMissing` where Sluice has let go of a route since.
 */
export async function takeClaims(client: PoolClient, rolloutId: string): Promise<void> {
  const { rows: gone } = await client.query<{ route_id: string }>(
    `SELECT x.route_id FROM rollout_routes x WHERE x.rollout_id = $1 AND NOT EXISTS (SELECT 1 FROM routes r WHERE r.id = x.route_id)`,
    [rolloutId],
  );
  if (gone.length > 0)
    throw new Conflict(
      'RouteMissing',
      `Sluice has let go of ${listed(gone.map((row) => row.route_id))} since; set the weights in AWS by hand.`,
      { routes: gone.map((row) => row.route_id) },
    );
  await client.query(
    `INSERT INTO claims (route_id, rollout_id) SELECT route_id, rollout_id FROM rollout_routes WHERE rollout_id = $1 ORDER BY route_id
     ON CONFLICT (route_id) DO NOTHING`,
    [rolloutId],
  );
  // a one-off write locks its route before it looks for claims: whoever comes second sees the first. The rollout's own rows
  // go before the routes, as where a write is settled
  await client.query('SELECT 1 FROM rollout_routes WHERE rollout_id = $1 ORDER BY route_id FOR UPDATE', [rolloutId]);
  await client.query(
    'SELECT 1 FROM routes WHERE id IN (SELECT route_id FROM rollout_routes WHERE rollout_id = $1) ORDER BY id FOR SHARE',
    [rolloutId],
  );
  const { rows: taken } = await client.query<{ name: string; holder: string | null }>(
    `SELECT r.name, c.rollout_id AS holder FROM rollout_routes x JOIN routes r ON r.id = x.route_id
     LEFT JOIN claims c ON c.route_id = x.route_id
     WHERE x.rollout_id = $1 AND (c.rollout_id IS DISTINCT FROM $1 OR EXISTS (
       SELECT 1 FROM intents i WHERE i.route_id = x.route_id AND i.state IN ('pending', 'sent') AND i.rollout_id IS DISTINCT FROM $1))
     ORDER BY r.name`,
    [rolloutId],
  );
  if (taken.length === 0) return;
  const holders = [
    ...new Set(taken.flatMap((row) => (row.holder === null || row.holder === rolloutId ? [] : [row.holder]))),
  ];
  const who = holders.length > 0 ? `Rollout ${listed(holders)}` : 'A write that is outstanding';
  throw new Conflict(
    'RouteIsBusy',
    `${who} moves ${listed(taken.map((row) => row.name))}. Wait for it to end, or abort it.`,
    { routes: taken.map((row) => row.name), rolloutIds: holders },
  );
}

export async function releaseClaims(client: PoolClient, rolloutId: string): Promise<void> {
  await client.query('DELETE FROM claims WHERE rollout_id = $1', [rolloutId]);
}

/** Conflict `NewerMoveExists` where something decided after this rollout explains what is live on one of its routes. */
export async function refuseOverNewer(client: PoolClient, rolloutId: string): Promise<void> {
  const { rows } = await client.query<{ name: string; rollout_id: string | null; decision_id: string }>(
    `SELECT r.name, d.rollout_id, d.id AS decision_id
     FROM rollout_routes x JOIN routes r ON r.id = x.route_id JOIN decisions d ON d.id = r.explained_by
     WHERE x.rollout_id = $1 AND d.rollout_id IS DISTINCT FROM $1
       AND d.seq > (SELECT min(seq) FROM decisions WHERE rollout_id = $1 AND kind = 'start')
     ORDER BY r.name`,
    [rolloutId],
  );
  if (rows.length === 0) return;
  const movers = [
    ...new Set(rows.map((row) => (row.rollout_id ? `rollout ${row.rollout_id}` : `decision ${row.decision_id}`))),
  ];
  throw new Conflict(
    'NewerMoveExists',
    `Something newer has moved ${listed(rows.map((row) => row.name))} since: ${listed(movers)}. Roll that back instead; or send rollback with force and a reason to go over it.`,
    { routes: rows.map((row) => row.name), rolloutIds: [...new Set(rows.flatMap((row) => row.rollout_id ?? []))] },
  );
}
