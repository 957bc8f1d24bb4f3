import type { Pool } from 'pg';
import { FactStore, type FactWrite, type GatewayFence, type Subject, type Wants } from '@sluice/control';
import { groupsToWatch, type Fact, type Run, type Watched, type WatchedGroup, type Weights } from '@sluice/domain';
import { prepared } from './prepared.js';

type OfRoutes = Awaited<ReturnType<FactStore['ofRoutes']>>;
type StoredLook =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly transient: boolean; readonly code: string; readonly message: string };

interface FactRow {
  account_id: string;
  /** `kind/ARN`, where the kind holds no slash. */
  subject: string;
  at: Date;
  period_ms: number;
  look: StoredLook;
  runs: Run<unknown>[];
}

interface ClaimedRow {
  account_id: string;
  is_going_back: boolean;
  backends: { name: string; targetGroupArn: string }[];
  baseline: Weights | null;
  expected: Weights | null;
  before: Record<string, number> | null;
  current: Record<string, number> | null;
  next: Record<string, number> | null;
}

interface WantedRouteRow {
  account_id: string;
  id: string;
  arn: string;
  listener_arn: string;
  load_balancer_arn: string;
  is_default: boolean;
}

/** Rollouts that hold their routes and may raise somebody. */
const watchedStates = ['Running', 'Paused', 'Blocked', 'RollingBack'];
/** Rollouts that decide by themselves; the others wait for a person or a restore. */
const decidingStates = ['Running', 'RollingBack'];

const routesWanted = `
  SELECT r.account_id, r.id, r.arn, r.listener_arn, r.load_balancer_arn, r.is_default
  FROM accounts a JOIN routes r ON r.account_id = a.id
  WHERE a.gateway_id = $1 ORDER BY r.id`;

/** Each claimed route with its part of the frozen plan, which is taken apart once per rollout. */
const routesClaimed = `
  WITH claimed AS MATERIALIZED (
    SELECT r.account_id, r.id AS route_id, c.rollout_id
    FROM accounts a JOIN routes r ON r.account_id = a.id JOIN claims c ON c.route_id = r.id
    WHERE a.gateway_id = $1),
  active AS MATERIALIZED (
    SELECT o.id, 'RollingBack' IN (o.state, o.paused_from) AS is_going_back, p.body -> 'routes' AS routes,
           CASE WHEN o.step_index > 0 THEN p.body #> ARRAY['steps', (o.step_index - 1)::text, 'shares'] END AS before,
           CASE WHEN o.step_index >= 0 THEN p.body #> ARRAY['steps', o.step_index::text, 'shares'] END AS current,
           p.body #> ARRAY['steps', (o.step_index + 1)::text, 'shares'] AS next
    FROM rollouts o JOIN frozen_plans p ON p.id = o.frozen_plan_id
    WHERE o.state = ANY($2) AND o.id IN (SELECT rollout_id FROM claimed)),
  frozen AS MATERIALIZED (
    SELECT active.id AS rollout_id, route ->> 'id' AS route_id, route -> 'backends' AS backends
    FROM active, jsonb_array_elements(active.routes) AS route)
  SELECT c.account_id, a.is_going_back, f.backends, w.baseline, w.expected, a.before, a.current, a.next
  FROM claimed c JOIN active a ON a.id = c.rollout_id
  JOIN frozen f ON f.rollout_id = c.rollout_id AND f.route_id = c.route_id
  JOIN rollout_routes w ON w.rollout_id = c.rollout_id AND w.route_id = c.route_id
  ORDER BY c.route_id`;

/** Newer looks take the place of older ones, whoever stores them first. `looks`: a table or part with the columns of `toRow`. */
export const storeLooks = (looks: string) => `
    INSERT INTO facts (account_id, subject, at, period_ms, look, runs)
    SELECT account_id, subject, to_timestamp(at_ms / 1000), period_ms, look, runs FROM ${looks} ORDER BY account_id, subject
    ON CONFLICT (account_id, subject) DO UPDATE
      SET at = excluded.at, period_ms = excluded.period_ms, look = excluded.look, runs = excluded.runs
      WHERE excluded.at >= facts.at`;

/** A jsonb of `toRow`s as a table; `more`: further columns. */
export const looksIn = (parameter: string, more = '') =>
  `jsonb_to_recordset(${parameter}) AS l (account_id text, subject text, at_ms float8, period_ms int, look jsonb, runs jsonb${more})`;

/**
 * One statement: the fence, the looks, the wake-ups that they cause. The gateway's row isn't locked, so that a renewal never
 * waits for looks: a look that an old owner stores in the moment of a takeover is true all the same, and `at` orders it.
 */
const recordLooks = `
  WITH mine AS (
    SELECT 1 FROM gateways WHERE id = $1 AND epoch = $2 AND grant_id = $3 AND lease_until > clock_timestamp()),
  looks AS (
    SELECT l.* FROM ${looksIn('$4', ', changed boolean')} WHERE EXISTS (SELECT 1 FROM mine)),
  stored AS (${storeLooks('looks')}
    RETURNING account_id, subject),
  news AS (
    SELECT account_id, split_part(subject, '/', 1) AS kind, substr(subject, strpos(subject, '/') + 1) AS arn
    FROM stored JOIN looks USING (account_id, subject) WHERE looks.changed),
  concerned AS (
    SELECT r.id FROM news n JOIN routes r ON r.arn = n.arn AND r.account_id = n.account_id WHERE n.kind <> 'health'
    UNION
    SELECT r.id FROM news n JOIN backends b ON b.target_group_arn = n.arn
      JOIN routes r ON r.id = b.route_id AND r.account_id = n.account_id WHERE n.kind = 'health'),
  woken AS (
    INSERT INTO wakeups (rollout_id, at, priority)
    SELECT o.id, clock_timestamp(), CASE WHEN o.state = 'RollingBack' THEN 0 ELSE 1 END
    FROM rollouts o
    WHERE o.state = ANY($5) AND o.id IN (SELECT c.rollout_id FROM claims c JOIN concerned ON concerned.id = c.route_id)
    ORDER BY o.id
    ON CONFLICT (rollout_id) DO UPDATE SET at = least(wakeups.at, excluded.at), priority = least(wakeups.priority, excluded.priority), woken = excluded.woken
    RETURNING 1)
  SELECT EXISTS (SELECT 1 FROM mine) AS is_ours,
         CASE WHEN EXISTS (SELECT 1 FROM woken) THEN pg_notify('sluice_rollouts', '') END`;

const factsOfRoutes = `
  SELECT r.id AS route_id, f.* FROM routes r JOIN facts f
    ON f.account_id = r.account_id AND f.subject IN ('action/' || r.arn, 'owner/' || r.arn)
  WHERE r.id = ANY($1)
  UNION ALL
  SELECT NULL, f.* FROM facts f JOIN (
    SELECT DISTINCT r.account_id, b.target_group_arn FROM routes r JOIN backends b ON b.route_id = r.id WHERE r.id = ANY($1)) g
    ON f.account_id = g.account_id AND f.subject = 'health/' || g.target_group_arn`;

/** Facts as rows: one per account record and subject. */
export class PostgresFactStore extends FactStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async wants(gatewayId: string): Promise<Wants> {
    const routes = await this.pool.query<WantedRouteRow>(routesWanted, [gatewayId]);
    const claimed = await this.pool.query<ClaimedRow>(routesClaimed, [gatewayId, watchedStates]);
    return {
      routes: routes.rows.map((row) => ({
        accountId: row.account_id,
        routeId: row.id,
        arn: row.arn,
        listenerArn: row.listener_arn,
        loadBalancerArn: row.load_balancer_arn,
        isDefault: row.is_default,
      })),
      health: healthWanted(claimed.rows),
      fresh: await this.asked(gatewayId),
    };
  }

  async ask(subjects: readonly Subject[]): Promise<number> {
    const { rows } = await this.pool.query<{ at: Date }>(
      `WITH asked AS (
         INSERT INTO look_requests (account_id, subject, asked_at)
         SELECT n.account_id, n.subject, now() FROM jsonb_to_recordset($1) AS n (account_id text, subject text) ORDER BY 1, 2
         ON CONFLICT (account_id, subject) DO UPDATE SET asked_at = excluded.asked_at RETURNING 1)
       SELECT now() AS at, pg_notify('sluice_wants', '') FROM (SELECT count(*) FROM asked) done`,
      [
        JSON.stringify(
          subjects.map(({ accountId, kind, arn }) => ({ account_id: accountId, subject: `${kind}/${arn}` })),
        ),
      ],
    );
    return rows[0]!.at.getTime();
  }

  async first(facts: readonly FactWrite[]): Promise<void> {
    await this.pool.query(storeLooks(looksIn('$1')), [JSON.stringify(facts.map(toRow))]);
  }

  /** Requests are forgotten after a minute: whoever asked has given up by then. */
  private async asked(gatewayId: string): Promise<Wants['fresh']> {
    const { rows } = await this.pool.query<{ account_id: string; kind: 'action' | 'health'; arn: string }>(
      `SELECT q.account_id, split_part(q.subject, '/', 1) AS kind, substr(q.subject, strpos(q.subject, '/') + 1) AS arn
       FROM accounts a JOIN look_requests q ON q.account_id = a.id
       LEFT JOIN facts f ON f.account_id = q.account_id AND f.subject = q.subject
       WHERE a.gateway_id = $1 AND q.asked_at > now() - interval '1 minute' AND (f.at IS NULL OR f.at < q.asked_at)`,
      [gatewayId],
    );
    return rows.map(({ account_id: accountId, kind, arn }) => ({ accountId, kind, arn }));
  }

  async load(gatewayId: string): Promise<readonly FactWrite[]> {
    const { rows } = await this.pool.query<FactRow>(
      'SELECT f.* FROM accounts a JOIN facts f ON f.account_id = a.id WHERE a.gateway_id = $1',
      [gatewayId],
    );
    return rows.map(toFactWrite);
  }

  async record(fence: GatewayFence, facts: readonly FactWrite[], changed: readonly number[]): Promise<boolean> {
    const news = new Set(changed);
    const looks = facts.map((one, i) => ({ ...toRow(one), changed: news.has(i) }));
    const { rows } = await this.pool.query<{ is_ours: boolean }>(
      prepared(recordLooks, [
        fence.gatewayId,
        fence.epoch.toString(),
        fence.grantId,
        JSON.stringify(looks),
        decidingStates,
      ]),
    );
    return rows[0]?.is_ours === true;
  }

  async ofRoutes(routeIds: readonly string[]): Promise<OfRoutes> {
    const { rows } = await this.pool.query<FactRow & { route_id: string | null }>(factsOfRoutes, [routeIds]);
    const actions: Record<string, OfRoutes['actions'][string]> = {};
    const owners: Record<string, OfRoutes['owners'][string]> = {};
    const health: Record<string, OfRoutes['health'][string]> = {};
    for (const row of rows) {
      const one = toFactWrite(row);
      if (one.kind === 'health') health[one.arn] = one.watched;
      else if (one.kind === 'owner') owners[row.route_id!] = one.watched.fact;
      else actions[row.route_id!] = one.watched;
    }
    return { actions, owners, health };
  }
}

/** A look as a row of `facts`. */
export function toRow(one: FactWrite) {
  return {
    account_id: one.accountId,
    subject: `${one.kind}/${one.arn}`,
    at_ms: one.watched.fact.at,
    period_ms: Math.round(one.watched.periodMs),
    look: storedLook(one.watched.fact),
    runs: one.watched.runs,
  };
}

/** A target group of several routes is raised if one of them raises it. */
function healthWanted(rows: readonly ClaimedRow[]): Wants['health'] {
  const wanted = new Map<string, { accountId: string } & WatchedGroup>();
  for (const row of rows) {
    const route = {
      isGoingBack: row.is_going_back,
      backends: row.backends,
      baseline: row.baseline ?? [],
      expected: row.expected ?? row.baseline ?? [],
      before: row.before,
      current: row.current,
      next: row.next,
    };
    for (const group of groupsToWatch(route)) {
      const key = `${row.account_id} ${group.targetGroupArn}`;
      if (wanted.get(key)?.as !== 'raised') wanted.set(key, { accountId: row.account_id, ...group });
    }
  }
  return [...wanted.values()];
}

function storedLook(fact: Fact<unknown>): StoredLook {
  if (fact.ok) return { ok: true, value: fact.value };
  const { transient, code, message } = fact;
  return { ok: false, transient, code, message };
}

/** What stands in a row is what `record` put there. */
function toFactWrite(row: FactRow): FactWrite {
  const slash = row.subject.indexOf('/');
  const watched: Watched<unknown, unknown> = {
    fact: { ...row.look, at: row.at.getTime() },
    periodMs: row.period_ms,
    runs: row.runs,
  };
  return {
    kind: row.subject.slice(0, slash),
    accountId: row.account_id,
    arn: row.subject.slice(slash + 1),
    watched,
  } as FactWrite;
}
