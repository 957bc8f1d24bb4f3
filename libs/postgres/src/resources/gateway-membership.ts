import type { GatewayMembership, RealAccount } from '@sluice/control';
import type { Prisma } from '../generated/client.js';

/** By statements of its own: an account's row is else written whole, without this. */
export class PrismaGatewayMembership implements GatewayMembership {
  constructor(private readonly db: Prisma.TransactionClient) {}

  async join(accountId: string, number: RealAccount, newId: string): Promise<boolean> {
    const { partition, awsAccountId, region } = number;
    // not DO UPDATE: that would lock the row of a gateway that is owned, and its renewal would wait for this transaction
    await this.db.$executeRaw`
      INSERT INTO gateways (id, partition, aws_account_id, region) VALUES (${newId}, ${partition}, ${awsAccountId}, ${region})
      ON CONFLICT (partition, aws_account_id, region) DO NOTHING`;
    const moved = await this.db.$executeRaw`
      UPDATE accounts a SET gateway_id = g.id FROM gateways g
      WHERE a.id = ${accountId} AND a.gateway_id IS DISTINCT FROM g.id
        AND g.partition = ${partition} AND g.aws_account_id = ${awsAccountId} AND g.region = ${region}`;
    if (moved === 0) return false;
    await this.#moveIntents(accountId);
    await this.db.$executeRaw`SELECT pg_notify('sluice_gateways', '')`;
    return true;
  }

  async leave(accountId: string): Promise<boolean> {
    const moved = await this.db.$executeRaw`
      UPDATE accounts SET gateway_id = NULL WHERE id = ${accountId} AND gateway_id IS NOT NULL`;
    if (moved === 0) return false;
    await this.#moveIntents(accountId);
    return true;
  }

  async noteAsked(accountId: string): Promise<void> {
    await this.db.$executeRaw`
      UPDATE accounts SET asked_at = clock_timestamp() WHERE id = ${accountId} AND gateway_id IS NULL`;
  }

  async unproven(forMs: number, most: number): Promise<readonly string[]> {
    const rows = await this.db.$queryRaw<{ id: string }[]>`
      SELECT id FROM accounts
      WHERE gateway_id IS NULL AND coalesce(asked_at < clock_timestamp() - ${forMs} * interval '1 ms', true)
      ORDER BY asked_at NULLS FIRST, id LIMIT ${most}`;
    return rows.map((row) => row.id);
  }

  async adoptIntents(): Promise<void> {
    await this.#moveIntents(null);
  }

  /** Of one account, or of all where somebody decided a write in the moment of a proof. */
  async #moveIntents(accountId: string | null): Promise<void> {
    await this.db.$executeRaw`
      WITH moved AS (
        UPDATE intents i SET gateway_id = a.gateway_id FROM accounts a
        WHERE a.id = i.account_id AND i.state IN ('pending', 'sent') AND i.gateway_id IS DISTINCT FROM a.gateway_id
          AND (${accountId}::text IS NULL OR a.id = ${accountId}) RETURNING i.gateway_id)
      SELECT pg_notify('sluice_intents', gateway_id) FROM moved WHERE gateway_id IS NOT NULL GROUP BY gateway_id`;
  }
}
