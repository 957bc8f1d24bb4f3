import type { Pool, PoolClient } from 'pg';
import type { GatewayFence, Intent, Marked, NextIntents, Settlement, Why } from '@sluice/control';
import { LaneStore } from '@sluice/control';
import { engineActor, settled, type Weights } from '@sluice/domain';
import { looksIn, storeLooks, toRow } from './fact-store.js';
import { eventOf } from './ledger-writes.js';
import { endOf } from './moves.js';
import { OneStatement } from './one-statement.js';
import { prepared } from './prepared.js';
import { purposeOf } from './rollout-load.js';
import type { IntentRow } from './rows.js';
import { inTransaction } from './transaction.js';
import { addWake, wakeRollout } from './wakeups.js';

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
const covered = `(EXISTS (SELECT 1 FROM jsonb_each_text(i.guards) AS w
    WHERE (SELECT g.version FROM guards g WHERE g.key = w.key) IS DISTINCT FROM w.value::bigint)
  OR EXISTS (SELECT 1 FROM rollout_routes x WHERE x.rollout_id = i.rollout_id AND x.route_id = i.route_id AND x.write_id IS DISTINCT FROM i.id))`;

/** An intent with what its route is now. */
const selectIntent = `
  SELECT i.*, r.name, r.arn, r.is_default, r.pinned, r.acknowledgement IS NOT NULL AS acknowledged, ${covered} AS covered,
         (SELECT coalesce(json_agg(json_build_object('name', b.name, 'clusterId', c.id, 'clusterName', c.name, 'targetGroupArn', b.target_group_arn,
                    'cordoned', c.cordoned_by IS NOT NULL, 'retired', c.retired_by IS NOT NULL) ORDER BY b.created_at, b.name), '[]')
          FROM backends b JOIN clusters c ON c.id = b.cluster_id WHERE b.route_id = r.id) AS backends
  FROM intents i JOIN routes r ON r.id = i.route_id`;

/** Of the gateway of intent `i`, with placeholders of the epoch and the grant id. */
const fenceHolds = (epoch = '$2', grantId = '$3') =>
  `EXISTS (SELECT 1 FROM gateways l WHERE l.id = i.gateway_id AND l.epoch = ${epoch}::bigint AND l.grant_id = ${grantId}::uuid)`;

/** Settles wake a rollout at once with the last write of a step or a failure, and otherwise once a second. */
const settleWakeMs = 1_000;

export class PostgresLaneStore extends LaneStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async busy(gatewayIds: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT g.id FROM unnest($1::text[]) AS g (id) WHERE EXISTS (
         SELECT 1 FROM intents i WHERE i.gateway_id = g.id AND i.state IN ('pending', 'sent')
           AND (i.state = 'sent' OR coalesce(i.not_before <= now(), true)))`,
      [gatewayIds],
    );
    return rows.map((row) => row.id);
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
      prepared(
        `${selectIntent.replace('SELECT i.*', `SELECT ceil(extract(epoch FROM i.not_before - clock_timestamp()) * 1000) AS in_ms, i.*`)}
       WHERE i.gateway_id = $1 AND i.state = 'pending' AND NOT (i.route_id = ANY($2))
         AND (i.priority = 0 OR NOT EXISTS (SELECT 1 FROM intents s WHERE s.route_id = i.route_id AND s.state = 'sent'))
       ORDER BY coalesce(i.not_before, '-infinity') > now(), i.priority, i.listener_arn, i.seq LIMIT $3`,
        [fence.gatewayId, busyRouteIds, most],
      ),
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
      prepared(
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
      ),
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
         WHERE i.id = $1 AND i.state IN ('pending', 'sent') AND ${fenceHolds()}`,
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
         WHERE i.id = $1 AND i.state = 'sent' AND i.message IS DISTINCT FROM $5 AND ${fenceHolds()} RETURNING i.rollout_id`,
        [intentId, fence.epoch.toString(), fence.grantId, why.reason, why.message],
      );
      const rolloutId = rows[0]?.rollout_id;
      if (rolloutId) await wakeRollout(client, rolloutId, 0);
    });
  }

  settle(fence: GatewayFence, intentId: string, outcome: Settlement): Promise<boolean> {
    return inTransaction(this.pool, (client) => settleIn(client, fence, intentId, outcome));
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

interface IntentToSettle extends IntentRow {
  project_id: string;
  now: Date;
  /** The write that stands for the route in its rollout. */
  write_id: string | null;
}

/**
 * Locks what a settlement writes: the route's row of its rollout, the intent, the decision, in this order. A statement of
 * its own: what the next one sees is then what everybody before us has left.
 */
async function lockToSettle(client: PoolClient, intentId: string): Promise<IntentToSettle | null> {
  const { rows } = await client.query<IntentToSettle>(
    prepared(
      `WITH route AS MATERIALIZED (
       SELECT x.write_id FROM rollout_routes x JOIN intents i ON i.rollout_id = x.rollout_id AND i.route_id = x.route_id
       WHERE i.id = $1 FOR UPDATE OF x),
     intent AS MATERIALIZED (
       SELECT * FROM intents WHERE id = $1 AND (SELECT count(*) FROM route) >= 0 FOR UPDATE),
     decision AS MATERIALIZED (
       SELECT 1 FROM decisions WHERE id = (SELECT decision_id FROM intent) FOR NO KEY UPDATE)
     SELECT intent.*, (SELECT write_id FROM route) AS write_id, clock_timestamp() AS now
     FROM intent WHERE (SELECT count(*) FROM decision) >= 0`,
      [intentId],
    ),
  );
  return rows[0] ?? null;
}

async function settleIn(
  client: PoolClient,
  fence: GatewayFence,
  intentId: string,
  outcome: Settlement,
): Promise<boolean> {
  const intent = await lockToSettle(client, intentId);
  if (!intent) return false;
  const statement = new OneStatement();
  addOutcome(statement, fence, intent, outcome);
  addExplanation(statement, intent, outcome);
  if (outcome.state === 'applied') {
    addProgress(statement, intent, outcome.live);
    if (outcome.look) {
      const looks = looksIn(statement.json([toRow(outcome.look)]));
      statement.with('look', storeLooks(`ended CROSS JOIN ${looks}`));
    }
  }
  addEndOfDecision(statement, intent, outcome);
  // told when the route's row is ours, so that whoever sees a later event of the route sees this one as well
  const ended = await statement.run(
    client,
    `SELECT ${told(statement, intent, outcome)} FROM ended WHERE (SELECT count(*) FROM explained) >= 0`,
  );
  return ended.length === 1;
}

function told(statement: OneStatement, intent: IntentToSettle, outcome: Settlement): string {
  return eventOf(statement, {
    projectId: intent.project_id,
    type: 'route.weights',
    subject: `route/${intent.route_id}`,
    actor: engineActor('gateway'),
    before: null,
    after: null,
    data: {
      routeId: intent.route_id,
      rolloutId: intent.rollout_id,
      intentId: intent.id,
      outcome: outcome.state,
      weights: outcome.state === 'applied' ? outcome.live : intent.after,
      message: outcome.message,
    },
  });
}

/** As the part `ended`, with its one row if the fence holds and nobody ended it before us. */
function addOutcome(statement: OneStatement, fence: GatewayFence, intent: IntentToSettle, outcome: Settlement): void {
  const { value, json } = statement;
  const live = 'live' in outcome ? outcome.live : null;
  const requestId = 'requestId' in outcome ? outcome.requestId : null;
  statement.with(
    'ended',
    `UPDATE intents i SET state = ${value(outcome.state)}, settled_at = ${value(intent.now)}, reason = ${value(reasonOf(outcome))},
            message = ${value(outcome.message)}, live = ${json(live)}, request_id = ${value(requestId)}
     WHERE i.id = ${value(intent.id)} AND i.state IN ('pending', 'sent') AND ${fenceHolds(value(fence.epoch.toString()), value(fence.grantId))}
     RETURNING 1`,
  );
}

/**
 * From now on this decision explains what is live on the route, unless a newer write of the route has been verified by now:
 * what stands there is that one's then, or drift. `explained` has a row in the first case.
 */
function addExplanation(statement: OneStatement, intent: IntentToSettle, outcome: Settlement): void {
  const { value, json } = statement;
  if (outcome.state !== 'applied') return statement.with('explained', 'SELECT 1 WHERE false');
  const routeId = value(intent.route_id);
  statement.with(
    'explained',
    `UPDATE routes SET expected = ${json(outcome.live)}, explained_by = ${value(intent.decision_id)}, drift = NULL
     FROM ended WHERE id = ${routeId}
       AND NOT EXISTS (SELECT 1 FROM intents n WHERE n.route_id = ${routeId} AND n.seq > ${value(intent.seq)}::bigint AND n.state = 'applied')
     RETURNING 1`,
  );
}

/** What `settled` makes of the route's row. A write that something newer stands for only says what is live. */
function addProgress(statement: OneStatement, intent: IntentToSettle, live: Weights): void {
  if (intent.rollout_id === null) return;
  const { value, json } = statement;
  const write = { purpose: purposeOf(intent.purpose), stepIndex: intent.step_index };
  const patch = settled({ routeId: intent.route_id }, write, { state: 'applied', live }, intent.now.getTime());
  if (!patch) return;
  const stands = intent.write_id === intent.id;
  const { expected, stepIndex = null, verifiedAt = null, heldMs = null } = stands ? patch : { expected: live };
  statement.with(
    'progress',
    `UPDATE rollout_routes SET expected = ${json(expected)}, step_index = coalesce(${value(stepIndex)}, step_index),
            verified_at = coalesce(to_timestamp(${value(verifiedAt)}::float8 / 1000), verified_at), held_ms = coalesce(${value(heldMs)}, held_ms)
     FROM explained WHERE rollout_id = ${value(intent.rollout_id)} AND route_id = ${value(intent.route_id)}`,
  );
}

/** With its last intent ends the decision, and its rollout is woken at once; otherwise once a second. */
function addEndOfDecision(statement: OneStatement, intent: IntentToSettle, outcome: Settlement): void {
  const { value } = statement;
  const own = value(intent.id);
  const decisionId = value(intent.decision_id);
  const message = value(outcome.message);
  statement.with(
    'decision',
    endOf(
      decisionId,
      `SELECT CASE WHEN id = ${own} THEN ${value(outcome.state)} ELSE state END AS state,
              CASE WHEN id = ${own} THEN ${message} ELSE message END AS message
       FROM intents CROSS JOIN ended WHERE decision_id = ${decisionId}`,
    ),
  );
  if (intent.rollout_id === null) return;
  const others = `SELECT 1 FROM intents WHERE decision_id = ${decisionId} AND id <> ${own} AND state IN ('pending', 'sent')`;
  const inMs =
    outcome.state === 'applied' ? `CASE WHEN EXISTS (${others}) THEN ${String(settleWakeMs)} ELSE 0 END` : '0';
  addWake(statement, `(SELECT ${value(intent.rollout_id)} FROM ended)`, inMs);
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
