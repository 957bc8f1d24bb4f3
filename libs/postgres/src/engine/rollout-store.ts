import type { Pool } from 'pg';
import type {
  CommitResult,
  DecisionView,
  DueRollouts,
  Ids,
  LoadedRollout,
  NewRollout,
  Page,
  PageRequest,
  PlanMaterial,
  RolloutProgress,
  RolloutSummary,
  RolloutTimeline,
  RolloutView,
  SayOptions,
} from '@sluice/control';
import { RolloutStore } from '@sluice/control';
import type { Actor, Change, EnginePart, FrozenPlan, RolloutState } from '@sluice/domain';
import { actorText, NotFound } from '@sluice/domain';
import { takeClaims } from './claims.js';
import { FrozenPlans } from './frozen-plans.js';
import { lockGuard } from './guards.js';
import { appendEvent, notify } from './ledger-writes.js';
import { commitMove } from './moves.js';
import { planMaterial } from './plan-material.js';
import { applySaid, commitChange, putRoutes, summary } from './rollout-commit.js';
import { prepared } from './prepared.js';
import { listDecisions, listRollouts } from './rollout-lists.js';
import { loadRollout } from './rollout-load.js';
import { toSummary, toView } from './rollout-views.js';
import type { DecisionRow, DecisionSummaryRow, IntentRow, RolloutRow } from './rows.js';
import { aboutRoute, toDecision, toDecisionSummary, toIntent } from './rows.js';
import {
  progressPoints,
  timelinePoints,
  toTimelineDecision,
  type TimelineDecision,
  type TimelineIntent,
} from './timeline.js';
import { inTransaction } from './transaction.js';

/** More points than this aren't told apart on a page. */
const mostProgressPoints = 120;

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
        data: summary({ ...row, stepIndex: row.step_index }),
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

  list(
    filter: { projectId: string | null; state: RolloutState | null },
    page: PageRequest,
  ): Promise<Page<RolloutSummary>> {
    return listRollouts(this.pool, filter, page);
  }

  async timeline(id: string, routeId: string | null): Promise<RolloutTimeline> {
    const decisions = await this.pool.query<DecisionRow>('SELECT * FROM decisions WHERE rollout_id = $1 ORDER BY seq', [
      id,
    ]);
    const intents = await this.pool.query<IntentRow>(
      'SELECT * FROM intents WHERE rollout_id = $1 AND ($2::text IS NULL OR route_id = $2) ORDER BY seq',
      [id, routeId],
    );
    const plan = await this.planOf(id);
    const points = timelinePoints(plan, decisions.rows.map(toTimelineDecision), intents.rows);
    return {
      rolloutId: id,
      points: points.filter((point) => routeId === null || point.routeId === routeId),
      decisions: decisions.rows
        .map(toDecision)
        .map((decision) => (routeId === null ? decision : aboutRoute(decision, routeId))),
      intents: intents.rows.map(toIntent),
    };
  }

  async progress(id: string): Promise<RolloutProgress> {
    const { rows: decisions } = await this.pool.query<DecisionSummaryRow & TimelineDecision>(
      `SELECT id, seq, kind, reason, message, actor, step_index, state, created_at, ended_at, end_message,
              jsonb_path_query_array(changes, '$[*].routeId') AS changed_route_ids,
              CASE WHEN kind = 'adopt' THEN facts -> 'live' END AS adopted
       FROM decisions WHERE rollout_id = $1 ORDER BY seq`,
      [id],
    );
    const { rows: intents } = await this.pool.query<TimelineIntent>(
      'SELECT route_id, step_index, after, state, created_at, settled_at FROM intents WHERE rollout_id = $1 ORDER BY seq',
      [id],
    );
    const plan = await this.planOf(id);
    const points = timelinePoints(plan, decisions, intents);
    return {
      rolloutId: id,
      points: progressPoints(plan.routes, points, mostProgressPoints),
      decisions: decisions.map(toDecisionSummary),
    };
  }

  private async planOf(id: string): Promise<FrozenPlan> {
    const { rows } = await this.pool.query<Pick<RolloutRow, 'frozen_plan_id'>>(
      'SELECT frozen_plan_id FROM rollouts WHERE id = $1',
      [id],
    );
    if (!rows[0]) throw new NotFound('rollout', id);
    return this.plans.get(this.pool, rows[0].frozen_plan_id);
  }

  decisions(
    filter: { projectId: string | null; rolloutId: string | null; routeId: string | null },
    page: PageRequest,
  ): Promise<Page<DecisionView>> {
    return listDecisions(this.pool, filter, page);
  }

  async decision(id: string): Promise<DecisionView | null> {
    const { rows } = await this.pool.query<DecisionRow>('SELECT * FROM decisions WHERE id = $1', [id]);
    return rows[0] ? toDecision(rows[0]) : null;
  }

  load(id: string): Promise<LoadedRollout | null> {
    return loadRollout(this.pool, this.plans, id, false);
  }

  commit(loaded: LoadedRollout, change: Change, part: EnginePart = 'rollout'): Promise<CommitResult> {
    return commitChange(this.pool, this.writer, loaded, change, part);
  }

  say(id: string, actor: Actor, word: (loaded: LoadedRollout) => Change, options: SayOptions = {}): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      await lockGuard(client, `rollout/${id}`);
      const loaded = await loadRollout(client, this.plans, id, true);
      if (!loaded) throw new NotFound('rollout', id);
      await applySaid(client, this.writer, loaded, word(loaded), actor, options);
    });
  }

  async claimDue(limit: number, claimMs: number): Promise<DueRollouts> {
    const { rows } = await this.pool.query<{ ids: string[]; next_in_ms: string | null }>(
      prepared(
        `WITH due AS (SELECT rollout_id FROM wakeups WHERE at <= now() ORDER BY priority, at LIMIT $1 FOR UPDATE SKIP LOCKED),
       claimed AS (
         UPDATE wakeups w SET at = now() + $2 * interval '1 ms' FROM due WHERE w.rollout_id = due.rollout_id RETURNING w.rollout_id)
       SELECT ARRAY(SELECT rollout_id FROM claimed) AS ids,
              (SELECT greatest(0, ceil(extract(epoch FROM at - clock_timestamp()) * 1000)) FROM wakeups
               WHERE at > now() ORDER BY at LIMIT 1) AS next_in_ms`,
        [limit, claimMs],
      ),
    );
    const { ids = [], next_in_ms: nextInMs = null } = rows[0] ?? {};
    return { ids, nextInMs: nextInMs === null ? null : Number(nextInMs) };
  }

  private get writer() {
    return { ids: this.ids, plans: this.plans };
  }
}

function startMessage(startAt: NewRollout['startAt']): string {
  if (startAt === null) return 'Waits for the verb start.';
  return startAt === 'now' ? 'Starts at once.' : `Starts at ${new Date(startAt).toISOString()}.`;
}
