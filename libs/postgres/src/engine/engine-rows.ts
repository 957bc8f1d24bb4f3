import type { GatewayFence } from '@sluice/control';
import type { FrozenPlan, Weights } from '@sluice/domain';
import type { Pool } from 'pg';

/** Rows that the specs of the engine's statements stand on: one project, gateway, account, two clusters. */

export const fence: GatewayFence = { gatewayId: 'gtw_1', epoch: 7n, grantId: '00000000-0000-4000-8000-000000000001' };

export const tables = `gateways, accounts, projects, clusters, routes, backends, plans, plan_versions, rollouts, rollout_routes,
  frozen_plans, claims, wakeups, facts, guards, decisions, decision_evidence, intents`;

export const groupOf = (backend: string, routeId: string) =>
  `arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/${backend}-${routeId}/1`;

export const weightsOf = (routeId: string, onRed: number, onBlack: number): Weights => [
  { targetGroupArn: groupOf('black', routeId), weight: onBlack },
  { targetGroupArn: groupOf('red', routeId), weight: onRed },
];

export async function putWorld(pool: Pool): Promise<void> {
  await pool.query(`TRUNCATE ${tables}`);
  await pool.query(`INSERT INTO projects (id, name, created_by) VALUES ('prj_1', 'shop', 'test')`);
  await pool.query(
    `INSERT INTO gateways (id, partition, aws_account_id, region, owner, epoch, grant_id, lease_until)
     SELECT id, 'aws', id, 'eu-west-1', 'a', 7, $1, clock_timestamp() + interval '1 minute' FROM unnest(ARRAY['gtw_1', 'gtw_2']) AS id`,
    [fence.grantId],
  );
  await pool.query(
    `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
     SELECT 'acc_' || right(id, 1), 'prj_1', id, '1', 'eu-west-1', 'x', id, '{}', 'test' FROM gateways`,
  );
  await pool.query(
    `INSERT INTO clusters (id, project_id, account_id, name, server, ca_pem, credentials, created_by)
     SELECT 'clu_' || name, 'prj_1', 'acc_1', name, 'https://' || name, '-', '{}', 'test' FROM unnest(ARRAY['red', 'black']) AS name`,
  );
}

export async function putRoute(pool: Pool, id: string): Promise<void> {
  await pool.query(
    `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, ownership, expected, created_by)
     VALUES ($1, 'prj_1', 'acc_1', $1, 'arn:' || $1, 'arn:lb', 'arn:listener/' || $1, 'HTTP', 80, true, '{"kind": "unowned"}', $2, 'test')`,
    [id, JSON.stringify(weightsOf(id, 100, 0))],
  );
  for (const name of ['red', 'black'])
    await pool.query(
      `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_by)
       VALUES ($1 || $2, 'prj_1', $2, 'clu_' || $1, $1, 'ns', 's', '80', $3, 'ip', 'test')`,
      [name, id, groupOf(name, id)],
    );
}

export const planOf = (routeIds: readonly string[]): FrozenPlan => ({
  schemaVersion: 1,
  decideVersion: 1,
  planId: 'pln_1',
  planVersion: 1,
  name: 'to black',
  routes: routeIds.map((id) => ({
    id,
    name: id,
    arn: `arn:${id}`,
    accountId: 'acc_1',
    pinned: [],
    baseline: weightsOf(id, 100, 0),
    backends: ['red', 'black'].map((name) => ({
      id: `${name}${id}`,
      name,
      clusterId: `clu_${name}`,
      clusterName: name,
      namespace: 'ns',
      service: 's',
      port: 80,
      targetGroupArn: groupOf(name, id),
    })),
  })),
  steps: [
    { index: 0, name: 'half', shares: { red: 500, black: 500 }, holdMs: 60_000, gates: [] },
    { index: 1, name: 'all', shares: { red: 0, black: 1000 }, holdMs: 0, gates: [] },
  ],
  settleMs: 0,
  minHealthyTargets: 1,
  maxFactAgeMs: null,
  onHealthLost: 'block',
  bakeMs: 0,
});

export async function putRollout(
  pool: Pool,
  id: string,
  routeIds: readonly string[],
  state = 'Running',
): Promise<void> {
  await pool.query('INSERT INTO frozen_plans (id, body) VALUES ($1, $2)', [
    `plan of ${id}`,
    JSON.stringify(planOf(routeIds)),
  ]);
  await pool.query(
    `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, step_index, reason, message, created_by)
     VALUES ($1, 'prj_1', 'pln_1', 1, 'r', $2, 'plan of ' || $1, $3, 2, 0, 'StepIsHolding', '-', 'test')`,
    [id, state, routeIds.length],
  );
  for (const [position, routeId] of routeIds.entries()) {
    await pool.query(
      `INSERT INTO rollout_routes (rollout_id, route_id, position, baseline, expected) VALUES ($1, $2, $3, $4, $4)`,
      [id, routeId, position, JSON.stringify(weightsOf(routeId, 100, 0))],
    );
    await pool.query('INSERT INTO claims (route_id, rollout_id) VALUES ($1, $2)', [routeId, id]);
  }
}

export interface IntentRowOptions {
  readonly routeId?: string;
  readonly rolloutId?: string | null;
  readonly decisionId?: string;
  readonly purpose?: string;
  readonly priority?: number;
  readonly state?: string;
  readonly guards?: Readonly<Record<string, number>>;
  readonly gatewayId?: string;
  readonly listenerArn?: string;
  readonly stepIndex?: number | null;
  /** SQL, by Postgres's clock. */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** One intent with its decision; where a rollout has it, it stands for its route. */
export async function putIntent(pool: Pool, id: string, options: IntentRowOptions = {}): Promise<void> {
  const routeId = options.routeId ?? 'rte_1';
  const rolloutId = options.rolloutId === undefined ? 'rol_1' : options.rolloutId;
  const decisionId = options.decisionId ?? `dec_${id}`;
  await pool.query(
    `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor) VALUES ($1, 'prj_1', $2, 'shift', 'x', 'x', 'test') ON CONFLICT DO NOTHING`,
    [decisionId, rolloutId],
  );
  const isOut = options.state !== undefined && options.state !== 'pending';
  await pool.query(
    `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority, state, step_index,
                          goal, before, after, guards, min_healthy_targets, attempts, epoch, grant_id, sent_at, not_before, not_after)
     VALUES ($1, 'prj_1', 'acc_1', $2, $3, $4, $5, $6, $7, $8, $9, $10, '{"kind": "shares", "shares": {}}', $11, $12, $13, 1, $14, $15, $16,
             CASE WHEN $14::int > 0 THEN clock_timestamp() END, ${options.notBefore ?? 'NULL'}, ${options.notAfter ?? 'NULL'})`,
    [
      id,
      options.gatewayId ?? 'gtw_1',
      rolloutId,
      routeId,
      options.listenerArn ?? `arn:listener/${routeId}`,
      decisionId,
      options.purpose ?? 'step',
      options.priority ?? 2,
      options.state ?? 'pending',
      options.stepIndex === undefined ? 0 : options.stepIndex,
      JSON.stringify(weightsOf(routeId, 100, 0)),
      JSON.stringify(weightsOf(routeId, 50, 50)),
      JSON.stringify(
        Object.fromEntries(Object.entries(options.guards ?? {}).map(([key, version]) => [key, String(version)])),
      ),
      isOut ? 1 : 0,
      isOut ? '7' : null,
      isOut ? fence.grantId : null,
    ],
  );
  if (rolloutId !== null)
    await pool.query('UPDATE rollout_routes SET write_id = $1 WHERE rollout_id = $2 AND route_id = $3', [
      id,
      rolloutId,
      routeId,
    ]);
}
