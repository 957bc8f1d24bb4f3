import type { Pool, PoolClient } from 'pg';

/** Serialization failure, deadlock: the whole transaction is safe to run again, it never calls out. */
const retryable = new Set(['40001', '40P01']);
const attempts = 5;

/** Runs `work` in one READ COMMITTED transaction; again, from its start, after a deadlock or serialization failure. */
export function inTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  return again(async () => {
    const client = await pool.connect();
    let broken: Error | undefined;
    // a session that the server ends between two statements tells the client, not a query; unheard, that would end the process
    const lost = (error: Error) => (broken = error);
    client.on('error', lost);
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(lost);
      throw error;
    } finally {
      client.off('error', lost);
      client.release(broken);
    }
  });
}

/** Runs what is a transaction of its own; again after a deadlock or serialization failure. */
export async function again<T>(transaction: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await transaction();
    } catch (error) {
      const code = (error as { code?: string }).code ?? '';
      if (!retryable.has(code) || attempt === attempts) throw error;
    }
  }
}
