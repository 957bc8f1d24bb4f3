import type { PoolClient } from 'pg';
import type { Ids } from '@sluice/control';
import type { IntentPurpose, RouteChange } from '@sluice/domain';
import { priorityOf } from '@sluice/domain';

/** Everything that a decision's rows need; the change list becomes one intent per route when `writes` is given. */
export interface DecisionToWrite {
  projectId: string;
  rolloutId: string | null;
  kind: string;
  reason: string;
  message: string;
  actor: string;
  stepIndex: number | null;
  changes: readonly RouteChange[];
  facts: Readonly<Record<string, unknown>>;
  writes: {
    purpose: IntentPurpose;
    minHealthyTargets: number;
    maxFactAgeMs: number;
    forced: { by: string; reason: string } | null;
  } | null;
}

/** Inserts the line of the ledger and its intents; a decision that writes nothing ends as applied at once. */
export async function insertDecision(client: PoolClient, ids: Ids, decision: DecisionToWrite): Promise<string> {
  const id = ids.next('dec');
  const writesNothing = decision.writes === null || decision.changes.length === 0;
  await client.query(
    `INSERT INTO decisions (id, project_id, rollout_id, kind, reason, message, actor, step_index, changes, facts, state, created_at, ended_at)
     VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11, clock_timestamp(), CASE WHEN $11 = 'applied' THEN clock_timestamp() END)`,
    [
      id,
      decision.projectId,
      decision.rolloutId,
      decision.kind,
      decision.reason,
      decision.message,
      decision.actor,
      decision.stepIndex,
      JSON.stringify(decision.changes),
      JSON.stringify(decision.facts),
      writesNothing ? 'applied' : 'decided',
    ],
  );
  if (decision.writes === null) return id;
  for (const change of decision.changes) {
    await client.query(
      `INSERT INTO intents (id, project_id, account_id, rollout_id, route_id, decision_id, purpose, priority, step_index, before, after,
                            min_healthy_targets, max_fact_age_ms, forced, created_at)
       SELECT $1, $2, account_id, $3, id, $4, $5, $6, $7, $8, $9, $10, $11, $12, clock_timestamp() FROM routes WHERE id = $13`,
      [
        ids.next('int'),
        decision.projectId,
        decision.rolloutId,
        id,
        decision.writes.purpose,
        priorityOf[decision.writes.purpose],
        decision.stepIndex,
        JSON.stringify(change.before),
        JSON.stringify(change.after),
        decision.writes.minHealthyTargets,
        decision.writes.maxFactAgeMs,
        decision.writes.forced === null ? null : JSON.stringify(decision.writes.forced),
        change.routeId,
      ],
    );
  }
  return id;
}

/** Intents of a rollout not yet sent end as superseded (rule 5), and with them the decisions that have nothing else open. */
export async function supersedePending(client: PoolClient, rolloutId: string, why: string): Promise<void> {
  const { rows } = await client.query<{ decision_id: string }>(
    `UPDATE intents SET state = 'superseded', settled_at = clock_timestamp(), reason = 'Superseded', message = $2
     WHERE rollout_id = $1 AND state = 'pending' RETURNING decision_id`,
    [rolloutId, why],
  );
  for (const decisionId of new Set(rows.map((row) => row.decision_id))) await endDecision(client, decisionId);
}

/** Ends a decision once none of its intents is open: failed if one failed, superseded if one was, applied otherwise. */
export async function endDecision(client: PoolClient, decisionId: string): Promise<void> {
  await client.query(
    `UPDATE decisions d SET state = s.state, ended_at = clock_timestamp(), end_message = s.message
     FROM (SELECT CASE WHEN bool_or(state = 'failed') THEN 'failed' WHEN bool_or(state = 'superseded') THEN 'superseded' ELSE 'applied' END AS state,
                  string_agg(DISTINCT message, '; ') AS message
           FROM intents WHERE decision_id = $1 HAVING bool_and(state NOT IN ('pending', 'sent'))) s
     WHERE d.id = $1 AND d.state = 'decided'`,
    [decisionId],
  );
}

/** One event for people, numbered after the commit; call it when the subject's row is locked (see `append_event`). */
export async function appendEvent(
  client: PoolClient,
  projectId: string | null,
  type: string,
  subject: string,
  data: unknown,
): Promise<void> {
  await client.query('SELECT append_event($1, $2, $3, $4)', [projectId, type, subject, JSON.stringify(data)]);
}

/** Wakes the other replicas at commit. */
export async function notify(client: PoolClient, topic: 'rollouts' | 'intents', payload: string): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [`sluice_${topic}`, payload]);
}
