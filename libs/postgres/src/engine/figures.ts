import type { Pool } from 'pg';

/** How things stand in the whole database, and which of its lanes are one replica's. Counts; states without any are left out. */
export interface Figures {
  readonly rollouts: Readonly<Record<string, number>>;
  /** Intents that are pending or sent. */
  readonly intents: Readonly<Record<string, number>>;
  readonly bindings: Readonly<Record<string, number>>;
  /** By their last check: `ok`, `failed`, `never`. Retired ones are left out. */
  readonly clusters: Readonly<Record<string, number>>;
  readonly driftedRoutes: number;
  readonly lanesOwned: number;
  readonly lanesWithoutOwner: number;
  /** For how long the rollout that is most overdue has been waiting to be decided, in seconds. */
  readonly overdueSeconds: number;
}

/** Lease ends and wake-ups are judged by Postgres's clock, as the engine does. `$1`: the replica. */
const query = `
  SELECT 'rollouts' AS figure, state AS label, count(*)::float8 AS value FROM rollouts GROUP BY state
  UNION ALL SELECT 'intents', state, count(*) FROM intents WHERE state IN ('pending', 'sent') GROUP BY state
  UNION ALL SELECT 'bindings', state, count(*) FROM bindings GROUP BY state
  UNION ALL SELECT 'clusters', CASE WHEN checked_at IS NULL THEN 'never' WHEN check_result->'ok' = 'true' THEN 'ok' ELSE 'failed' END,
                   count(*) FROM clusters WHERE retired_by IS NULL GROUP BY 2
  UNION ALL SELECT 'driftedRoutes', '', count(*) FROM routes WHERE drift IS NOT NULL
  UNION ALL SELECT 'lanesOwned', '', count(*) FROM lanes WHERE owner = $1 AND lease_until >= clock_timestamp()
  UNION ALL SELECT 'lanesWithoutOwner', '', count(*) FROM lanes WHERE owner IS NULL OR lease_until < clock_timestamp()
  UNION ALL SELECT 'overdueSeconds', '', coalesce(extract(epoch FROM clock_timestamp() - min(wake_at)), 0)::float8
                   FROM rollouts WHERE wake_at < clock_timestamp()`;

/**
 * Reads them in one statement.
 * @param replica as in the lanes' `owner`
 */
export async function readFigures(pool: Pool, replica: string): Promise<Figures> {
  const { rows } = await pool.query<{ figure: keyof Figures; label: string; value: number }>(query, [replica]);
  const byLabel = (figure: keyof Figures) =>
    Object.fromEntries(rows.filter((row) => row.figure === figure).map((row) => [row.label, row.value]));
  const single = (figure: keyof Figures) => rows.find((row) => row.figure === figure)?.value ?? 0;
  return {
    rollouts: byLabel('rollouts'),
    intents: byLabel('intents'),
    bindings: byLabel('bindings'),
    clusters: byLabel('clusters'),
    driftedRoutes: single('driftedRoutes'),
    lanesOwned: single('lanesOwned'),
    lanesWithoutOwner: single('lanesWithoutOwner'),
    overdueSeconds: single('overdueSeconds'),
  };
}
