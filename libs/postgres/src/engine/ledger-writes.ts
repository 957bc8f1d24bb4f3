import type { PoolClient } from 'pg';
import type { SignalTopic } from '@sluice/control';

/** One event for people, numbered after the commit; call it when the subject's row is locked (see `append_event`). */
export async function appendEvent(
  client: PoolClient,
  projectId: string | null,
  type: string,
  subject: string,
  data: unknown,
): Promise<void> {
  await client.query('SELECT append_event($1, $2, $3, $4)', [projectId, type, subject, JSON.stringify(data)]);
}

/** Wakes the other replicas at commit. */
export async function notify(client: PoolClient, topic: SignalTopic, payload: string): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [`sluice_${topic}`, payload]);
}
