import pg from 'pg';
import type { GatewayGrant, GatewayTerms, Handover, Renewal, Spread } from '@sluice/control';
import { GatewayStore } from '@sluice/control';
import { gatewayTerms as terms, type TermsRow } from './gateway-terms.js';

const now = 'clock_timestamp()';
const inMs = (parameter: string) => `clock_timestamp() + ${parameter} * interval '1 ms'`;
const isFree = `(g.owner IS NULL OR g.lease_until < ${now})`;
const isUsed = `EXISTS (SELECT 1 FROM accounts a WHERE a.gateway_id = g.id)`;

/** An owner whose own wait-out isn't over leaves the next one that too. */
const freed = (handovers: string) => `
  UPDATE gateways g
  SET owner = NULL, lease_until = NULL, grant_id = NULL,
      in_flight = CASE WHEN coalesce(g.writes_from < ${now}, true) THEN h.routes ELSE g.in_flight || h.routes END
  FROM ${handovers} WHERE g.id = h.gateway_id AND g.epoch = h.epoch AND g.grant_id = h.grant_id RETURNING g.id`;
const handoversOf = `jsonb_to_recordset($1::jsonb) AS h (gateway_id text, epoch bigint, grant_id uuid, routes jsonb)`;

/**
 * Leases of gateways in Postgres. It has one connection of its own, so that nothing else the process does with the
 * database delays a renewal. Connecting and a statement may take a sixth of the lease each: a renewal that had to wait
 * for a statement before it, and then to connect, still comes before its lease ends. A connection that broke or was
 * too slow is replaced with the next statement.
 */
export class PostgresGatewayStore extends GatewayStore {
  private readonly connection: pg.Pool;

  constructor(connectionString: string, leaseMs: number) {
    super();
    const patienceMs = Math.max(50, Math.floor(leaseMs / 6));
    this.connection = new pg.Pool({
      connectionString,
      max: 1,
      connectionTimeoutMillis: patienceMs,
      statement_timeout: patienceMs,
      query_timeout: patienceMs,
      idleTimeoutMillis: 0,
      keepAlive: true,
      application_name: 'sluice leases',
    });
    // one that breaks while idle is replaced; without a listener it would end the process
    this.connection.on('error', () => undefined);
  }

  close(): Promise<void> {
    return this.connection.ended ? Promise.resolve() : this.connection.end();
  }

  async claim(owner: string, leaseMs: number, waitOutMs: number, most: number): Promise<readonly GatewayGrant[]> {
    // the wait-out counts from now, not from the old lease's end: a clock that jumped ahead would have shortened it
    const { rows } = await this.connection.query<
      TermsRow & { epoch: string; grant_id: string; writes_in_ms: string; in_flight: string[] | null }
    >(
      `WITH free AS MATERIALIZED (
         SELECT g.id, g.owner IS NULL AS was_released FROM gateways g WHERE ${isFree} AND ${isUsed}
         ORDER BY g.id LIMIT $4 FOR UPDATE SKIP LOCKED),
       taken AS (
         UPDATE gateways g
         SET owner = $1, epoch = g.epoch + 1, grant_id = gen_random_uuid(), lease_until = ${inMs('$2')},
             spending = NULL, spending_at = NULL,
             in_flight = CASE WHEN free.was_released THEN g.in_flight END,
             writes_from = CASE WHEN free.was_released AND g.in_flight = '[]' THEN NULL
                                WHEN free.was_released AND g.in_flight IS NULL THEN g.writes_from
                                ELSE greatest(g.writes_from, ${inMs('$3')}) END
         FROM free WHERE g.id = free.id RETURNING g.*)
       SELECT g.id, g.epoch, g.grant_id, g.in_flight, t.account_ids, t.budget,
              coalesce(greatest(0, extract(epoch FROM g.writes_from - ${now}) * 1000), 0) AS writes_in_ms
       FROM taken g CROSS JOIN LATERAL (${terms}) t ORDER BY g.id`,
      [owner, leaseMs, waitOutMs, most],
    );
    return rows.map((row) => ({
      ...termsIn(row),
      epoch: BigInt(row.epoch),
      grantId: row.grant_id,
      leaseMs,
      writesInMs: Number(row.writes_in_ms),
      waitOutRouteIds: row.in_flight,
    }));
  }

  async renew(owner: string, renewals: readonly Renewal[], leaseMs: number): Promise<readonly GatewayTerms[]> {
    const { rows } = await this.connection.query<TermsRow>(
      `WITH alive AS (
         INSERT INTO replicas (id, lease_until) VALUES ($1, ${inMs('$2')})
         ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until),
       prolonged AS (
         UPDATE gateways g SET lease_until = ${inMs('$2')}, spending = mine.spending, spending_at = ${now}
         FROM unnest($3::text[], $4::bigint[], $5::uuid[], $6::jsonb[]) AS mine (gateway_id, epoch, grant_id, spending)
         WHERE g.id = mine.gateway_id AND g.epoch = mine.epoch AND g.grant_id = mine.grant_id AND ${isUsed}
         RETURNING g.id)
       SELECT g.id, t.account_ids, t.budget FROM prolonged g CROSS JOIN LATERAL (${terms}) t`,
      [
        owner,
        leaseMs,
        renewals.map((one) => one.gatewayId),
        renewals.map((one) => one.epoch.toString()),
        renewals.map((one) => one.grantId),
        renewals.map((one) => (one.spending === undefined ? null : JSON.stringify(one.spending))),
      ],
    );
    return rows.map(termsIn);
  }

  async release(handover: Handover): Promise<void> {
    await this.connection.query(
      `WITH freed AS (${freed(handoversOf)}) SELECT pg_notify('sluice_gateways', id) FROM freed`,
      [parameterOf([handover])],
    );
  }

  async leave(owner: string, handovers: readonly Handover[]): Promise<void> {
    // told also with nothing to hand over: the others' shares are larger now
    await this.connection.query(
      `WITH gone AS (DELETE FROM replicas WHERE id = $2 OR lease_until < ${now} - interval '1 hour'),
            freed AS (${freed(handoversOf)})
       SELECT pg_notify('sluice_gateways', ''), (SELECT count(*) FROM freed)`,
      [parameterOf(handovers), owner],
    );
  }

  async spread(owner: string): Promise<Spread> {
    const { rows } = await this.connection.query<{
      owner: string | null;
      owned: number;
      next_end_in_ms: string | null;
    }>(
      `SELECT owner, count(*) FILTER (WHERE is_gateway)::int AS owned,
              ceil(min(extract(epoch FROM lease_until - ${now}) * 1000) FILTER (WHERE is_gateway)) AS next_end_in_ms
       FROM (SELECT $1::text AS owner, NULL::timestamptz AS lease_until, false AS is_gateway
             UNION ALL SELECT id, lease_until, false FROM replicas WHERE lease_until >= ${now}
             UNION ALL SELECT CASE WHEN NOT ${isFree} THEN g.owner END, g.lease_until, true FROM gateways g WHERE ${isUsed}) AS one
       GROUP BY owner`,
      [owner],
    );
    const living = rows.flatMap(({ owner: name, ...row }) => (name === null ? [] : [{ name, ...row }]));
    const ends = living.flatMap((row) =>
      row.name === owner || row.next_end_in_ms === null ? [] : [Number(row.next_end_in_ms)],
    );
    return {
      owned: Object.fromEntries(living.map((row) => [row.name, row.owned] as const)),
      free: rows.find((row) => row.owner === null)?.owned ?? 0,
      nextEndInMs: ends.length === 0 ? null : Math.max(0, Math.min(...ends)),
    };
  }
}

function termsIn(row: TermsRow): GatewayTerms {
  return { gatewayId: row.id, accountIds: row.account_ids, budget: row.budget };
}

function parameterOf(handovers: readonly Handover[]): string {
  return JSON.stringify(
    handovers.map(({ fence, inFlightRouteIds }) => ({
      gateway_id: fence.gatewayId,
      epoch: fence.epoch.toString(),
      grant_id: fence.grantId,
      routes: inFlightRouteIds,
    })),
  );
}
