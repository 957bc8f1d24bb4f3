import { replay, type Evidence, type FrozenPlan, type LedgerLine, type RouteChange } from '@sluice/domain';
import type pg from 'pg';

interface Row extends Omit<LedgerLine, 'stepIndex' | 'decideVersion'> {
  id: string;
  rollout_id: string;
  plan: FrozenPlan;
  step_index: number | null;
  decide_version: number | null;
  changes: RouteChange[];
  evidence: Evidence | null;
}

/** I18: the ledgers of all rollouts of a database, decided again. `broken`: a sentence for each that doesn't come out the same. */
export async function replayed(
  db: Pick<pg.Pool, 'query'> | Pick<pg.Client, 'query'>,
): Promise<{ readonly same: number; readonly broken: readonly string[] }> {
  const { rows } = await db.query<Row>(
    `SELECT d.id, d.rollout_id, p.body AS plan, d.kind, d.reason, d.message, d.actor, d.step_index, d.facts, d.decide_version,
            d.changes, e.body AS evidence
     FROM decisions d JOIN rollouts o ON o.id = d.rollout_id JOIN frozen_plans p ON p.id = o.frozen_plan_id
     LEFT JOIN decision_evidence e ON e.decision_id = d.id ORDER BY d.seq`,
  );
  let same = 0;
  const broken: string[] = [];
  for (const rolloutId of new Set(rows.map((row) => row.rollout_id))) {
    const lines = rows.filter((row) => row.rollout_id === rolloutId);
    const ledger = lines.map((row) => ({ ...row, stepIndex: row.step_index, decideVersion: row.decide_version }));
    const result = replay(lines[0]!.plan, ledger);
    same += result.same;
    if (result.otherVersion > 0)
      broken.push(`I18: ${String(result.otherVersion)} decisions of ${rolloutId} are of another version`);
    if (result.differs)
      broken.push(`I18: decision ${result.differs.id} of ${rolloutId} doesn't replay: ${result.differs.why}`);
  }
  return { same, broken };
}
