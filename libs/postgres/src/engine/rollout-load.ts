import type { Pool, PoolClient } from 'pg';
import type { LoadedRollout, StoredRollout } from '@sluice/control';
import type {
  FrozenPlan,
  FrozenRoute,
  Observation,
  RouteProgress,
  TargetHealth,
  Weights,
  WriteFact,
} from '@sluice/domain';
import type { FrozenPlans } from './frozen-plans.js';
import { prepared } from './prepared.js';
import { ms, type IntentRow, type RolloutRow } from './rows.js';
import {
  entry,
  factOf,
  liveFactOf,
  seenRouteColumns,
  seenRouteJoins,
  type LookColumns,
  type SeenRouteColumns,
} from './seen-route.js';

type Queryable = Pool | PoolClient;

interface RouteRow extends SeenRouteColumns {
  route_id: string;
  step_index: number;
  baseline: Weights | null;
  expected: Weights | null;
  verified_at: Date | null;
  held_ms: string;
  touched: boolean;
  /** null = Sluice has let go of the route since. */
  pinned: string[] | null;
  guard: string | null;
  intent_id: string | null;
  intent_purpose: IntentRow['purpose'] | null;
  intent_state: IntentRow['state'] | null;
  intent_reason: string | null;
  intent_message: string | null;
  intent_live: Weights | null;
}

/** Everything `decide` looks at. With `lock` the rollout's row is locked first: for verbs, inside a transaction. */
export async function loadRollout(
  db: Queryable,
  plans: FrozenPlans,
  id: string,
  lock: boolean,
): Promise<(LoadedRollout & { readonly row: RolloutRow }) | null> {
  const { rows } = await db.query<
    RolloutRow & { now: Date; guard: string; freeze_guard: string; woken: string | null }
  >(
    prepared(
      `SELECT o.*, clock_timestamp() AS now, g.version AS guard, f.version AS freeze_guard, w.woken
     FROM rollouts o JOIN guards g ON g.key = 'rollout/' || o.id JOIN guards f ON f.key = 'freeze/' || o.project_id
     LEFT JOIN wakeups w ON w.rollout_id = o.id
     WHERE o.id = $1${lock ? ' FOR UPDATE OF o' : ''}`,
      [id],
    ),
  );
  const row = rows[0];
  if (!row) return null;
  const plan = await plans.get(db, row.frozen_plan_id);
  const { routes, clusters, health, flying } = await seenRows(db, id, plan);
  return {
    row,
    now: row.now.getTime(),
    revision: row.revision,
    woken: row.woken === null ? null : BigInt(row.woken),
    rollout: toStored(row, plan, routes),
    seen: observation(plan, routes, clusters, health, flying),
    guards: {
      [`rollout/${id}`]: BigInt(row.guard),
      [`freeze/${row.project_id}`]: BigInt(row.freeze_guard),
      ...Object.fromEntries(
        routes.flatMap((one) => (one.guard === null ? [] : [[`route/${one.route_id}`, BigInt(one.guard)]])),
      ),
      ...Object.fromEntries(clusters.map((one) => [`cluster/${one.id}`, BigInt(one.guard)])),
    },
  };
}

interface ClusterRow {
  id: string;
  name: string;
  cordoned: boolean;
  retired: boolean;
  guard: string;
}

interface HealthRow extends LookColumns<TargetHealth, number> {
  subject: string;
}

type OlderWriteRow = Pick<IntentRow, 'id' | 'route_id' | 'purpose' | 'state' | 'reason' | 'message' | 'live'>;

/** Beside the first route: what concerns all of them. */
interface BesideColumns {
  clusters: ClusterRow[] | null;
  health: (Omit<HealthRow, 'at'> & { at_ms: number })[] | null;
  flying: OlderWriteRow[] | null;
}

/** One row per route, with the write that stands for it and the newest looks at its action and owner. */
const selectRoutes = `
  SELECT x.route_id, x.step_index, x.baseline, x.expected, x.verified_at, x.held_ms, x.touched,
         r.pinned, g.version AS guard,
         i.id AS intent_id, i.purpose AS intent_purpose, i.state AS intent_state, i.reason AS intent_reason,
         i.message AS intent_message, i.live AS intent_live,
         ${seenRouteColumns}, beside.*
  FROM rollout_routes x
  LEFT JOIN routes r ON r.id = x.route_id
  LEFT JOIN guards g ON g.key = 'route/' || x.route_id
  LEFT JOIN intents i ON i.id = x.write_id
  ${seenRouteJoins}`;

const clustersBeside = `
  SELECT json_agg(json_build_object('id', c.id, 'name', c.name, 'cordoned', c.cordoned_by IS NOT NULL,
                                    'retired', c.retired_by IS NOT NULL, 'guard', k.version::text))
  FROM clusters c JOIN guards k ON k.key = 'cluster/' || c.id WHERE c.id = ANY($2)`;

const healthBeside = `
  SELECT json_agg(json_build_object('subject', f.subject, 'at_ms', extract(epoch FROM f.at) * 1000, 'period_ms', f.period_ms,
                                    'look', f.look, 'runs', f.runs))
  FROM unnest($3::text[], $4::text[]) AS wanted (account_id, subject)
  JOIN facts f ON f.account_id = wanted.account_id AND f.subject = wanted.subject`;

/** Writes that a newer one has replaced, whose socket may still be open. */
const flyingBeside = `
  SELECT json_agg(json_build_object('id', s.id, 'route_id', s.route_id, 'purpose', s.purpose, 'state', s.state,
                                    'reason', s.reason, 'message', s.message, 'live', s.live))
  FROM intents s WHERE s.rollout_id = $1 AND s.state = 'sent'
    AND NOT EXISTS (SELECT 1 FROM rollout_routes w WHERE w.rollout_id = $1 AND w.write_id = s.id)`;

/** All that is known of a rollout's routes, clusters, target groups and writes, as of one moment. */
async function seenRows(db: Queryable, rolloutId: string, plan: FrozenPlan) {
  const backends = plan.routes.flatMap((route) =>
    route.backends.map((backend) => ({ ...backend, accountId: route.accountId })),
  );
  const { rows } = await db.query<RouteRow & BesideColumns>(
    prepared(
      `${selectRoutes}
     LEFT JOIN LATERAL (SELECT (${clustersBeside}) AS clusters, (${healthBeside}) AS health, (${flyingBeside}) AS flying) beside
       ON x.position = (SELECT min(position) FROM rollout_routes WHERE rollout_id = $1)
     WHERE x.rollout_id = $1 ORDER BY x.position`,
      [
        rolloutId,
        [...new Set(backends.map((backend) => backend.clusterId))],
        backends.map((backend) => backend.accountId),
        backends.map((backend) => `health/${backend.targetGroupArn}`),
      ],
    ),
  );
  const beside = rows[0];
  return {
    routes: rows as readonly RouteRow[],
    clusters: beside?.clusters ?? [],
    health: (beside?.health ?? []).map(({ at_ms: atMs, ...row }): HealthRow => ({ ...row, at: new Date(atMs) })),
    flying: beside?.flying ?? [],
  };
}

function toStored(row: RolloutRow, plan: FrozenPlan, routes: readonly RouteRow[]): StoredRollout {
  const byId = new Map(routes.map((one) => [one.route_id, one]));
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    state: row.state,
    version: row.version,
    plan: { ...plan, routes: plan.routes.map((route) => asItIsNow(route, byId.get(route.id))) },
    stepIndex: row.step_index,
    routes: plan.routes.map((route) => toProgress(route, byId.get(route.id))),
    holdFrom: ms(row.hold_from),
    advanceRequestedBy: row.advance_requested_by,
    pausedFrom: row.paused_from,
    suspicion: row.suspicion,
    startAt: ms(row.start_at),
    finishedAt: ms(row.finished_at),
    bakesUntil: ms(row.bakes_until),
    forced: row.forced,
    reason: row.reason,
    message: row.message,
  };
}

/** Pins are facts of the route, not of the plan: one that a person sets while the rollout runs counts from then on. */
function asItIsNow(route: FrozenRoute, row: RouteRow | undefined): FrozenRoute {
  return { ...route, pinned: row?.pinned ?? route.pinned, baseline: row?.baseline ?? route.baseline };
}

export function toProgress(route: FrozenRoute, row: RouteRow | undefined): RouteProgress {
  return {
    routeId: route.id,
    stepIndex: row?.step_index ?? -1,
    expected: row?.expected ?? row?.baseline ?? route.baseline,
    verifiedAt: ms(row?.verified_at ?? null),
    heldMs: Number(row?.held_ms ?? 0),
    touched: row?.touched ?? false,
  };
}

function observation(
  plan: FrozenPlan,
  routes: readonly RouteRow[],
  clusters: readonly ClusterRow[],
  health: readonly HealthRow[],
  flying: readonly OlderWriteRow[],
): Observation {
  const arnOf = (row: HealthRow) => row.subject.slice('health/'.length);
  return {
    routes: Object.fromEntries(routes.flatMap((row) => entry(row.route_id, liveFactOf(row)))),
    health: Object.fromEntries(health.flatMap((row) => entry(arnOf(row), factOf(row)))),
    clusters: Object.fromEntries(clusters.map(({ guard: _guard, ...cluster }) => [cluster.id, cluster])),
    writes: [...routes.flatMap((row) => writeFact(row) ?? []), ...flying.map(olderWrite)],
    watch: {
      actions: Object.fromEntries(routes.flatMap((row) => entry(row.route_id, watchRuns(row)))),
      health: Object.fromEntries(health.flatMap((row) => entry(arnOf(row), watchRuns(row)))),
    },
  };
}

function watchRuns<M>(row: LookColumns<unknown, M>) {
  return row.period_ms === null || row.runs === null ? null : { periodMs: row.period_ms, runs: row.runs };
}

function writeFact(row: RouteRow): WriteFact | null {
  if (row.intent_id === null || row.intent_purpose === null || row.intent_state === null) return null;
  return {
    intentId: row.intent_id,
    routeId: row.route_id,
    purpose: purposeOf(row.intent_purpose),
    state: row.intent_state,
    reason: row.intent_reason,
    message: row.intent_message,
    live: row.intent_live,
  };
}

function olderWrite(row: OlderWriteRow): WriteFact {
  return {
    intentId: row.id,
    routeId: row.route_id,
    purpose: purposeOf(row.purpose),
    state: row.state,
    reason: row.reason,
    message: row.message,
    live: row.live,
  };
}

export function purposeOf(purpose: IntentRow['purpose']): WriteFact['purpose'] {
  return purpose === 'rollback' ? 'rollback' : 'step';
}
