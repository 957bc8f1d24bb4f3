import type { PoolClient } from 'pg';
import type { SignalTopic } from '@sluice/control';
import type { OneStatement } from './one-statement.js';

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

/** The same as an expression of a statement that locks or writes the subject's row, for its `RETURNING`. */
export function eventOf(
  { value, json }: OneStatement,
  projectId: string,
  type: string,
  subject: string,
  data: unknown,
): string {
  return `append_event(${value(projectId)}, ${value(type)}, ${value(subject)}, ${json(data)})`;
}

/** Wakes the other replicas at commit. */
export async function notify(client: PoolClient, topic: SignalTopic, payload: string): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [`sluice_${topic}`, payload]);
}
