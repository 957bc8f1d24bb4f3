import type { Pool } from 'pg';
import type { PlanMaterial } from '@sluice/control';
import type { PlanSpec, Weights } from '@sluice/domain';
import { entry, liveFactOf, seenRouteColumns, seenRouteJoins, type SeenRouteColumns } from './seen-route.js';

interface RouteRow extends SeenRouteColumns {
  id: string;
  name: string;
  arn: string;
  account_id: string;
  pinned: string[];
  expected: Weights;
  acknowledged: boolean;
  claimed_by: string | null;
  backends:
    | {
        id: string;
        name: string;
        clusterId: string;
        clusterName: string;
        namespace: string;
        service: string;
        port: string;
        targetGroupArn: string;
      }[]
    | null;
}

/** A plan version and the routes it names today, with their backends, claims and the newest looks at them. */
export async function planMaterial(
  pool: Pool,
  planId: string,
  planVersion: number | null,
): Promise<PlanMaterial | null> {
  const { rows } = await pool.query<{ project_id: string; name: string; version: number; spec: PlanSpec; now: Date }>(
    `SELECT p.project_id, p.name, v.version, v.spec, clock_timestamp() AS now
     FROM plans p JOIN plan_versions v ON v.plan_id = p.id AND v.version = coalesce($2, p.latest_version) WHERE p.id = $1`,
    [planId, planVersion],
  );
  const plan = rows[0];
  if (!plan) return null;
  const { routes: selector } = plan.spec;
  const found = await pool.query<RouteRow>(
    `SELECT r.id, r.name, r.arn, r.account_id, r.pinned, r.expected, r.acknowledgement IS NOT NULL AS acknowledged,
            c.rollout_id AS claimed_by, ${seenRouteColumns},
            (SELECT json_agg(json_build_object('id', b.id, 'name', b.name, 'clusterId', k.id, 'clusterName', k.name, 'namespace', b.namespace,
                             'service', b.service, 'port', b.port, 'targetGroupArn', b.target_group_arn) ORDER BY b.created_at, b.name)
             FROM backends b JOIN clusters k ON k.id = b.cluster_id WHERE b.route_id = r.id) AS backends
     FROM routes r
     LEFT JOIN claims c ON c.route_id = r.id
     ${seenRouteJoins}
     WHERE r.project_id = $1 AND CASE WHEN $2::text[] IS NOT NULL THEN r.id = ANY($2) ELSE r.labels @> $3::jsonb END
     ORDER BY r.name`,
    [
      plan.project_id,
      selector.kind === 'ids' ? selector.ids : null,
      selector.kind === 'labels' ? JSON.stringify(selector.labels) : null,
    ],
  );
  const ids = new Set(found.rows.map((route) => route.id));
  return {
    projectId: plan.project_id,
    planId,
    planName: plan.name,
    planVersion: plan.version,
    spec: plan.spec,
    now: plan.now.getTime(),
    routes: found.rows.map((route) => ({
      id: route.id,
      name: route.name,
      arn: route.arn,
      accountId: route.account_id,
      pinned: route.pinned,
      expected: route.expected,
      acknowledged: route.acknowledged,
      claimedBy: route.claimed_by,
      backends: route.backends ?? [],
    })),
    seen: Object.fromEntries(found.rows.flatMap((route) => entry(route.id, liveFactOf(route)))),
    missingRouteIds: selector.kind === 'ids' ? selector.ids.filter((id) => !ids.has(id)) : [],
  };
}
