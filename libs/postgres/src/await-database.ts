import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

/** Why the database can't be used: `refused` for good, or not reached within the time there was. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  constructor(
    readonly kind: 'refused' | 'unreachable',
    message: string,
  ) {
    super(message);
  }
}

export interface Patience {
  /** How long an unreachable database is asked again. Default 60 000. */
  readonly patienceMs?: number;
  /** Told once, with the reason, when the first try didn't get through. */
  readonly onWaiting?: (reason: string) => void;
  /** One try; by default a connection to `url`. */
  readonly ask?: (url: string) => Promise<void>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly pause?: (ms: number) => Promise<unknown>;
}

const betweenTriesMs = 1_000;
const oneTryMs = 5_000;

/**
 * Returns when the database answers. One that can't be reached yet (it starts, its name isn't known yet) is asked again; one
 * that refuses us is not: a wrong password gets no better by waiting.
 * @throws DatabaseUnavailable, whose message says what to look at, without the password.
 */
export async function awaitDatabase(url: string, options: Patience = {}): Promise<void> {
  const { patienceMs = 60_000, onWaiting, ask = connectOnce, now = () => performance.now() } = options;
  const wait = options.pause ?? pause;
  const until = now() + patienceMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask(url);
    } catch (error) {
      const reason = reasonOf(error);
      if (isRefusal(error)) throw new DatabaseUnavailable('refused', `the database refuses us: ${reason}`);
      if (now() + betweenTriesMs > until)
        throw new DatabaseUnavailable(
          'unreachable',
          `the database cannot be reached, tried for ${Math.round(patienceMs / 1_000)} s: ${reason}`,
        );
      if (tries === 1) onWaiting?.(reason);
      await wait(betweenTriesMs);
    }
  }
}

async function connectOnce(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: oneTryMs,
    query_timeout: oneTryMs,
    application_name: 'sluice-start',
  });
  // a connection that breaks shows in what is under way
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    // of a connection that never was there may be no answer to a goodbye
    void client.end().catch(() => undefined);
  }
}

/** SQLSTATE classes that say "not now": connection trouble, too many connections, an operator's intervention. */
const passing = ['08', '53', '57'];

/** What the server itself has answered is final, unless it says that it starts, stops or is full. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'ERR_INVALID_URL') return true;
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') && !passing.includes(code.slice(0, 2));
}

/** `connect ECONNREFUSED 127.0.0.1:5432`; of a name with several addresses the first one's. */
function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [error];
  const code = codeOf(first);
  // an address that can't be parsed would be quoted, with the password in it
  if (code === 'ERR_INVALID_URL') return 'DATABASE_URL is not a URL';
  const message = (first instanceof Error ? first.message : String(first)).split('\n', 1)[0] ?? '';
  return code === null || message.includes(code) ? message : `${message} (${code})`;
}

function codeOf(error: unknown): string | null {
  const code = error instanceof Error ? (error as Error & { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : null;
}
