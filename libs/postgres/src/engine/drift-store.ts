import type { Pool } from 'pg';
import type { DriftCandidate, Ids } from '@sluice/control';
import { DriftStore } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import { actorText, engineActor, sameWeights } from '@sluice/domain';
import { appendEvent } from './ledger-writes.js';
import { commitMove } from './moves.js';
import { inTransaction } from './transaction.js';

const actor = engineActor('drift');

const noOpenIntent = `NOT EXISTS (SELECT 1 FROM intents i WHERE i.route_id = r.id AND i.state IN ('pending', 'sent'))`;

/**
 * What is live is what a write of ours would have done whose outcome nobody knew, and a newer one explains the route: its
 * effect came late. A reply that was clean leaves no doubt, so what it wrote can only be there again by somebody else.
 */
const isLateEffect = `EXISTS (
  SELECT 1 FROM intents late JOIN intents newer ON newer.route_id = late.route_id AND newer.seq > late.seq
    AND newer.decision_id = r.explained_by AND newer.state = 'applied'
  WHERE late.route_id = r.id AND late.sent_at > clock_timestamp() - interval '5 minutes' AND late.after = f.look->'value'->'action'->'weights'
    AND (late.state IN ('superseded', 'failed') OR (late.state = 'applied' AND late.settled_at > newer.settled_at)))`;

export class PostgresDriftStore extends DriftStore {
  constructor(
    private readonly pool: Pool,
    private readonly ids: Ids,
  ) {
    super();
  }

  async candidates(accountIds: readonly string[]): Promise<readonly DriftCandidate[]> {
    const { rows } = await this.pool.query<{
      id: string;
      name: string;
      expected: Weights;
      live: Weights;
      drift: { live: Weights } | null;
      late: boolean;
    }>(
      `SELECT r.id, r.name, r.expected, f.look->'value'->'action'->'weights' AS live, r.drift, ${isLateEffect} AS late
       FROM routes r JOIN facts f ON f.account_id = r.account_id AND f.subject = 'action/' || r.arn
       WHERE r.account_id = ANY($1) AND f.look->'ok' = 'true' AND (f.runs->-1->>'to')::float8 > (f.runs->-1->>'from')::float8
         AND (r.drift IS NOT NULL OR f.look->'value'->'action'->'weights' IS DISTINCT FROM r.expected)
         AND ${noOpenIntent}
         AND f.at > coalesce((SELECT max(i.settled_at) FROM intents i WHERE i.route_id = r.id AND i.settled_at IS NOT NULL), '-infinity')`,
      [accountIds],
    );
    return rows.map((row) => ({
      routeId: row.id,
      name: row.name,
      expected: row.expected,
      live: row.live,
      drifted: row.drift?.live ?? null,
      isLateEffect: row.late,
    }));
  }

  repair(routeId: string, expected: Weights, live: Weights): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ project_id: string; expected: Weights; free: boolean; tried: boolean }>(
        `SELECT project_id, expected, ${noOpenIntent} AS free,
                EXISTS (SELECT 1 FROM intents i JOIN decisions d ON d.id = i.decision_id AND d.kind = 'repair'
                        WHERE i.route_id = r.id AND i.created_at > clock_timestamp() - interval '5 minutes' AND i.state <> 'applied') AS tried
         FROM routes r WHERE id = $1 FOR UPDATE`,
        [routeId],
      );
      const route = rows[0];
      if (!route?.free || route.tried || !sameWeights(route.expected, expected)) return false;
      await commitMove(client, this.ids, {
        projectId: route.project_id,
        rolloutId: null,
        ledger: {
          kind: 'repair',
          reason: 'LateEffect',
          message:
            'A write whose outcome was in doubt took effect after a newer one had been verified; what the newer one wrote is put back.',
          actor: actorText(actor),
          stepIndex: null,
          facts: { live },
          decideVersion: null,
        },
        move: {
          purpose: 'reassert',
          stepIndex: null,
          minHealthyTargets: 1,
          forced: null,
          proposals: [
            {
              routeId,
              goal: { kind: 'weights', weights: expected },
              before: live,
              after: expected,
              raisedClusterIds: [],
            },
          ],
        },
        guards: {},
      });
      return true;
    });
  }

  mark(routeId: string, expected: Weights, drift: { live: Weights; message: string } | null): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ project_id: string; name: string; expected: Weights; free: boolean }>(
        `SELECT project_id, name, expected, ${noOpenIntent} AS free FROM routes r WHERE id = $1 FOR UPDATE`,
        [routeId],
      );
      const route = rows[0];
      if (!route?.free || !sameWeights(route.expected, expected)) return false;
      const { rowCount } = await client.query(
        `UPDATE routes SET drift = CASE WHEN $2::jsonb IS NULL THEN NULL
           ELSE $2::jsonb || jsonb_build_object('at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END
         WHERE id = $1 AND (drift - 'at') IS DISTINCT FROM $2::jsonb`,
        [routeId, drift === null ? null : JSON.stringify(drift)],
      );
      if (rowCount !== 1) return false;
      const type = drift === null ? 'route.drift.cleared' : 'route.drift';
      await appendEvent(client, {
        projectId: route.project_id,
        type,
        subject: `route/${routeId}`,
        actor,
        before: null,
        after: null,
        data: { id: routeId, name: route.name, drift },
      });
      return true;
    });
  }
}
