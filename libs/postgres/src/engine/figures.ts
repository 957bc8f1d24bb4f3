import type { Pool } from 'pg';
import { hasEnded, rolloutStates } from '@sluice/domain';

/** How things stand in the whole database, and which of its gateways are one replica's. Counts; states without any are left out. */
export interface Figures {
  /** Those that have not ended; of each state at most 10,000 are counted. */
  readonly rollouts: Readonly<Record<string, number>>;
  /** Intents that are pending or sent. */
  readonly intents: Readonly<Record<string, number>>;
  readonly bindings: Readonly<Record<string, number>>;
  /** By their last check: `ok`, `failed`, `never`. Retired ones are left out. */
  readonly clusters: Readonly<Record<string, number>>;
  readonly driftedRoutes: number;
  readonly gatewaysOwned: number;
  /** Those on which an account stands. */
  readonly gatewaysWithoutOwner: number;
  /** Whose number isn't proven: nothing of them is read or written. */
  readonly unprovenAccounts: number;
  /** For how long the rollout that is most overdue has been waiting to be decided, in seconds. */
  readonly overdueSeconds: number;
}

/** A scrape costs the same however many wait for tomorrow. */
const mostCounted = 10_000;

const rolloutsOpen = rolloutStates
  .filter((state) => !hasEnded(state))
  .map(
    (state) => `SELECT 'rollouts' AS figure, '${state}' AS label, count(*)::float8 AS value
         FROM (SELECT 1 FROM rollouts WHERE state = '${state}' LIMIT ${mostCounted}) few`,
  );

/** Lease ends and wake-ups are judged by Postgres's clock, as the engine does. `$1`: the replica. */
const query = `
  ${rolloutsOpen.join(' UNION ALL ')}
  UNION ALL SELECT 'intents', state, count(*) FROM intents WHERE state IN ('pending', 'sent') GROUP BY state
  UNION ALL SELECT 'bindings', state, count(*) FROM bindings GROUP BY state
  UNION ALL SELECT 'clusters', CASE WHEN checked_at IS NULL THEN 'never' WHEN check_result->'ok' = 'true' THEN 'ok' ELSE 'failed' END,
                   count(*) FROM clusters WHERE retired_by IS NULL GROUP BY 2
  UNION ALL SELECT 'driftedRoutes', '', count(*) FROM routes WHERE drift IS NOT NULL
  UNION ALL SELECT 'gatewaysOwned', '', count(*) FROM gateways WHERE owner = $1 AND lease_until >= clock_timestamp()
  UNION ALL SELECT 'gatewaysWithoutOwner', '', count(*) FROM gateways g
                   WHERE (owner IS NULL OR lease_until < clock_timestamp()) AND EXISTS (SELECT 1 FROM accounts a WHERE a.gateway_id = g.id)
  UNION ALL SELECT 'unprovenAccounts', '', count(*) FROM accounts WHERE gateway_id IS NULL
  UNION ALL SELECT 'overdueSeconds', '', coalesce(extract(epoch FROM now() - min(at)), 0)::float8
                   FROM wakeups WHERE at < now()`;

/**
 * Reads them in one statement.
 * @param replica as in the gateways' `owner`
 */
export async function readFigures(pool: Pool, replica: string): Promise<Figures> {
  const { rows } = await pool.query<{ figure: keyof Figures; label: string; value: number }>(query, [replica]);
  const byLabel = (figure: keyof Figures) =>
    Object.fromEntries(
      rows.filter((row) => row.figure === figure && row.value > 0).map((row) => [row.label, row.value]),
    );
  const single = (figure: keyof Figures) => rows.find((row) => row.figure === figure)?.value ?? 0;
  return {
    rollouts: byLabel('rollouts'),
    intents: byLabel('intents'),
    bindings: byLabel('bindings'),
    clusters: byLabel('clusters'),
    driftedRoutes: single('driftedRoutes'),
    gatewaysOwned: single('gatewaysOwned'),
    gatewaysWithoutOwner: single('gatewaysWithoutOwner'),
    unprovenAccounts: single('unprovenAccounts'),
    overdueSeconds: single('overdueSeconds'),
  };
}
