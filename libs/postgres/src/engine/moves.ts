import type { PoolClient } from 'pg';
import type { Ids } from '@sluice/control';
import type { Evidence, LedgerLine, Move } from '@sluice/domain';
import { changesOf, isEmergency, priorityOf } from '@sluice/domain';
import { notify } from './ledger-writes.js';

export interface MoveToCommit {
  readonly projectId: string;
  readonly rolloutId: string | null;
  readonly ledger: LedgerLine;
  readonly move: Move | null;
  /** Versions that the decision stood on; the intents carry those that bind them. */
  readonly guards: Readonly<Record<string, bigint>>;
  /** What it stood on, to be replayed. */
  readonly evidence?: Evidence;
}

/**
 * The one way a move is written down, whoever its author: a line of the ledger and one intent per route, with the guards
 * it was decided under. The caller has locked the guards and the author. Returns the decision's id and its intents' by route.
 */
export async function commitMove(
  client: PoolClient,
  ids: Ids,
  { projectId, rolloutId, ledger, move, guards, evidence }: MoveToCommit,
): Promise<{ readonly decisionId: string; readonly intentIds: Readonly<Record<string, string>> }> {
  const decisionId = ids.next('dec');
  const proposals = move?.proposals ?? [];
  await client.query(
    `WITH line AS (
       INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor, step_index, changes, facts, state, decide_version, created_at, ended_at)
       VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12, clock_timestamp(), CASE WHEN $11 = 'applied' THEN clock_timestamp() END)
       RETURNING id)
     INSERT INTO decision_evidence (decision_id, body) SELECT id, $13::json FROM line WHERE $13::json IS NOT NULL`,
    [
      decisionId,
      projectId,
      rolloutId,
      ledger.kind,
      ledger.reason,
      ledger.message,
      ledger.actor,
      ledger.stepIndex,
      JSON.stringify(changesOf(move)),
      JSON.stringify(ledger.facts),
      proposals.length === 0 ? 'applied' : 'decided',
      ledger.decideVersion,
      evidence === undefined ? null : JSON.stringify(evidence),
    ],
  );
  if (!move || proposals.length === 0) return { decisionId, intentIds: {} };
  const rows = proposals.map((proposal) => ({
    id: ids.next('int'),
    route_id: proposal.routeId,
    goal: proposal.goal,
    before: proposal.before,
    after: proposal.after,
    guards: boundBy(move, rolloutId, projectId, proposal, guards),
  }));
  const { rows: inserted } = await client.query<{ gateway_id: string | null }>(
    `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority,
                          step_index, goal, before, after, guards, min_healthy_targets, forced, created_at)
     SELECT n.id, $1, r.account_id, a.gateway_id, $2, r.id, r.listener_arn, $3, $4, $5, $6, n.goal,
            CASE WHEN jsonb_typeof(n.before) = 'array' THEN n.before END, n.after, n.guards, $7, $8, clock_timestamp()
     FROM jsonb_to_recordset($9::jsonb) AS n (id text, route_id text, goal jsonb, before jsonb, after jsonb, guards jsonb)
     JOIN routes r ON r.id = n.route_id JOIN accounts a ON a.id = r.account_id
     RETURNING gateway_id`,
    [
      projectId,
      rolloutId,
      decisionId,
      move.purpose,
      priorityOf[move.purpose],
      move.stepIndex,
      move.minHealthyTargets,
      move.forced === null ? null : JSON.stringify(move.forced),
      JSON.stringify(rows),
    ],
  );
  for (const gatewayId of new Set(inserted.flatMap((row) => row.gateway_id ?? [])))
    await notify(client, 'intents', gatewayId);
  return { decisionId, intentIds: Object.fromEntries(rows.map((row) => [row.route_id, row.id])) };
}

/**
 * Which guards bind an intent. An emergency is bound by its author alone: a cordon or a freeze holds nobody back from
 * the way out (rule 12).
 */
function boundBy(
  move: Move,
  rolloutId: string | null,
  projectId: string,
  proposal: Move['proposals'][number],
  guards: Readonly<Record<string, bigint>>,
): Readonly<Record<string, string>> {
  const author = rolloutId === null ? [] : [`rollout/${rolloutId}`];
  const planned = isEmergency(move.purpose)
    ? []
    : [
        `freeze/${projectId}`,
        `route/${proposal.routeId}`,
        ...proposal.raisedClusterIds.map((clusterId) => `cluster/${clusterId}`),
      ];
  return Object.fromEntries(
    [...author, ...planned].flatMap((key) => {
      const version = guards[key];
      return version === undefined ? [] : [[key, version.toString()]];
    }),
  );
}

/** Intents not yet sent of a rollout end as superseded (rule 5), and with them the decisions that have nothing else open. */
export async function supersedePending(client: PoolClient, rolloutId: string, why: string): Promise<void> {
  const { rows } = await client.query<{ decision_id: string }>(
    `UPDATE intents SET state = 'superseded', settled_at = clock_timestamp(), reason = 'Superseded', message = $2
     WHERE rollout_id = $1 AND state = 'pending' RETURNING decision_id`,
    [rolloutId, why],
  );
  for (const decisionId of new Set(rows.map((row) => row.decision_id))) await endDecision(client, decisionId);
  // what is on its way is broken off where it still can be
  const { rows: flying } = await client.query<{ gateway_id: string }>(
    `SELECT DISTINCT gateway_id FROM intents WHERE rollout_id = $1 AND state = 'sent' AND gateway_id IS NOT NULL`,
    [rolloutId],
  );
  for (const { gateway_id: gatewayId } of flying) await notify(client, 'intents', gatewayId);
}

/** Ends a decision once none of its intents is open; how is derived from theirs. Returns whether it has ended. */
export async function endDecision(client: PoolClient, decisionId: string): Promise<boolean> {
  // one after the other, each in a statement of its own: of two who end the last two intents at once, the second sees both
  await client.query('SELECT 1 FROM decisions WHERE id = $1 FOR NO KEY UPDATE', [decisionId]);
  const open = await client.query(
    `SELECT 1 FROM intents WHERE decision_id = $1 AND state IN ('pending', 'sent') LIMIT 1`,
    [decisionId],
  );
  if (open.rowCount !== 0) return false;
  await client.query(
    `UPDATE decisions d SET state = s.state, ended_at = clock_timestamp(), end_message = s.message
     FROM (SELECT CASE WHEN bool_and(state = 'applied') THEN 'applied' WHEN bool_or(state = 'applied') THEN 'partlyApplied'
                       WHEN bool_or(state = 'failed') THEN 'failed' ELSE 'superseded' END AS state,
                  (SELECT string_agg(m, '; ') FROM (SELECT DISTINCT message AS m FROM intents WHERE decision_id = $1 LIMIT 3) few) AS message
           FROM intents WHERE decision_id = $1) s
     WHERE d.id = $1 AND d.state = 'decided'`,
    [decisionId],
  );
  return true;
}
