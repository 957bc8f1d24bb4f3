import type { PoolClient } from 'pg';
import type { Announcement, SignalTopic } from '@sluice/control';
import type { OneStatement } from './one-statement.js';

/** One event for people, numbered after the commit; call it when the subject's row is locked (see `append_event`). */
export async function appendEvent(client: PoolClient, event: Announcement): Promise<void> {
  const { projectId, type, subject, actor, before, after, data } = event;
  const documents = [actor, before, after, data].map((one) => one && JSON.stringify(one));
  await client.query('SELECT append_event($1, $2, $3, $4, $5, $6, $7)', [projectId, type, subject, ...documents]);
}

/** The same as an expression of a statement that locks or writes the subject's row, for its `RETURNING`. */
export function eventOf({ value, json }: OneStatement, event: Announcement): string {
  const { projectId, type, subject, actor, before, after, data } = event;
  return `append_event(${value(projectId)}, ${value(type)}, ${value(subject)}, ${json(actor)}, ${json(before)}, ${json(after)}, ${json(data)})`;
}

/** Wakes the other replicas at commit. */
export async function notify(client: PoolClient, topic: SignalTopic, payload: string): Promise<void> {
  await client.query('SELECT pg_notify($1, $2)', [`sluice_${topic}`, payload]);
}
