import type { Pool, PoolClient } from 'pg';
import type { GatewayFence, Intent, Marked, NextIntents, Settlement, Why } from '@sluice/control';
import { LaneStore } from '@sluice/control';
import type { RoutePatch, RouteProgress, Weights } from '@sluice/domain';
import { engineActor, settled } from '@sluice/domain';
import { appendEvent } from './ledger-writes.js';
import { endDecision } from './moves.js';
import { purposeOf } from './rollout-load.js';
import { ms, type IntentRow } from './rows.js';
import { inTransaction } from './transaction.js';
import { wakeRollout } from './wakeups.js';

interface LaneIntentRow extends IntentRow {
  state: Intent['state'];
  name: string;
  arn: string;
  listener_arn: string;
  is_default: boolean;
  pinned: string[];
  acknowledged: boolean;
  backends: Intent['backends'];
  min_healthy_targets: number;
  forced: Intent['forced'];
  covered: boolean;
}

/** A guard that it was decided under has moved, or its rollout has another write for the route by now (rule 5). */
const covered = `(EXISTS (SELECT 1 FROM jsonb_each_text(i.guards) AS w LEFT JOIN guards g ON g.key = w.key
    WHERE g.version IS DISTINCT FROM w.value::bigint)
  OR EXISTS (SELECT 1 FROM rollout_routes x WHERE x.rollout_id = i.rollout_id AND x.route_id = i.route_id AND x.write_id IS DISTINCT FROM i.id))`;

/** An intent with what its route is now. */
const selectIntent = `
  SELECT i.*, r.name, r.arn, r.is_default, r.pinned, r.acknowledgement IS NOT NULL AS acknowledged, ${covered} AS covered,
         (SELECT coalesce(json_agg(json_build_object('name', b.name, 'clusterId', c.id, 'clusterName', c.name, 'targetGroupArn', b.target_group_arn,
                    'cordoned', c.cordoned_by IS NOT NULL, 'retired', c.retired_by IS NOT NULL) ORDER BY b.created_at, b.name), '[]')
          FROM backends b JOIN clusters c ON c.id = b.cluster_id WHERE b.route_id = r.id) AS backends
  FROM intents i JOIN routes r ON r.id = i.route_id`;

/** $2 epoch, $3 grant id. */
const fenceHolds = `EXISTS (SELECT 1 FROM gateways l WHERE l.id = i.gateway_id AND l.epoch = $2 AND l.grant_id = $3)`;

/** Settles wake a rollout at once with the last write of a step or a failure, and otherwise once a second. */
const settleWakeMs = 1_000;

export class PostgresLaneStore extends LaneStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async orphans(fence: GatewayFence, inFlightIds: readonly string[]): Promise<readonly Intent[]> {
    const { rows } = await this.pool.query<LaneIntentRow>(
      `${selectIntent} WHERE i.gateway_id = $1 AND i.state = 'sent' AND NOT (i.id = ANY($2)) ORDER BY i.seq`,
      [fence.gatewayId, inFlightIds],
    );
    return rows.map(toLaneIntent);
  }

  async next(fence: GatewayFence, busyRouteIds: readonly string[], most: number): Promise<NextIntents> {
    const { rows } = await this.pool.query<LaneIntentRow & { in_ms: string | null }>(
      `${selectIntent.replace('SELECT i.*', `SELECT ceil(extract(epoch FROM i.not_before - clock_timestamp()) * 1000) AS in_ms, i.*`)}
       WHERE i.gateway_id = $1 AND i.state = 'pending' AND NOT (i.route_id = ANY($2))
         AND (i.priority = 0 OR NOT EXISTS (SELECT 1 FROM intents s WHERE s.route_id = i.route_id AND s.state = 'sent'))
       ORDER BY coalesce(i.not_before, '-infinity') > now(), i.priority, i.listener_arn, i.seq LIMIT $3`,
      [fence.gatewayId, busyRouteIds, most],
    );
    const waitsMs = (row: { in_ms: string | null }) => Math.max(0, Number(row.in_ms ?? 0));
    const due = rows.filter((row) => waitsMs(row) === 0);
    const later = rows.filter((row) => waitsMs(row) > 0).map(waitsMs);
    return { intents: due.map(toLaneIntent), inMs: later.length > 0 ? Math.min(...later) : null };
  }

  async covered(_fence: GatewayFence, intentIds: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT i.id FROM intents i WHERE i.id = ANY($1) AND i.state = 'sent' AND ${covered}`,
      [intentIds],
    );
    return rows.map((row) => row.id);
  }

  async markSent(fence: GatewayFence, intentId: string, deadlineMs: number, after: Weights): Promise<Marked> {
    const { rows } = await this.pool.query<{ sent: boolean; guarded: boolean }>(
      `WITH held AS MATERIALIZED (
         SELECT g.key, g.version FROM guards g
         WHERE g.key IN (SELECT jsonb_object_keys(guards) FROM intents WHERE id = $1) ORDER BY g.key FOR SHARE),
       guarded AS (
         SELECT NOT EXISTS (SELECT 1 FROM intents i, jsonb_each_text(i.guards) AS w LEFT JOIN held ON held.key = w.key
                            WHERE i.id = $1 AND held.version IS DISTINCT FROM w.value::bigint) AS ok),
       sent AS (
         UPDATE intents i SET state = 'sent', epoch = $2, grant_id = $3, sent_at = clock_timestamp(), attempts = attempts + 1, after = $5,
                deadline_at = clock_timestamp() + $4 * interval '1 ms', reason = NULL, message = NULL, not_before = NULL
         WHERE i.id = $1 AND i.state = 'pending' AND (SELECT ok FROM guarded) AND (i.not_after IS NULL OR i.not_after > clock_timestamp())
           AND EXISTS (SELECT 1 FROM gateways l WHERE l.id = i.gateway_id AND l.epoch = $2 AND l.grant_id = $3
                       AND l.lease_until > clock_timestamp() + $4 * interval '1 ms')
         RETURNING i.rollout_id, i.route_id),
       touched AS (
         UPDATE rollout_routes x SET touched = true FROM sent
         WHERE x.rollout_id = sent.rollout_id AND x.route_id = sent.route_id AND NOT x.touched)
       SELECT EXISTS (SELECT 1 FROM sent) AS sent, (SELECT ok FROM guarded) AS guarded`,
      [intentId, fence.epoch.toString(), fence.grantId, deadlineMs, JSON.stringify(after)],
    );
    const row = rows[0];
    if (row?.sent) return 'sent';
    if (row?.guarded !== false) return this.endExpired(fence, intentId);
    const message =
      'Something that it was decided on has changed since: a verb, a cordon, a pin or a freeze. It was not sent.';
    const ended = await this.settle(fence, intentId, { state: 'superseded', reason: 'Superseded', message });
    return ended ? 'covered' : 'gone';
  }

  defer(fence: GatewayFence, intentId: string, delayMs: number, why: Why): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const intent = await lockIntent(client, intentId);
      if (!intent) return false;
      // a verb that came while it was in flight could not supersede it: that is done here, or nobody ever would
      if (intent.covered)
        return settleIn(client, fence, intentId, {
          state: 'superseded',
          message: `${why.message} Something newer covers it.`,
        });
      const { rowCount } = await client.query(
        `UPDATE intents i SET state = 'pending', not_before = clock_timestamp() + $4 * interval '1 ms', reason = $5, message = $6,
                attempts = attempts + CASE WHEN state = 'pending' THEN 1 ELSE 0 END
         WHERE i.id = $1 AND i.state IN ('pending', 'sent') AND ${fenceHolds}`,
        [intentId, fence.epoch.toString(), fence.grantId, delayMs, why.reason, why.message],
      );
      if (rowCount !== 1) return false;
      // told once: a reason that stays the same is no news
      if (intent.rollout_id !== null && (intent.reason !== why.reason || intent.message !== why.message))
        await wakeRollout(client, intent.rollout_id, 0);
      return true;
    });
  }

  remark(fence: GatewayFence, intentId: string, why: Why): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ rollout_id: string | null }>(
        `UPDATE intents i SET reason = $4, message = $5
         WHERE i.id = $1 AND i.state = 'sent' AND i.message IS DISTINCT FROM $5 AND ${fenceHolds} RETURNING i.rollout_id`,
        [intentId, fence.epoch.toString(), fence.grantId, why.reason, why.message],
      );
      const rolloutId = rows[0]?.rollout_id;
      if (rolloutId) await wakeRollout(client, rolloutId, 0);
    });
  }

  settle(fence: GatewayFence, intentId: string, outcome: Settlement): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      if (!(await lockIntent(client, intentId))) return false;
      return settleIn(client, fence, intentId, outcome);
    });
  }

  /** Neither sent nor covered: fenced, ended by somebody else, or its permission has expired. */
  private async endExpired(fence: GatewayFence, intentId: string): Promise<Marked> {
    const { rows } = await this.pool.query<{ expired: boolean }>(
      `SELECT not_after <= clock_timestamp() AS expired FROM intents WHERE id = $1 AND state = 'pending'`,
      [intentId],
    );
    if (!rows[0]?.expired) return 'gone';
    const message = 'The permission behind it has expired; it was not sent.';
    return (await this.settle(fence, intentId, { state: 'superseded', reason: 'PermissionExpired', message }))
      ? 'covered'
      : 'gone';
  }
}

interface LockedIntent extends IntentRow {
  covered: boolean;
}

/** The route's row of its rollout first, then the intent: the lock order. */
async function lockIntent(client: PoolClient, intentId: string): Promise<LockedIntent | null> {
  await client.query(
    `SELECT 1 FROM rollout_routes x JOIN intents i ON i.rollout_id = x.rollout_id AND i.route_id = x.route_id
     WHERE i.id = $1 FOR UPDATE OF x`,
    [intentId],
  );
  const { rows } = await client.query<LockedIntent>(
    `SELECT i.*, ${covered} AS covered FROM intents i WHERE i.id = $1 FOR UPDATE OF i`,
    [intentId],
  );
  return rows[0] ?? null;
}

async function settleIn(
  client: PoolClient,
  fence: GatewayFence,
  intentId: string,
  outcome: Settlement,
): Promise<boolean> {
  const { rows } = await client.query<IntentRow & { project_id: string; settled_at: Date }>(
    `UPDATE intents i SET state = $4, settled_at = clock_timestamp(), reason = $5, message = $6, live = $7, request_id = $8
     WHERE i.id = $1 AND i.state IN ('pending', 'sent') AND ${fenceHolds} RETURNING i.*`,
    [
      intentId,
      fence.epoch.toString(),
      fence.grantId,
      outcome.state,
      reasonOf(outcome),
      outcome.message,
      'live' in outcome && outcome.live ? JSON.stringify(outcome.live) : null,
      'requestId' in outcome ? outcome.requestId : null,
    ],
  );
  const intent = rows[0];
  if (!intent) return false;
  // a write that shows after a newer one was verified explains nothing: what stands there is the newer one's, or drift
  const live = outcome.state === 'applied' && !(await isOutlived(client, intent)) ? outcome.live : null;
  if (live) await explain(client, intent, live);
  const isLast = await endDecision(client, intent.decision_id);
  if (intent.rollout_id !== null) {
    if (live) await settleRoute(client, intent, live);
    await wakeRollout(client, intent.rollout_id, isLast || outcome.state !== 'applied' ? 0 : settleWakeMs);
  }
  await appendEvent(client, {
    projectId: intent.project_id,
    type: 'route.weights',
    subject: `route/${intent.route_id}`,
    actor: engineActor('gateway'),
    before: null,
    after: null,
    data: {
      routeId: intent.route_id,
      rolloutId: intent.rollout_id,
      intentId,
      outcome: outcome.state,
      weights: live ?? intent.after,
      message: outcome.message,
    },
  });
  return true;
}

/** Whether a newer write of the route has been verified by now. */
async function isOutlived(client: PoolClient, intent: IntentRow): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT 1 FROM intents n WHERE n.route_id = $1 AND n.seq > $2 AND n.state = 'applied' LIMIT 1`,
    [intent.route_id, intent.seq],
  );
  return rowCount !== 0;
}

/** From now on this decision explains what is live on the route. */
async function explain(client: PoolClient, intent: IntentRow, live: Weights): Promise<void> {
  await client.query('UPDATE routes SET expected = $2, explained_by = $3, drift = NULL WHERE id = $1', [
    intent.route_id,
    JSON.stringify(live),
    intent.decision_id,
  ]);
}

/** What `settled` makes of the route's row. A write that something newer stands for only says what is live. */
async function settleRoute(client: PoolClient, intent: IntentRow & { settled_at: Date }, live: Weights): Promise<void> {
  const { rows } = await client.query<{
    step_index: number;
    expected: Weights | null;
    verified_at: Date | null;
    held_ms: string;
    touched: boolean;
    write_id: string | null;
  }>(
    'SELECT step_index, expected, verified_at, held_ms, touched, write_id FROM rollout_routes WHERE rollout_id = $1 AND route_id = $2',
    [intent.rollout_id, intent.route_id],
  );
  const row = rows[0];
  if (!row) return;
  const progress: RouteProgress = {
    routeId: intent.route_id,
    stepIndex: row.step_index,
    expected: row.expected ?? [],
    verifiedAt: ms(row.verified_at),
    heldMs: Number(row.held_ms),
    touched: row.touched,
  };
  const write = { purpose: purposeOf(intent.purpose), stepIndex: intent.step_index };
  const patch = settled(progress, write, { state: 'applied', live }, intent.settled_at.getTime());
  if (!patch) return;
  const kept: RoutePatch = row.write_id === intent.id ? patch : { routeId: patch.routeId, expected: live };
  await client.query(
    `UPDATE rollout_routes SET expected = $3, step_index = coalesce($4, step_index),
            verified_at = coalesce(to_timestamp($5::float8 / 1000), verified_at), held_ms = coalesce($6, held_ms)
     WHERE rollout_id = $1 AND route_id = $2`,
    [
      intent.rollout_id,
      intent.route_id,
      JSON.stringify(kept.expected),
      kept.stepIndex ?? null,
      kept.verifiedAt ?? null,
      kept.heldMs ?? null,
    ],
  );
}

function reasonOf(outcome: Settlement): string | null {
  if (outcome.state === 'failed') return outcome.reason;
  return outcome.state === 'superseded' ? (outcome.reason ?? 'Superseded') : null;
}

function toLaneIntent(row: LaneIntentRow): Intent {
  return {
    id: row.id,
    accountId: row.account_id,
    rolloutId: row.rollout_id,
    routeId: row.route_id,
    routeName: row.name,
    routeArn: row.arn,
    listenerArn: row.listener_arn,
    isDefault: row.is_default,
    purpose: row.purpose,
    state: row.state,
    goal: row.goal,
    before: row.before,
    after: row.after,
    backends: row.backends,
    pinned: row.pinned,
    acknowledged: row.acknowledged,
    minHealthyTargets: row.min_healthy_targets,
    forced: row.forced,
    attempts: row.attempts,
    covered: row.covered,
  };
}
