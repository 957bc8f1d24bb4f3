import type { PoolClient } from 'pg';
import type { Ids } from '@sluice/control';
import type { Evidence, LedgerLine, Move } from '@sluice/domain';
import { changesOf, isEmergency, priorityOf } from '@sluice/domain';
import { notify } from './ledger-writes.js';
import { OneStatement } from './one-statement.js';

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
 * it was decided under. The caller has locked the guards and the author. Returns the decision's id.
 */
export async function commitMove(
  client: PoolClient,
  ids: Ids,
  move: MoveToCommit,
): Promise<{ readonly decisionId: string }> {
  const statement = new OneStatement();
  statement.with('author', 'SELECT 1');
  const { decisionId } = addMove(statement, ids, move, 'author');
  await statement.run(client, 'SELECT 1');
  return { decisionId };
}

/** The same as parts of a statement, done if the part `author` has its one row. */
export function addMove(
  statement: OneStatement,
  ids: Ids,
  { projectId, rolloutId, ledger, move, guards, evidence }: MoveToCommit,
  author: string,
): { readonly decisionId: string; readonly intentIds: Readonly<Record<string, string>> } {
  const decisionId = ids.next('dec');
  const proposals = move?.proposals ?? [];
  const { value, json } = statement;
  const state = proposals.length === 0 ? 'applied' : 'decided';
  statement.with(
    'decision',
    `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor, step_index, changes, facts, state, decide_version, created_at, ended_at)
     SELECT ${value(decisionId)}, ${value(projectId)}, ${value(rolloutId)}, ${value(ledger.kind)}, ${value(ledger.reason)}, ${value(ledger.message)},
            ${value(ledger.actor)}, ${value(ledger.stepIndex)}::int, ${json(changesOf(move))}, ${json(ledger.facts)}, ${value(state)},
            ${value(ledger.decideVersion)}::int, clock_timestamp(), ${state === 'applied' ? 'clock_timestamp()' : 'NULL'}
     FROM ${author}`,
  );
  if (evidence !== undefined)
    statement.with(
      'evidence',
      `INSERT INTO decision_evidence (decision_id, body) SELECT ${value(decisionId)}, ${value(JSON.stringify(evidence))}::json FROM ${author}`,
    );
  const rows = proposals.map((proposal) => ({
    id: ids.next('int'),
    route_id: proposal.routeId,
    goal: proposal.goal,
    before: proposal.before,
    after: proposal.after,
    guards: move && boundBy(move, rolloutId, projectId, proposal, guards),
  }));
  if (move && rows.length > 0)
    statement.with(
      'placed',
      `INSERT INTO intents (id, project_id, account_id, gateway_id, rollout_id, route_id, listener_arn, decision_id, purpose, priority,
                            step_index, goal, before, after, guards, min_healthy_targets, forced, created_at)
       SELECT n.id, ${value(projectId)}, r.account_id, a.gateway_id, ${value(rolloutId)}, r.id, r.listener_arn, ${value(decisionId)},
              ${value(move.purpose)}, ${value(priorityOf[move.purpose])}::int, ${value(move.stepIndex)}::int, n.goal,
              CASE WHEN jsonb_typeof(n.before) = 'array' THEN n.before END, n.after, n.guards, ${value(move.minHealthyTargets)}::int,
              ${json(move.forced)}, clock_timestamp()
       FROM ${author} CROSS JOIN jsonb_to_recordset(${json(rows)}) AS n (id text, route_id text, goal jsonb, before jsonb, after jsonb, guards jsonb)
       JOIN routes r ON r.id = n.route_id JOIN accounts a ON a.id = r.account_id
       RETURNING CASE WHEN gateway_id IS NOT NULL THEN pg_notify('sluice_intents', gateway_id) END`,
    );
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

/**
 * Intents not yet sent of a rollout end as superseded (rule 5), but for those of the decision that says so, and with them
 * the decisions that have nothing else open.
 */
export async function supersedePending(
  client: PoolClient,
  rolloutId: string,
  why: string,
  byDecisionId: string | null,
): Promise<void> {
  const { rows } = await client.query<{ decision_id: string }>(
    `UPDATE intents SET state = 'superseded', settled_at = clock_timestamp(), reason = 'Superseded', message = $2
     WHERE rollout_id = $1 AND state = 'pending' AND decision_id IS DISTINCT FROM $3 RETURNING decision_id`,
    [rolloutId, why, byDecisionId],
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
  await client.query(endOf('$1', 'SELECT state, message FROM intents WHERE decision_id = $1'), [decisionId]);
  return true;
}

/** Ends a decision as its intents (`state`, `message`) say, unless one of them is open. */
export const endOf = (decisionId: string, intents: string): string => `
  UPDATE decisions d SET state = s.state, ended_at = clock_timestamp(), end_message = s.message
  FROM (SELECT CASE WHEN bool_and(state = 'applied') THEN 'applied' WHEN bool_or(state = 'applied') THEN 'partlyApplied'
                    WHEN bool_or(state = 'failed') THEN 'failed' ELSE 'superseded' END AS state,
               array_to_string((array_agg(DISTINCT message))[1:3], '; ') AS message,
               bool_or(state IN ('pending', 'sent')) AS is_open
        FROM (${intents}) i) s
  WHERE d.id = ${decisionId} AND d.state = 'decided' AND NOT s.is_open`;
