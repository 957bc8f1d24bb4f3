import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { prepared } from './prepared.js';

/**
 * Several changes as one statement: each part is a `WITH` query, so a transaction of ten round trips is one. Parts see the
 * tables as they were when the statement began, and each other only by name; locks are taken in the order in which parts
 * use one another.
 */
export class OneStatement {
  private readonly parts: string[] = [];
  private readonly values: unknown[] = [];

  /** Placeholder of a value. */
  readonly value = (value: unknown): string => `$${String(this.values.push(value))}`;

  /** Placeholder of a value as jsonb; null is SQL's. */
  readonly json = (value: unknown): string => `${this.value(value === null ? null : JSON.stringify(value))}::jsonb`;

  with(name: string, sql: string): void {
    this.parts.push(`${name} AS MATERIALIZED (${sql})`);
  }

  async run<R extends QueryResultRow>(db: Pool | PoolClient, select: string): Promise<readonly R[]> {
    const { rows } = await db.query<R>(prepared(`WITH ${this.parts.join(',\n')}\n${select}`, this.values));
    return rows;
  }
}
