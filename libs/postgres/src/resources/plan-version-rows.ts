import type { PlanVersion, PlanVersionRows } from '@sluice/control';
import { Prisma } from '../generated/client.js';
import { explained } from './failures.js';
import { fromJson, iso, json } from './json.js';

export class PrismaPlanVersionRows implements PlanVersionRows {
  constructor(private readonly db: Prisma.TransactionClient) {}

  async find(planId: string, version: number): Promise<PlanVersion | null> {
    const row = await this.db.planVersion.findUnique({ where: { planId_version: { planId, version } } });
    return row && toVersion(row);
  }

  async insert({ spec, ...row }: Omit<PlanVersion, 'createdAt'>): Promise<PlanVersion> {
    try {
      return toVersion(await this.db.planVersion.create({ data: { ...row, spec: json(spec) } }));
    } catch (error) {
      throw explained(error);
    }
  }

  async all(planId: string): Promise<readonly PlanVersion[]> {
    return (await this.db.planVersion.findMany({ where: { planId }, orderBy: { version: 'desc' } })).map(toVersion);
  }

  async removeAll(planId: string): Promise<void> {
    await this.db.planVersion.deleteMany({ where: { planId } });
  }
}

function toVersion(row: Prisma.PlanVersionGetPayload<object>): PlanVersion {
  return { ...row, spec: fromJson(row.spec), createdAt: iso(row.createdAt) };
}
