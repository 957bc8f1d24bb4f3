import type { Pool, PoolClient } from 'pg';
import type {
  Ids,
  LoadedRollout,
  NewRollout,
  Page,
  PageRequest,
  PlanMaterial,
  RolloutChange,
  RolloutTimeline,
  RolloutView,
  StoredRollout,
  DecisionView,
} from '@sluice/control';
import { RolloutStore } from '@sluice/control';
import type { RolloutState } from '@sluice/domain';
import { Conflict } from '@sluice/domain';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { appendEvent, insertDecision, notify, supersedePending } from './ledger-writes.js';
import { planMaterial } from './plan-material.js';
import { assignments } from './rollout-patch.js';
import type { DecisionRow, IntentRow, RolloutRow } from './rows.js';
import { toDecision, toIntent, toStored, toView } from './rows.js';
import { timelinePoints } from './timeline.js';
import { inTransaction } from './transaction.js';

/** Rollouts on Postgres. The lock order everywhere is: rollout, then intents, then decisions. */
export class PostgresRolloutStore extends RolloutStore {
  constructor(
    private readonly pool: Pool,
    private readonly ids: Ids,
  ) {
    super();
  }

  material(planId: string, planVersion: number | null): Promise<PlanMaterial | null> {
    return planMaterial(this.pool, planId, planVersion);
  }

  async create(rollout: NewRollout): Promise<RolloutView> {
    return inTransaction(this.pool, async (client) => {
      await refuseBusyRoutes(client, rollout);
      const { rows } = await client.query<RolloutRow & { now: Date }>(
        `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, plan, expected, forced, start_at, reason, message, wake_at, created_at, created_by, updated_at)
         SELECT $1,$2,$3,$4,$5,'Scheduled',$6,$7,$8, due.at, 'NotStarted', $10, due.at, now(), $11, now()
         FROM (SELECT CASE WHEN $9::text = 'now' THEN now() ELSE to_timestamp($9::float8/1000) END AS at) due
         RETURNING *, now() AS now`,
        [
          rollout.id,
          rollout.projectId,
          rollout.plan.planId,
          rollout.plan.planVersion,
          rollout.name,
          JSON.stringify(rollout.plan),
          JSON.stringify(rollout.expected),
          rollout.forced === null ? null : JSON.stringify(rollout.forced),
          rollout.startAt,
          startMessage(rollout.startAt),
          rollout.actor,
        ],
      );
      for (const route of rollout.plan.routes) {
        await client.query('INSERT INTO rollout_routes (rollout_id, route_id) VALUES ($1, $2)', [rollout.id, route.id]);
      }
      await insertDecision(client, this.ids, {
        projectId: rollout.projectId,
        rolloutId: rollout.id,
        kind: 'create',
        reason: 'NotStarted',
        message: `Rollout "${rollout.name}" of plan version ${String(rollout.plan.planVersion)} created.`,
        actor: rollout.actor,
        stepIndex: null,
        changes: [],
        facts: { forced: rollout.forced },
        writes: null,
      });
      const row = rows[0]!;
      await notify(client, 'rollouts', rollout.id);
      await appendEvent(client, rollout.projectId, 'rollout.changed', `rollout/${rollout.id}`, summary(row));
      return toView(row, row.now.getTime());
    }).catch((error: unknown) => {
      throw isActiveRouteViolation(error) ? routeIsBusy(rollout.plan.routes.map((route) => route.name)) : error;
    });
  }

  async view(id: string): Promise<RolloutView | null> {
    const { rows } = await this.pool.query<RolloutRow & { now: Date }>(
      'SELECT *, now() AS now FROM rollouts WHERE id = $1',
      [id],
    );
    return rows[0] ? toView(rows[0], rows[0].now.getTime()) : null;
  }

  async list(
    filter: { projectId: string | null; state: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutView>> {
    const key = decodeCursor(page.cursor, 2);
    const { rows } = await this.pool.query<RolloutRow & { now: Date }>(
      `SELECT *, now() AS now FROM rollouts
       WHERE ($1::text IS NULL OR project_id = $1) AND ($2::text IS NULL OR state = $2)
         AND ($3::float8 IS NULL OR (created_at, id) < (to_timestamp($3::float8/1000), $4::text))
       ORDER BY created_at DESC, id DESC LIMIT $5`,
      [filter.projectId, filter.state, key ? cursorNumber(key[0]!) : null, key?.[1] ?? null, page.limit + 1],
    );
    const items = rows.slice(0, page.limit).map((row) => toView(row, row.now.getTime()));
    const last = rows[page.limit - 1];
    return {
      items,
      next: rows.length > page.limit && last ? encodeCursor([String(last.created_at.getTime()), last.id]) : null,
    };
  }

  async timeline(id: string): Promise<RolloutTimeline> {
    const decisions = await this.pool.query<DecisionRow>('SELECT * FROM decisions WHERE rollout_id = $1 ORDER BY seq', [
      id,
    ]);
    const intents = await this.pool.query<IntentRow>('SELECT * FROM intents WHERE rollout_id = $1 ORDER BY seq', [id]);
    const plan = await this.pool.query<Pick<RolloutRow, 'plan'>>('SELECT plan FROM rollouts WHERE id = $1', [id]);
    return {
      rolloutId: id,
      points: plan.rows[0] ? timelinePoints(plan.rows[0].plan, decisions.rows, intents.rows) : [],
      decisions: decisions.rows.map(toDecision),
      intents: intents.rows.map(toIntent),
    };
  }

  async decisions(
    filter: { projectId: string | null; rolloutId: string | null; routeId: string | null },
    page: PageRequest,
  ): Promise<Page<DecisionView>> {
    const key = decodeCursor(page.cursor, 1);
    const { rows } = await this.pool.query<DecisionRow>(
      `SELECT * FROM decisions d
       WHERE ($1::text IS NULL OR project_id = $1) AND ($2::text IS NULL OR rollout_id = $2)
         AND ($3::text IS NULL OR EXISTS (SELECT 1 FROM intents i WHERE i.decision_id = d.id AND i.route_id = $3))
         AND ($4::bigint IS NULL OR seq < $4::bigint)
       ORDER BY seq DESC LIMIT $5`,
      [filter.projectId, filter.rolloutId, filter.routeId, key ? cursorNumber(key[0]!) : null, page.limit + 1],
    );
    const last = rows[page.limit - 1];
    return {
      items: rows.slice(0, page.limit).map(toDecision),
      next: rows.length > page.limit && last ? encodeCursor([last.seq]) : null,
    };
  }

  async decision(id: string): Promise<DecisionView | null> {
    const { rows } = await this.pool.query<DecisionRow>('SELECT * FROM decisions WHERE id = $1', [id]);
    return rows[0] ? toDecision(rows[0]) : null;
  }

  async load(id: string): Promise<LoadedRollout | null> {
    const { rows } = await this.pool.query<RolloutRow & { now: Date }>(
      'SELECT *, clock_timestamp() AS now FROM rollouts WHERE id = $1',
      [id],
    );
    const row = rows[0];
    if (!row) return null;
    const writes = await this.pool.query<IntentRow>(
      `SELECT * FROM intents WHERE rollout_id = $1 AND (decision_id = $2 OR state = 'sent') ORDER BY seq`,
      [id, row.write_decision_id],
    );
    const clusterIds = row.plan.routes.flatMap((route) => route.backends.map((backend) => backend.clusterId));
    const clusters = await this.pool.query<{ id: string; name: string; cordoned: boolean; retired: boolean }>(
      'SELECT id, name, cordoned_by IS NOT NULL AS cordoned, retired_by IS NOT NULL AS retired FROM clusters WHERE id = ANY($1)',
      [clusterIds],
    );
    const settled = await this.pool.query<{ route_id: string; at: Date }>(
      'SELECT route_id, max(settled_at) AS at FROM intents WHERE rollout_id = $1 AND settled_at IS NOT NULL GROUP BY route_id',
      [id],
    );
    const pins = await this.pool.query<{ id: string; pinned: string[] }>(
      'SELECT id, pinned FROM routes WHERE id = ANY($1)',
      [row.plan.routes.map((route) => route.id)],
    );
    return {
      rollout: withPins(toStored(row), new Map(pins.rows.map((route) => [route.id, route.pinned]))),
      writes: writes.rows.map((write) => ({
        intentId: write.id,
        routeId: write.route_id,
        purpose: write.purpose === 'rollback' ? 'rollback' : 'step',
        state: write.state,
        reason: write.reason,
        message: write.message,
        live: write.live,
      })),
      clusters: Object.fromEntries(clusters.rows.map((cluster) => [cluster.id, cluster])),
      settledAt: Object.fromEntries(settled.rows.map((one) => [one.route_id, one.at.getTime()])),
      now: row.now.getTime(),
    };
  }

  commit(rollout: StoredRollout, change: RolloutChange): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const locked = await client.query('SELECT 1 FROM rollouts WHERE id = $1 AND version = $2 FOR UPDATE', [
        rollout.id,
        rollout.version,
      ]);
      if (locked.rowCount === 0) return false;
      if (change.supersede !== undefined) await supersedePending(client, rollout.id, change.supersede);
      const decisionId = change.decision
        ? await insertDecision(client, this.ids, {
            projectId: rollout.projectId,
            rolloutId: rollout.id,
            ...change.decision,
          })
        : null;
      if (change.believed) await believe(client, change.believed);
      if (change.steadyShares) await setSteadyShares(client, rollout, change.steadyShares);
      if (change.acquire) await acquireRoutes(client, rollout);
      if (change.release)
        await client.query('UPDATE rollout_routes SET active = false WHERE rollout_id = $1', [rollout.id]);
      const row = await this.update(client, rollout, change, decisionId);
      if (change.decision?.writes) await this.notifyLanes(client, rollout);
      await notify(client, 'rollouts', rollout.id);
      await appendEvent(client, rollout.projectId, 'rollout.changed', `rollout/${rollout.id}`, summary(row));
      return true;
    }).catch((error: unknown) => {
      throw isActiveRouteViolation(error) ? routeIsBusy(rollout.plan.routes.map((route) => route.name)) : error;
    });
  }

  private async update(
    client: PoolClient,
    rollout: StoredRollout,
    change: RolloutChange,
    decisionId: string | null,
  ): Promise<RolloutRow> {
    const set = assignments(change.patch, 2);
    const writes = change.decision?.writes && change.decision.changes.length > 0 ? decisionId : null;
    const { rows } = await client.query<RolloutRow>(
      `UPDATE rollouts SET version = version + 1, updated_at = now()${set.sql === '' ? '' : `, ${set.sql}`}${writes === null ? '' : `, write_decision_id = $${String(2 + set.values.length)}`}
       WHERE id = $1 RETURNING *`,
      [rollout.id, ...set.values, ...(writes === null ? [] : [writes])],
    );
    return rows[0]!;
  }

  private async notifyLanes(client: PoolClient, rollout: StoredRollout): Promise<void> {
    for (const accountId of new Set(rollout.plan.routes.map((route) => route.accountId)))
      await notify(client, 'intents', accountId);
  }

  async tick(
    rollout: StoredRollout,
    patch: { heldMs: number; heldCheckedAt: number | null; wakeAt: number | null },
  ): Promise<void> {
    await this.pool.query(
      `UPDATE rollouts SET held_ms = $3, held_checked_at = to_timestamp($4::float8/1000), wake_at = to_timestamp($5::float8/1000) WHERE id = $1 AND version = $2`,
      [rollout.id, rollout.version, patch.heldMs, patch.heldCheckedAt, patch.wakeAt],
    );
  }

  async claimDue(limit: number, claimMs: number): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `UPDATE rollouts SET wake_at = clock_timestamp() + $2 * interval '1 ms'
       WHERE id IN (SELECT id FROM rollouts WHERE wake_at <= clock_timestamp() ORDER BY wake_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id`,
      [limit, claimMs],
    );
    return rows.map((row) => row.id);
  }

  async nextWakeInMs(): Promise<number | null> {
    const { rows } = await this.pool.query<{ ms: string | null }>(
      `SELECT greatest(0, ceil(extract(epoch FROM min(wake_at) - clock_timestamp()) * 1000)) AS ms FROM rollouts WHERE wake_at IS NOT NULL`,
    );
    return rows[0]?.ms == null ? null : Number(rows[0].ms);
  }
}

/** A target group that a person pins while the rollout runs keeps its share from then on: pins are facts of the route, not of the plan. */
function withPins(rollout: StoredRollout, pins: ReadonlyMap<string, readonly string[]>): StoredRollout {
  const routes = rollout.plan.routes.map((route) => ({ ...route, pinned: pins.get(route.id) ?? route.pinned }));
  return { ...rollout, plan: { ...rollout.plan, routes } };
}

/** What an event tells of a rollout: enough for a list, the rest by GET. */
export function summary(row: RolloutRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    version: row.version,
    stepIndex: row.step_index,
    reason: row.reason,
    message: row.message,
  };
}

/** The lock comes first, in a statement of its own: what the next one sees is then what everybody before us has left. */
async function refuseBusyRoutes(client: PoolClient, rollout: NewRollout): Promise<void> {
  await client.query('SELECT 1 FROM routes WHERE id = ANY($1) ORDER BY id FOR UPDATE', [
    rollout.plan.routes.map((route) => route.id),
  ]);
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM routes r WHERE id = ANY($1) AND EXISTS (SELECT 1 FROM intents i WHERE i.route_id = r.id AND i.state IN ('pending', 'sent'))`,
    [rollout.plan.routes.map((route) => route.id)],
  );
  if (rows.length > 0) throw routeIsBusy(rows.map((row) => row.name));
}

async function believe(client: PoolClient, live: NonNullable<RolloutChange['believed']>): Promise<void> {
  for (const [routeId, weights] of Object.entries(live))
    await client.query('UPDATE routes SET expected = $2, drift = NULL WHERE id = $1', [
      routeId,
      JSON.stringify(weights),
    ]);
}

async function acquireRoutes(client: PoolClient, rollout: StoredRollout): Promise<void> {
  const ids = rollout.plan.routes.map((route) => route.id);
  const { rows } = await client.query<{ id: string }>('SELECT id FROM routes WHERE id = ANY($1)', [ids]);
  const gone = rollout.plan.routes
    .filter((route) => !rows.some((row) => row.id === route.id))
    .map((route) => route.name);
  if (gone.length > 0)
    throw new Conflict(
      'RouteMissing',
      `Sluice has let go of ${gone.join(', ')} since; set the weights in AWS by hand.`,
      {
        routes: gone,
      },
    );
  await client.query('UPDATE rollout_routes SET active = true WHERE rollout_id = $1', [rollout.id]);
}

async function setSteadyShares(
  client: PoolClient,
  rollout: StoredRollout,
  shares: Readonly<Record<string, number>>,
): Promise<void> {
  const ids = rollout.plan.routes.map((route) => route.id);
  await client.query('UPDATE routes SET steady_shares = $2, version = version + 1 WHERE id = ANY($1)', [
    ids,
    JSON.stringify(shares),
  ]);
}

function startMessage(startAt: NewRollout['startAt']): string {
  if (startAt === null) return 'Waits for the verb start.';
  return startAt === 'now' ? 'Starts at once.' : `Starts at ${new Date(startAt).toISOString()}.`;
}

function routeIsBusy(names: readonly string[]): Conflict {
  return new Conflict(
    'RouteIsBusy',
    `Another rollout or a write in flight moves ${names.join(', ')}. Wait for it to end, or abort it.`,
    { routes: names },
  );
}

function isActiveRouteViolation(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && constraint === 'rollout_routes_one_active';
}
