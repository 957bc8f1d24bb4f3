import { IdempotencyStore, type BeginIdempotent, type StoredReply } from '@sluice/control';
import type { PrismaClient } from '../generated/client.js';
import { fromJson, json } from './json.js';

/**
 * Replies under (token, key). One INSERT decides who is first; the same statement takes over a row that has expired, or
 * whose call never ended because its process died (no call of ours lasts two minutes).
 */
export class PrismaIdempotencyStore extends IdempotencyStore {
  constructor(private readonly prisma: PrismaClient) {
    super();
  }

  async begin(tokenId: string, key: string, requestHash: string): Promise<BeginIdempotent> {
    const fresh = await this.prisma.$executeRaw`
      INSERT INTO idempotency_keys AS k (token_id, key, request_hash, created_at) VALUES (${tokenId}, ${key}, ${requestHash}, now())
      ON CONFLICT (token_id, key) DO UPDATE SET request_hash = excluded.request_hash, status = NULL, body = NULL, headers = NULL, created_at = now()
      WHERE k.created_at < now() - interval '24 hours' OR (k.status IS NULL AND k.created_at < now() - interval '2 minutes')`;
    if (fresh === 1) return { result: 'fresh' };
    const row = await this.prisma.idempotencyKey.findUnique({ where: { tokenId_key: { tokenId, key } } });
    // abandoned between both statements: the caller may try again at once
    if (!row) return { result: 'inProgress' };
    if (row.requestHash !== requestHash) return { result: 'mismatch' };
    if (row.status === null) return { result: 'inProgress' };
    return {
      result: 'replay',
      reply: {
        status: row.status,
        body: JSON.parse(fromJson<string>(row.body)) as unknown,
        headers: fromJson(row.headers),
      },
    };
  }

  async finish(tokenId: string, key: string, reply: StoredReply): Promise<void> {
    // as text: jsonb refuses NUL and lone surrogates, which a reply may quote from its request
    await this.prisma.idempotencyKey.updateMany({
      where: { tokenId, key },
      data: { status: reply.status, body: JSON.stringify(reply.body ?? null), headers: json(reply.headers) },
    });
  }

  async abandon(tokenId: string, key: string): Promise<void> {
    await this.prisma.idempotencyKey.deleteMany({ where: { tokenId, key, status: null } });
  }

  expire(): Promise<number> {
    return this.prisma.$executeRaw`DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'`;
  }
}
