import type { Pool, PoolClient } from 'pg';
import type { ApiBudget, Fence, Grant, Intent, Settlement } from '@sluice/control';
import { LaneStore } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import { appendEvent, endDecision, notify } from './ledger-writes.js';
import type { RolloutRow } from './rows.js';
import { summary } from './rollout-store.js';
import { inTransaction } from './transaction.js';

interface LaneIntentRow {
  id: string;
  account_id: string;
  rollout_id: string | null;
  route_id: string;
  arn: string;
  purpose: Intent['purpose'];
  state: Intent['state'];
  before: Weights;
  after: Weights;
  pinned: string[];
  backends: string[];
  min_healthy_targets: number;
  max_fact_age_ms: number;
  forced: Intent['forced'];
  attempts: number;
  covered: boolean;
}

/** An intent with its route; `covered` = a newer word of the rollout stands over it (rule 5). */
const selectIntent = `
  SELECT i.*, r.arn, r.pinned,
         (SELECT coalesce(json_agg(b.target_group_arn), '[]') FROM backends b WHERE b.route_id = r.id) AS backends,
         i.rollout_id IS NOT NULL AND (o.write_decision_id IS DISTINCT FROM i.decision_id
           OR o.state NOT IN ('Running', 'RollingBack', 'Paused', 'Blocked', 'Suspended')) AS covered
  FROM intents i JOIN routes r ON r.id = i.route_id LEFT JOIN rollouts o ON o.id = i.rollout_id`;

/** A rollout's intents are sent only while it moves; a paused or blocked one keeps them for later. */
const mayBeSent = `(i.rollout_id IS NULL OR EXISTS (SELECT 1 FROM rollouts o WHERE o.id = i.rollout_id
  AND o.state IN ('Running', 'RollingBack') AND o.write_decision_id = i.decision_id))`;

const fenceHolds = `EXISTS (SELECT 1 FROM lanes l WHERE l.account_id = i.account_id AND l.epoch = $2 AND l.grant_id = $3)`;

export class PostgresLaneStore extends LaneStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async claim(owner: string, leaseMs: number, waitOutMs: number): Promise<readonly Grant[]> {
    const { rows } = await this.pool.query<{
      account_id: string;
      epoch: string;
      grant_id: string;
      writes_in_ms: string;
      api_budget: ApiBudget;
    }>(
      `UPDATE lanes l SET owner = $1, epoch = l.epoch + 1, grant_id = gen_random_uuid(),
              writes_from = CASE WHEN l.owner IS NULL THEN clock_timestamp() ELSE l.lease_until + $3 * interval '1 ms' END,
              lease_until = clock_timestamp() + $2 * interval '1 ms'
       FROM accounts a
       WHERE a.id = l.account_id AND l.account_id IN (
         SELECT account_id FROM lanes WHERE owner IS NULL OR lease_until < clock_timestamp() ORDER BY account_id FOR UPDATE SKIP LOCKED)
       RETURNING l.account_id, l.epoch, l.grant_id, a.api_budget,
                 greatest(0, extract(epoch FROM l.writes_from - clock_timestamp()) * 1000) AS writes_in_ms`,
      [owner, leaseMs, waitOutMs],
    );
    return rows.map((row) => ({
      accountId: row.account_id,
      epoch: BigInt(row.epoch),
      grantId: row.grant_id,
      leaseMs,
      writesInMs: Number(row.writes_in_ms),
      apiBudget: row.api_budget,
    }));
  }

  async renew(
    fences: readonly Fence[],
    leaseMs: number,
  ): Promise<readonly { accountId: string; apiBudget: ApiBudget }[]> {
    const { rows } = await this.pool.query<{ account_id: string; api_budget: ApiBudget }>(
      `UPDATE lanes l SET lease_until = clock_timestamp() + $4 * interval '1 ms'
       FROM accounts a, unnest($1::text[], $2::bigint[], $3::uuid[]) AS mine (account_id, epoch, grant_id)
       WHERE a.id = l.account_id AND l.account_id = mine.account_id AND l.epoch = mine.epoch AND l.grant_id = mine.grant_id
       RETURNING l.account_id, a.api_budget`,
      [fences.map((f) => f.accountId), fences.map((f) => f.epoch.toString()), fences.map((f) => f.grantId), leaseMs],
    );
    return rows.map((row) => ({ accountId: row.account_id, apiBudget: row.api_budget }));
  }

  async release(fence: Fence): Promise<void> {
    await this.pool.query(
      'UPDATE lanes SET owner = NULL, lease_until = NULL, grant_id = NULL WHERE account_id = $1 AND epoch = $2 AND grant_id = $3',
      [fence.accountId, fence.epoch.toString(), fence.grantId],
    );
    await this.pool.query(`SELECT pg_notify('sluice_intents', $1)`, [fence.accountId]);
  }

  async orphans(fence: Fence, inFlightIds: readonly string[]): Promise<readonly Intent[]> {
    const { rows } = await this.pool.query<LaneIntentRow>(
      `${selectIntent} WHERE i.account_id = $1 AND i.state = 'sent' AND NOT (i.id = ANY($2)) ORDER BY i.seq`,
      [fence.accountId, inFlightIds],
    );
    return rows.map(toLaneIntent);
  }

  async next(fence: Fence, busyRouteIds: readonly string[]): Promise<{ intent: Intent } | { inMs: number } | null> {
    const { rows } = await this.pool.query<LaneIntentRow & { in_ms: string }>(
      `${selectIntent.replace('SELECT i.*', `SELECT greatest(0, ceil(extract(epoch FROM i.not_before - clock_timestamp()) * 1000)) AS in_ms, i.*`)}
       WHERE i.account_id = $1 AND i.state = 'pending' AND NOT (i.route_id = ANY($2)) AND ${mayBeSent}
         AND NOT EXISTS (SELECT 1 FROM intents s WHERE s.route_id = i.route_id AND s.state = 'sent')
       ORDER BY coalesce(i.not_before, '-infinity') > clock_timestamp(), i.priority, i.not_before NULLS FIRST, i.seq LIMIT 1`,
      [fence.accountId, busyRouteIds],
    );
    const row = rows[0];
    if (!row) return null;
    const inMs = Number(row.in_ms ?? 0);
    return inMs > 0 ? { inMs } : { intent: toLaneIntent(row) };
  }

  async markSent(fence: Fence, intentId: string, deadlineMs: number, after: Weights): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `UPDATE intents i SET state = 'sent', epoch = $2, grant_id = $3, sent_at = clock_timestamp(), attempts = attempts + 1, after = $5,
              deadline_at = clock_timestamp() + $4 * interval '1 ms', reason = NULL, message = NULL, not_before = NULL
       WHERE i.id = $1 AND i.state = 'pending' AND ${mayBeSent}
         AND EXISTS (SELECT 1 FROM lanes l WHERE l.account_id = i.account_id AND l.epoch = $2 AND l.grant_id = $3
                     AND l.lease_until > clock_timestamp() + $4 * interval '1 ms')`,
      [intentId, fence.epoch.toString(), fence.grantId, deadlineMs, JSON.stringify(after)],
    );
    return rowCount === 1;
  }

  putBack(fence: Fence, intentId: string, delayMs: number, why: { reason: string; message: string }): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const rollout = await lockRollout(client, intentId);
      // a verb that came while it was in flight could not supersede it: that is done here, or nobody ever would
      if (rollout?.covered)
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
      if (rollout) await wakeRollout(client, rollout.id);
      return true;
    });
  }

  remark(fence: Fence, intentId: string, why: { reason: string; message: string }): Promise<void> {
    return inTransaction(this.pool, async (client) => {
      const rollout = await lockRollout(client, intentId);
      const { rowCount } = await client.query(
        `UPDATE intents i SET reason = $4, message = $5
         WHERE i.id = $1 AND i.state = 'sent' AND i.message IS DISTINCT FROM $5
           AND EXISTS (SELECT 1 FROM lanes l WHERE l.account_id = i.account_id AND l.epoch = $2 AND l.grant_id = $3)`,
        [intentId, fence.epoch.toString(), fence.grantId, why.reason, why.message],
      );
      if (rollout && rowCount === 1) await wakeRollout(client, rollout.id);
    });
  }

  settle(fence: Fence, intentId: string, outcome: Settlement): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      await lockRollout(client, intentId);
      return settleIn(client, fence, intentId, outcome);
    });
  }
}

/** The intent's rollout, locked before the intent itself (the lock order), and whether a newer word of it stands over the intent. */
async function lockRollout(client: PoolClient, intentId: string): Promise<{ id: string; covered: boolean } | null> {
  const { rows } = await client.query<{ id: string; covered: boolean }>(
    `SELECT o.id, o.write_decision_id IS DISTINCT FROM i.decision_id OR o.state NOT IN ('Running', 'RollingBack', 'Paused', 'Blocked', 'Suspended') AS covered
     FROM rollouts o JOIN intents i ON i.rollout_id = o.id WHERE i.id = $1 FOR UPDATE OF o`,
    [intentId],
  );
  return rows[0] ?? null;
}

/** So that it tells anew what it waits for. */
async function wakeRollout(client: PoolClient, rolloutId: string): Promise<void> {
  await client.query(
    `UPDATE rollouts SET wake_at = clock_timestamp() WHERE id = $1 AND state IN ('Running', 'RollingBack')`,
    [rolloutId],
  );
  await notify(client, 'rollouts', rolloutId);
}

async function settleIn(client: PoolClient, fence: Fence, intentId: string, outcome: Settlement): Promise<boolean> {
  const { rows } = await client.query<{
    project_id: string;
    rollout_id: string | null;
    route_id: string;
    decision_id: string;
    after: Weights;
  }>(
    `UPDATE intents i SET state = $4, settled_at = clock_timestamp(), reason = $5, message = $6, live = $7, request_id = $8
     WHERE i.id = $1 AND i.state IN ('pending', 'sent') AND ${fenceHolds} RETURNING project_id, rollout_id, route_id, decision_id, after`,
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
  await endDecision(client, intent.decision_id);
  if (outcome.state === 'applied') {
    intent.after = outcome.live;
    await client.query('UPDATE routes SET expected = $2, drift = NULL WHERE id = $1', [
      intent.route_id,
      JSON.stringify(outcome.live),
    ]);
  }
  const rollout =
    intent.rollout_id === null ? null : await advanceRollout(client, intent.rollout_id, intent, outcome.state);
  const data = {
    routeId: intent.route_id,
    rolloutId: intent.rollout_id,
    intentId,
    outcome: outcome.state,
    weights: intent.after,
    message: outcome.message,
  };
  await appendEvent(client, intent.project_id, 'route.weights', `route/${intent.route_id}`, data);
  if (rollout)
    await appendEvent(client, intent.project_id, 'rollout.changed', `rollout/${rollout.id}`, summary(rollout));
  return true;
}

function reasonOf(outcome: Settlement): string | null {
  return outcome.state === 'failed' ? outcome.reason : outcome.state === 'superseded' ? 'Superseded' : null;
}

/** Tells the rollout what became of a write, wakes it, and starts the hold with the last write of its step. */
async function advanceRollout(
  client: PoolClient,
  rolloutId: string,
  intent: { route_id: string; decision_id: string; after: Weights },
  state: Settlement['state'],
): Promise<RolloutRow | null> {
  const { rows } = await client.query<RolloutRow>(
    `UPDATE rollouts o SET version = version + 1, updated_at = clock_timestamp(),
            expected = CASE WHEN $4 THEN expected || jsonb_build_object($2::text, $3::jsonb) ELSE expected END,
            verified_at = CASE WHEN done.all_applied THEN clock_timestamp() ELSE verified_at END,
            held_ms = CASE WHEN done.all_applied THEN 0 ELSE held_ms END,
            held_checked_at = CASE WHEN done.all_applied THEN clock_timestamp() ELSE held_checked_at END,
            wake_at = CASE WHEN o.state IN ('Running', 'RollingBack') THEN clock_timestamp() ELSE wake_at END
     FROM (SELECT coalesce(bool_and(state = 'applied'), false) AS all_applied FROM intents WHERE decision_id = $5
             AND decision_id = (SELECT write_decision_id FROM rollouts WHERE id = $1)) done
     WHERE o.id = $1 RETURNING o.*`,
    [rolloutId, intent.route_id, JSON.stringify(intent.after), state === 'applied', intent.decision_id],
  );
  await notify(client, 'rollouts', rolloutId);
  return rows[0] ?? null;
}

function toLaneIntent(row: LaneIntentRow): Intent {
  return {
    id: row.id,
    accountId: row.account_id,
    rolloutId: row.rollout_id,
    routeId: row.route_id,
    routeArn: row.arn,
    purpose: row.purpose,
    state: row.state,
    before: row.before,
    after: row.after,
    pinned: row.pinned,
    backends: row.backends,
    minHealthyTargets: row.min_healthy_targets,
    maxFactAgeMs: row.max_fact_age_ms,
    forced: row.forced,
    attempts: row.attempts,
    covered: row.covered,
  };
}
