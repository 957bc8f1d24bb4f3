import { createHash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import type { FrozenPlan } from '@sluice/domain';
import type { FrozenPlanRow } from './rows.js';

type Queryable = Pool | PoolClient;

/** How many plans a process keeps; a plan of 500 routes is about 400 KB. */
const mostKept = 256;

/** Frozen plans by digest: they never change, so each is read once per process. */
export class FrozenPlans {
  private readonly kept = new Map<string, FrozenPlan>();

  async get(db: Queryable, id: string): Promise<FrozenPlan> {
    const kept = this.kept.get(id);
    if (kept) {
      this.keep(id, kept);
      return kept;
    }
    const { rows } = await db.query<FrozenPlanRow>('SELECT id, body FROM frozen_plans WHERE id = $1', [id]);
    const row = rows[0];
    if (!row) throw new Error(`frozen plan ${id} is missing`);
    this.keep(id, row.body);
    return row.body;
  }

  /** Stores a plan unless it is there already. Returns its digest. */
  async put(db: Queryable, plan: FrozenPlan): Promise<string> {
    const body = JSON.stringify(plan);
    const id = createHash('sha256').update(body).digest('hex');
    if (!this.kept.has(id))
      await db.query('INSERT INTO frozen_plans (id, body) VALUES ($1, $2) ON CONFLICT DO NOTHING', [id, body]);
    return id;
  }

  /** Newest last; the one not asked for longest goes first. */
  private keep(id: string, plan: FrozenPlan): void {
    this.kept.delete(id);
    this.kept.set(id, plan);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= mostKept) return;
      this.kept.delete(oldest);
    }
  }
}
