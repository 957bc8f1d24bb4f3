import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';

export interface DatabaseOptions {
  /** Connections of this process; default 10. Every interactive transaction holds one. */
  readonly maxConnections?: number;
  /**
   * A session that says nothing for so long within a transaction is ended by the server, and its locks with it. Default
   * 3 000: transactions never call out, so it is that of a frozen process, for which nobody else is to wait.
   */
  readonly silentInTransactionMs?: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName?: string;
}

/**
 * One process's way to Postgres: a pool, and Prisma on that same pool.
 * Whoever needs raw `pg` takes `database.pool` (LISTEN needs a `pg.Client` of its own: a pool's connections are shared).
 */
export interface Database {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly prisma: PrismaClient;
  /** Ends both; what is still running on a connection is waited for. */
  close(): Promise<void>;
}

/** Opens nothing until the first query. A lost server is an error of that query, not of the process. */
export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 10_000,
    // a socket whose other end is gone without a word would hang whoever waits on it: lease renewals most of all
    keepAlive: true,
    query_timeout: 30_000,
    idle_in_transaction_session_timeout: options.silentInTransactionMs ?? 3_000,
    application_name: options.applicationName ?? 'sluice',
  });
  // an idle connection that breaks (server stopped) is replaced by the pool; without a listener it would end the process
  pool.on('error', () => undefined);
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    // the other formats quote the call with its values, and errors are logged
    errorFormat: 'minimal',
  });
  return {
    url,
    pool,
    prisma,
    close: async () => {
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}
