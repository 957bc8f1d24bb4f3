import type { Pool } from 'pg';
import type {
  CommitResult,
  DecisionView,
  Ids,
  LoadedRollout,
  NewRollout,
  Page,
  PageRequest,
  PlanMaterial,
  RolloutSummary,
  RolloutTimeline,
  RolloutView,
  SayOptions,
} from '@sluice/control';
import { RolloutStore } from '@sluice/control';
import type { Actor, Change, EnginePart, RolloutState } from '@sluice/domain';
import { actorText, NotFound } from '@sluice/domain';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { takeClaims } from './claims.js';
import { FrozenPlans } from './frozen-plans.js';
import { lockGuard } from './guards.js';
import { appendEvent, notify } from './ledger-writes.js';
import { commitMove } from './moves.js';
import { planMaterial } from './plan-material.js';
import { applySaid, commitChange, putRoutes, summary } from './rollout-commit.js';
import { loadRollout } from './rollout-load.js';
import { toSummary, toView } from './rollout-views.js';
import type { DecisionRow, IntentRow, RolloutRow } from './rows.js';
import { toDecision, toIntent } from './rows.js';
import { timelinePoints } from './timeline.js';
import { inTransaction } from './transaction.js';

/** Rollouts on Postgres. The lock order everywhere is: guards, claims, the rollout, its routes, routes, intents. */
export class PostgresRolloutStore extends RolloutStore {
  private readonly plans = new FrozenPlans();

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
    await inTransaction(this.pool, async (client) => {
      const planId = await this.plans.put(client, rollout.plan);
      const { rows } = await client.query<RolloutRow>(
        `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, forced,
                               start_at, reason, message, next_at, created_at, created_by, updated_at)
         SELECT $1,$2,$3,$4,$5,'Scheduled',$6,$7,$8,$9, due.at, 'NotStarted', $11, due.at, now(), $12, now()
         FROM (SELECT CASE WHEN $10::text = 'now' THEN now() ELSE to_timestamp($10::float8/1000) END AS at) due
         RETURNING *`,
        [
          rollout.id,
          rollout.projectId,
          rollout.plan.planId,
          rollout.plan.planVersion,
          rollout.name,
          planId,
          rollout.plan.routes.length,
          rollout.plan.steps.length,
          rollout.forced === null ? null : JSON.stringify(rollout.forced),
          rollout.startAt,
          startMessage(rollout.startAt),
          actorText(rollout.actor),
        ],
      );
      const row = rows[0]!;
      await putRoutes(
        client,
        rollout.id,
        rollout.plan.routes.map((route) => route.id),
      );
      // who starts at once holds its routes from now on, so that whoever is refused is refused to the person who asks
      if (rollout.startAt === 'now') await takeClaims(client, rollout.id);
      await commitMove(client, this.ids, {
        projectId: rollout.projectId,
        rolloutId: rollout.id,
        ledger: {
          kind: 'create',
          reason: 'NotStarted',
          message: `Rollout "${rollout.name}" of plan version ${String(rollout.plan.planVersion)} created.`,
          actor: actorText(rollout.actor),
          stepIndex: null,
          facts: { forced: rollout.forced },
          decideVersion: null,
        },
        move: null,
        guards: {},
      });
      if (row.start_at !== null) {
        await client.query('INSERT INTO wakeups (rollout_id, at) VALUES ($1, $2)', [rollout.id, row.start_at]);
        await notify(client, 'rollouts', '');
      }
      await appendEvent(client, {
        projectId: rollout.projectId,
        type: 'rollout.created',
        subject: `rollout/${rollout.id}`,
        actor: rollout.actor,
        before: null,
        after: { ...toSummary(row, row.created_at.getTime()) },
        data: summary(row),
      });
    });
    const view = await this.view(rollout.id);
    if (!view) throw new NotFound('rollout', rollout.id);
    return view;
  }

  async view(id: string): Promise<RolloutView | null> {
    const loaded = await loadRollout(this.pool, this.plans, id, false);
    return loaded && toView(loaded, loaded.row);
  }

  async list(
    filter: { projectId: string | null; state: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutSummary>> {
    const key = decodeCursor(page.cursor, 2);
    // only the conditions that are asked for: each permitted combination has an index that gives the order as well
    const values: unknown[] = [page.limit + 1];
    const where: string[] = [];
    const place = (value: unknown) => `$${String(values.push(value))}`;
    if (filter.projectId !== null) where.push(`project_id = ${place(filter.projectId)}`);
    if (filter.state !== null) where.push(`state = ${place(filter.state)}`);
    if (key)
      where.push(
        `(created_at, id) < (to_timestamp(${place(cursorNumber(key[0]!))}::float8/1000), ${place(key[1])}::text)`,
      );
    const { rows } = await this.pool.query<RolloutRow & { now: Date }>(
      `SELECT *, now() AS now FROM rollouts ${where.length > 0 ? `WHERE ${where.join(' AND ')}` : ''}
       ORDER BY created_at DESC, id DESC LIMIT $1`,
      values,
    );
    const items = rows.slice(0, page.limit).map((row) => toSummary(row, row.now.getTime()));
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
    const loaded = await loadRollout(this.pool, this.plans, id, false);
    return {
      rolloutId: id,
      points: loaded ? timelinePoints(loaded.rollout.plan, decisions.rows, intents.rows) : [],
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

  load(id: string): Promise<LoadedRollout | null> {
    return loadRollout(this.pool, this.plans, id, false);
  }

  commit(loaded: LoadedRollout, change: Change, part: EnginePart = 'rollout'): Promise<CommitResult> {
    return inTransaction(this.pool, (client) => commitChange(client, this.writer, loaded, change, part));
  }

  say(id: string, actor: Actor, word: (loaded: LoadedRollout) => Change, options: SayOptions = {}): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      await lockGuard(client, `rollout/${id}`);
      const loaded = await loadRollout(client, this.plans, id, true);
      if (!loaded) throw new NotFound('rollout', id);
      await applySaid(client, this.writer, loaded, word(loaded), actor, options);
    });
  }

  async claimDue(limit: number, claimMs: number): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ rollout_id: string }>(
      `UPDATE wakeups SET at = now() + $2 * interval '1 ms'
       WHERE rollout_id IN (SELECT rollout_id FROM wakeups WHERE at <= now() ORDER BY priority, at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING rollout_id`,
      [limit, claimMs],
    );
    return rows.map((row) => row.rollout_id);
  }

  async nextWakeInMs(): Promise<number | null> {
    const { rows } = await this.pool.query<{ ms: string }>(
      `SELECT greatest(0, ceil(extract(epoch FROM at - clock_timestamp()) * 1000)) AS ms FROM wakeups ORDER BY at LIMIT 1`,
    );
    return rows[0] ? Number(rows[0].ms) : null;
  }

  private get writer() {
    return { ids: this.ids, plans: this.plans };
  }
}

function startMessage(startAt: NewRollout['startAt']): string {
  if (startAt === null) return 'Waits for the verb start.';
  return startAt === 'now' ? 'Starts at once.' : `Starts at ${new Date(startAt).toISOString()}.`;
}
