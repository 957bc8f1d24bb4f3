import type { Pool } from 'pg';
import { EventStore, type EventView } from '@sluice/control';
import type { Actor, EventType } from '@sluice/domain';

interface EventRow {
  readonly seq: string;
  readonly project_id: string | null;
  readonly type: EventType;
  readonly subject: string;
  readonly actor: Actor;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly data: Record<string, unknown>;
  readonly at: Date;
}

export class PostgresEventStore extends EventStore {
  constructor(private readonly pool: Pool) {
    super();
  }

  async after(
    seq: bigint,
    filter: { readonly projectId: string | null },
    limit: number,
  ): Promise<readonly EventView[]> {
    const columns = 'seq, project_id, type, subject, actor, before, after, data, at';
    const { rows } =
      filter.projectId === null
        ? await this.pool.query<EventRow>(`SELECT ${columns} FROM events WHERE seq > $1 ORDER BY seq LIMIT $2`, [
            seq.toString(),
            limit,
          ])
        : // the project stands in the order, so that nobody walks the other projects' events for it
          await this.pool.query<EventRow>(
            `SELECT ${columns} FROM events WHERE project_id <= $3 AND (project_id, seq) > ($3::text, $1::bigint)
             ORDER BY project_id, seq LIMIT $2`,
            [seq.toString(), limit, filter.projectId],
          );
    return rows.map(toEvent);
  }

  async latest(): Promise<bigint> {
    const { rows } = await this.pool.query<{ last: string }>('SELECT last FROM event_counter WHERE id = 1');
    return BigInt(rows[0]?.last ?? '0');
  }
}

function toEvent({ project_id: projectId, at, ...event }: EventRow): EventView {
  return { ...event, projectId, at: at.toISOString() };
}
