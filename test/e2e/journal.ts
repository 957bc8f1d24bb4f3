import pg from 'pg';

/** One marking of an intent as sent: the only licence for one write. */
export interface Attempt {
  readonly intent_id: string;
  readonly route_id: string;
  readonly epoch: string;
  readonly sent_at: Date;
  readonly deadline_at: Date;
  readonly after: readonly { readonly targetGroupArn: string; readonly weight: number }[];
}

/** One grant of a gateway: from when, and until when it was prolonged at last. */
export interface Grant {
  readonly gateway_id: string;
  readonly epoch: string;
  readonly owner: string;
  readonly granted_at: Date;
  readonly lease_until: Date;
}

/**
 * Keeps what Sluice's own rows forget: every grant of a gateway with its last lease, and every marking of an intent, by
 * triggers, so whoever writes them and however it ends.
 */
export async function keepJournal(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, (client) =>
    client.query(`
      CREATE TABLE journal_grants (gateway_id text, epoch bigint, owner text, granted_at timestamptz, lease_until timestamptz,
                                   PRIMARY KEY (gateway_id, epoch));
      CREATE TABLE journal_attempts (seq bigserial, intent_id text, route_id text, epoch bigint, sent_at timestamptz, deadline_at timestamptz, after jsonb);
      CREATE FUNCTION journal_grant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.owner IS NOT NULL THEN
          INSERT INTO journal_grants VALUES (NEW.id, NEW.epoch, NEW.owner, clock_timestamp(), NEW.lease_until)
          ON CONFLICT (gateway_id, epoch) DO UPDATE SET lease_until = excluded.lease_until;
        ELSE -- handed over: it ended now
          UPDATE journal_grants SET lease_until = clock_timestamp() WHERE gateway_id = NEW.id AND epoch = NEW.epoch;
        END IF;
        RETURN NULL; END $$;
      CREATE TRIGGER journal AFTER UPDATE OF lease_until ON gateways FOR EACH ROW EXECUTE FUNCTION journal_grant();
      CREATE FUNCTION journal_attempt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO journal_attempts (intent_id, route_id, epoch, sent_at, deadline_at, after)
        VALUES (NEW.id, NEW.route_id, NEW.epoch, NEW.sent_at, NEW.deadline_at, NEW.after);
        RETURN NULL; END $$;
      CREATE TRIGGER journal AFTER UPDATE ON intents FOR EACH ROW
        WHEN (OLD.state = 'pending' AND NEW.state = 'sent') EXECUTE FUNCTION journal_attempt();`),
  );
}

export async function journalOf(
  databaseUrl: string,
  routeId: string,
): Promise<{ readonly grants: readonly Grant[]; readonly attempts: readonly Attempt[] }> {
  return withClient(databaseUrl, async (client) => {
    const grants = await client.query<Grant>(
      `SELECT g.* FROM journal_grants g JOIN accounts a ON a.gateway_id = g.gateway_id JOIN routes r ON r.account_id = a.id
       WHERE r.id = $1 ORDER BY g.epoch`,
      [routeId],
    );
    const attempts = await client.query<Attempt>('SELECT * FROM journal_attempts WHERE route_id = $1 ORDER BY seq', [
      routeId,
    ]);
    return { grants: grants.rows, attempts: attempts.rows };
  });
}

async function withClient<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
