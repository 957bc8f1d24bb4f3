import type { Pool } from 'pg';
import type { PlanMaterial } from '@sluice/control';
import type { PlanSpec, Weights } from '@sluice/domain';

interface RouteRow {
  id: string;
  name: string;
  arn: string;
  account_id: string;
  pinned: string[];
  expected: Weights;
  acknowledged: boolean;
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

/** A plan version and the routes it names today, with their backends. */
export async function planMaterial(
  pool: Pool,
  planId: string,
  planVersion: number | null,
): Promise<PlanMaterial | null> {
  const { rows } = await pool.query<{ project_id: string; name: string; version: number; spec: PlanSpec }>(
    `SELECT p.project_id, p.name, v.version, v.spec FROM plans p JOIN plan_versions v ON v.plan_id = p.id AND v.version = coalesce($2, p.latest_version) WHERE p.id = $1`,
    [planId, planVersion],
  );
  const plan = rows[0];
  if (!plan) return null;
  const { routes: selector } = plan.spec;
  const found = await pool.query<RouteRow>(
    `SELECT r.id, r.name, r.arn, r.account_id, r.pinned, r.expected, r.acknowledgement IS NOT NULL AS acknowledged,
            (SELECT json_agg(json_build_object('id', b.id, 'name', b.name, 'clusterId', c.id, 'clusterName', c.name, 'namespace', b.namespace,
                             'service', b.service, 'port', b.port, 'targetGroupArn', b.target_group_arn) ORDER BY b.created_at, b.name)
             FROM backends b JOIN clusters c ON c.id = b.cluster_id WHERE b.route_id = r.id) AS backends
     FROM routes r
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
    routes: found.rows.map((route) => ({
      id: route.id,
      name: route.name,
      arn: route.arn,
      accountId: route.account_id,
      pinned: route.pinned,
      expected: route.expected,
      acknowledged: route.acknowledged,
      backends: route.backends ?? [],
    })),
    missingRouteIds: selector.kind === 'ids' ? selector.ids.filter((id) => !ids.has(id)) : [],
  };
}
