import pg from 'pg';
import { SealingRight, type HeldSealingRight } from '@sluice/control';

/** A holder that says nothing for so long has its session ended by the server: a frozen process, a lost machine. */
const leaseMs = 3_000;
/** A waiting process hears from the server this often that its connection still works. */
const waitMs = 30_000;
/** Longest for an answer on top of what was asked: beyond it the connection counts as lost. */
const answerMs = 5_000;

const lockNotAvailable = '55P03';

/** `pg` takes a time-out for one query; its types know that of a whole connection alone. */
interface TimedQuery extends pg.QueryConfig {
  readonly query_timeout: number;
}

/**
 * An advisory lock of a session on a connection of its own. Waiting for it costs nothing; a holder that is killed loses
 * it with its socket, at once, and a silent one by `idle_session_timeout`, the server's own clock.
 */
export class PostgresSealingRight extends SealingRight {
  constructor(private readonly connectionString: string) {
    super();
  }

  async take(signal: AbortSignal): Promise<HeldSealingRight | null> {
    const client = new pg.Client({
      connectionString: this.connectionString,
      application_name: 'sluice-sealer',
      connectionTimeoutMillis: answerMs,
      keepAlive: true,
    });
    // a connection that breaks shows in the query that is under way, or in the next one
    client.on('error', () => undefined);
    // in mid-query this closes the socket; the server takes back what it grants to nobody
    const end = () => void client.end().catch(() => undefined);
    signal.addEventListener('abort', end);
    try {
      await client.connect();
      await client.query(`SET lock_timeout = ${waitMs}`);
      await waitForLock(client);
      await client.query(`SET lock_timeout = ${answerMs}`);
      await client.query(`SET idle_session_timeout = ${leaseMs}`);
    } catch (error) {
      end();
      if (signal.aborted) return null;
      throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
    return {
      seal: async (limit) => {
        const { rows } = await client.query<{ sealed: number }>(
          timed('SELECT seal_events($1) AS sealed', answerMs, limit),
        );
        return rows[0]?.sealed ?? 0;
      },
      release: () => client.end().catch(() => undefined),
    };
  }
}

async function waitForLock(client: pg.Client): Promise<void> {
  for (;;) {
    try {
      await client.query(timed(`SELECT pg_advisory_lock(hashtextextended('sluice sealer', 0))`, waitMs + answerMs));
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== lockNotAvailable) throw error;
    }
  }
}

function timed(text: string, timeoutMs: number, ...values: readonly unknown[]): TimedQuery {
  return { text, values: [...values], query_timeout: timeoutMs };
}
