import type { Pool, PoolClient } from 'pg';
import type { DecisionView, Ids, IntentView, RouteMaterial, RouteMove } from '@sluice/control';
import { RouteWriteStore } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import { Conflict } from '@sluice/domain';
import { guardsHold } from './guards.js';
import { appendEvent } from './ledger-writes.js';
import { commitMove } from './moves.js';
import type { DecisionRow, IntentRow } from './rows.js';
import { toDecision, toIntent } from './rows.js';
import { liveFactOf, seenRouteColumns, seenRouteJoins, type SeenRouteColumns } from './seen-route.js';
import { inTransaction } from './transaction.js';

interface RouteRow extends SeenRouteColumns {
  id: string;
  project_id: string;
  account_id: string;
  arn: string;
  name: string;
  pinned: string[];
  acknowledged: boolean;
  expected: Weights;
  backends: (RouteMaterial['backends'][number] & { guard: string })[] | null;
  rollout_id: string | null;
  guard: string;
  freeze_guard: string;
  now: Date;
}

const selectRoute = `
  SELECT r.id, r.project_id, r.account_id, r.arn, r.name, r.pinned, r.acknowledgement IS NOT NULL AS acknowledged,
         r.expected, ${seenRouteColumns},
         (SELECT json_agg(json_build_object('name', b.name, 'targetGroupArn', b.target_group_arn, 'clusterId', c.id, 'clusterName', c.name,
                          'retired', c.retired_by IS NOT NULL, 'cordoned', c.cordoned_by IS NOT NULL, 'guard', k.version::text) ORDER BY b.name)
          FROM backends b JOIN clusters c ON c.id = b.cluster_id JOIN guards k ON k.key = 'cluster/' || c.id WHERE b.route_id = r.id) AS backends,
         (SELECT x.rollout_id FROM claims x WHERE x.route_id = r.id) AS rollout_id,
         g.version AS guard, f.version AS freeze_guard, clock_timestamp() AS now
  FROM routes r
  JOIN guards g ON g.key = 'route/' || r.id
  JOIN guards f ON f.key = 'freeze/' || r.project_id
  ${seenRouteJoins}`;

/** Moves of single routes. The lock order: guards, then the route. */
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

  write(write: RouteMove): Promise<{ decision: DecisionView; intent: IntentView }> {
    return inTransaction(this.pool, async (client) => {
      if (!(await guardsHold(client, write.guards)))
        throw new Conflict(
          'ChangedMeanwhile',
          'The route, its pins or one of its clusters changed meanwhile; send it again.',
        );
      // a statement of its own: what the next one sees is then what everybody before us has left
      await client.query('SELECT 1 FROM routes WHERE id = $1 FOR UPDATE', [write.routeId]);
      const busy = await client.query<{ rollout_id: string | null; open: boolean }>(
        `SELECT (SELECT x.rollout_id FROM claims x WHERE x.route_id = $1) AS rollout_id,
                EXISTS (SELECT 1 FROM intents i WHERE i.route_id = $1 AND i.state IN ('pending', 'sent')) AS open`,
        [write.routeId],
      );
      refuseBusy(busy.rows[0]);
      await refuseLeaving(client, write);
      const { decisionId } = await commitMove(client, this.ids, { ...write, rolloutId: null });
      const decision = await client.query<DecisionRow>('SELECT * FROM decisions WHERE id = $1', [decisionId]);
      const intent = await client.query<IntentRow>('SELECT * FROM intents WHERE decision_id = $1', [decisionId]);
      const made = toDecision(decision.rows[0]!);
      await appendEvent(client, {
        projectId: write.projectId,
        type: 'decision.made',
        subject: `decision/${decisionId}`,
        actor: write.actor,
        before: null,
        after: { ...made },
        data: { id: decisionId, kind: write.ledger.kind, routeId: write.routeId, message: write.ledger.message },
      });
      return { decision: made, intent: toIntent(intent.rows[0]!) };
    });
  }
}

/** A binding that is being removed takes its targets along: nobody is sent there any more. Removing takes the route's lock, too. */
async function refuseLeaving(client: PoolClient, { routeId, move }: RouteMove): Promise<void> {
  const raised = move.proposals.flatMap((proposal) => proposal.raisedClusterIds);
  const { rows } = await client.query<{ id: string; name: string }>(
    `SELECT x.id, b.name FROM backends b JOIN bindings x ON x.backend_id = b.id
     WHERE b.route_id = $1 AND b.cluster_id = ANY($2) AND x.state = 'Removing' ORDER BY x.id LIMIT 1`,
    [routeId, raised],
  );
  const leaving = rows[0];
  if (leaving)
    throw new Conflict(
      'BindingIsBeingRemoved',
      `Binding ${leaving.id} of ${leaving.name} is being removed, and its targets with it. Apply it again (POST /v1/bindings) before its share is raised.`,
      { bindingId: leaving.id },
    );
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
  const backends = row.backends ?? [];
  return {
    id: row.id,
    projectId: row.project_id,
    accountId: row.account_id,
    arn: row.arn,
    name: row.name,
    pinned: row.pinned,
    acknowledged: row.acknowledged,
    expected: row.expected,
    seen: liveFactOf(row),
    backends: backends.map(({ guard: _guard, ...backend }) => backend),
    rolloutId: row.rollout_id,
    guards: {
      [`route/${row.id}`]: BigInt(row.guard),
      [`freeze/${row.project_id}`]: BigInt(row.freeze_guard),
      ...Object.fromEntries(backends.map((backend) => [`cluster/${backend.clusterId}`, BigInt(backend.guard)])),
    },
    now: row.now.getTime(),
  };
}
