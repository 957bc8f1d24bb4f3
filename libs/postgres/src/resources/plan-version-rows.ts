import type { PlanVersion, PlanVersionRows } from '@sluice/control';
import { Prisma } from '../generated/client.js';
import { explained } from './failures.js';
import { fromJson, iso, json } from './json.js';
import { telling, type Changed } from './rows.js';

export class PrismaPlanVersionRows implements PlanVersionRows {
  constructor(
    private readonly db: Prisma.TransactionClient,
    /** With the newest version. */
    private readonly changed: Changed<PlanVersion>,
  ) {}

  async find(planId: string, version: number): Promise<PlanVersion | null> {
    const row = await this.db.planVersion.findUnique({ where: { planId_version: { planId, version } } });
    return row && toVersion(row);
  }

  async insert({ spec, ...row }: Omit<PlanVersion, 'createdAt'>): Promise<PlanVersion> {
    const changed = telling(this.changed);
    try {
      const before = await this.find(row.planId, row.version - 1);
      const after = toVersion(await this.db.planVersion.create({ data: { ...row, spec: json(spec) } }));
      changed(before, after);
      return after;
    } catch (error) {
      throw explained(error);
    }
  }

  async all(planId: string): Promise<readonly PlanVersion[]> {
    return (await this.db.planVersion.findMany({ where: { planId }, orderBy: { version: 'desc' } })).map(toVersion);
  }

  async removeAll(planId: string): Promise<void> {
    const changed = telling(this.changed);
    const [newest] = await this.all(planId);
    if (newest) changed(newest, null);
    await this.db.planVersion.deleteMany({ where: { planId } });
  }
}

function toVersion(row: Prisma.PlanVersionGetPayload<object>): PlanVersion {
  return { ...row, spec: fromJson(row.spec), createdAt: iso(row.createdAt) };
}
