import type { Pool } from 'pg';
import type { DecisionView, Ids, IntentView, RouteMaterial, RouteWrite } from '@sluice/control';
import { RouteWriteStore } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import { Conflict, sameWeights } from '@sluice/domain';
import { appendEvent, insertDecision, notify } from './ledger-writes.js';
import type { DecisionRow, IntentRow } from './rows.js';
import { toDecision, toIntent } from './rows.js';
import { inTransaction } from './transaction.js';

interface RouteRow {
  id: string;
  project_id: string;
  account_id: string;
  arn: string;
  name: string;
  pinned: string[];
  expected: Weights;
  backends: { name: string; targetGroupArn: string; clusterName: string; retired: boolean; cordoned: boolean }[] | null;
  rollout_id: string | null;
}

const selectRoute = `
  SELECT r.id, r.project_id, r.account_id, r.arn, r.name, r.pinned, r.expected,
         (SELECT json_agg(json_build_object('name', b.name, 'targetGroupArn', b.target_group_arn, 'clusterName', c.name,
                          'retired', c.retired_by IS NOT NULL, 'cordoned', c.cordoned_by IS NOT NULL) ORDER BY b.name)
          FROM backends b JOIN clusters c ON c.id = b.cluster_id WHERE b.route_id = r.id) AS backends,
         (SELECT x.rollout_id FROM rollout_routes x WHERE x.route_id = r.id AND x.active) AS rollout_id
  FROM routes r`;

export class PostgresRouteWriteStore extends RouteWriteStore {
  constructor(
    private readonly pool: Pool,
    private readonly ids: Ids,
  ) {
    super();
  }

  async route(routeId: string): Promise<RouteMaterial | null> {
    const { rows } = await this.pool.query<RouteRow>(`${selectRoute} WHERE r.id = $1`, [routeId]);
    return rows[0] ? toMaterial(rows[0]) : null;
  }

  write(write: RouteWrite): Promise<{ decision: DecisionView; intent: IntentView }> {
    return inTransaction(this.pool, async (client) => {
      // a statement of its own: what the next one sees is then what everybody before us has left
      await client.query('SELECT 1 FROM routes WHERE id = $1 FOR UPDATE', [write.routeId]);
      const busy = await client.query<{ rollout_id: string | null; open: boolean }>(
        `SELECT (SELECT x.rollout_id FROM rollout_routes x WHERE x.route_id = r.id AND x.active) AS rollout_id,
                EXISTS (SELECT 1 FROM intents i WHERE i.route_id = r.id AND i.state IN ('pending', 'sent')) AS open
         FROM routes r WHERE r.id = $1`,
        [write.routeId],
      );
      refuseBusy(busy.rows[0]);
      const decisionId = await insertDecision(client, this.ids, {
        ...write,
        rolloutId: null,
        stepIndex: null,
        facts: {},
        changes: [{ routeId: write.routeId, before: write.before, after: write.after }],
        writes: {
          purpose: write.purpose,
          minHealthyTargets: write.minHealthyTargets,
          maxFactAgeMs: 30_000,
          forced: write.forced,
        },
      });
      const decision = await client.query<DecisionRow>('SELECT * FROM decisions WHERE id = $1', [decisionId]);
      const intent = await client.query<IntentRow>('SELECT * FROM intents WHERE decision_id = $1', [decisionId]);
      await notify(client, 'intents', intent.rows[0]!.account_id);
      await appendEvent(client, write.projectId, 'decision.made', `decision/${decisionId}`, {
        id: decisionId,
        kind: write.kind,
        routeId: write.routeId,
        message: write.message,
      });
      return { decision: toDecision(decision.rows[0]!), intent: toIntent(intent.rows[0]!) };
    });
  }

  async idleRoutes(limit: number, afterId: string | null): Promise<readonly RouteMaterial[]> {
    const { rows } = await this.pool.query<RouteRow>(
      `${selectRoute} WHERE ($1::text IS NULL OR r.id > $1)
         AND NOT EXISTS (SELECT 1 FROM rollout_routes x WHERE x.route_id = r.id AND x.active)
         AND NOT EXISTS (SELECT 1 FROM intents i WHERE i.route_id = r.id AND i.state IN ('pending', 'sent'))
       ORDER BY r.id LIMIT $2`,
      [afterId, limit],
    );
    return rows.map(toMaterial);
  }

  recordSweep(routeId: string, expected: Weights, drift: { live: Weights; message: string } | null): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{
        project_id: string;
        name: string;
        expected: Weights;
        drift: { live: Weights } | null;
        busy: boolean;
      }>(
        `SELECT project_id, name, expected, drift, EXISTS (SELECT 1 FROM intents i WHERE i.route_id = r.id AND i.state IN ('pending', 'sent'))
           OR EXISTS (SELECT 1 FROM rollout_routes x WHERE x.route_id = r.id AND x.active) AS busy
         FROM routes r WHERE id = $1 FOR UPDATE`,
        [routeId],
      );
      const route = rows[0];
      if (!route || route.busy || !sameWeights(route.expected, expected)) return false;
      const unchanged =
        route.drift === null ? drift === null : drift !== null && sameWeights(route.drift.live, drift.live);
      await client.query('UPDATE routes SET swept_at = clock_timestamp() WHERE id = $1', [routeId]);
      if (unchanged) return false;
      await client.query('UPDATE routes SET drift = $2, version = version + 1 WHERE id = $1', [
        routeId,
        drift === null ? null : JSON.stringify({ ...drift, at: new Date().toISOString() }),
      ]);
      await appendEvent(
        client,
        route.project_id,
        drift === null ? 'route.drift.cleared' : 'route.drift',
        `route/${routeId}`,
        { id: routeId, name: route.name, drift },
      );
      return true;
    });
  }
}

function refuseBusy(row: { rollout_id: string | null; open: boolean } | undefined): void {
  if (row?.rollout_id)
    throw new Conflict('RouteIsBusy', `Rollout ${row.rollout_id} moves this route. Abort it or wait for its end.`, {
      rolloutId: row.rollout_id,
    });
  if (row?.open)
    throw new Conflict('RouteIsBusy', 'Another write to this route is outstanding. Wait until its decision has ended.');
}

function toMaterial(row: RouteRow): RouteMaterial {
  return {
    id: row.id,
    projectId: row.project_id,
    accountId: row.account_id,
    arn: row.arn,
    name: row.name,
    pinned: row.pinned,
    expected: row.expected,
    backends: row.backends ?? [],
    rolloutId: row.rollout_id,
  };
}
