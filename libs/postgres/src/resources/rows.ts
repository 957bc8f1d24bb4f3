import { isDeepStrictEqual } from 'node:util';
import type { NewRow, Page, PageRequest, RowFilter, RowPatch, Rows } from '@sluice/control';
import { Prisma } from '../generated/client.js';
import { readCursor, writeCursor, type Cursor } from './cursor.js';
import { explained } from './failures.js';
import { json } from './json.js';

interface StoredRow {
  readonly id: string;
  readonly createdAt: Date;
}

/** How one kind of resource is kept: Prisma's calls for its table, and the way between a row and what the rest of the code sees. */
export interface Mapping<R extends { readonly id: string }, Row extends StoredRow, Data extends object> {
  /** The table's name, for row locks. */
  readonly table: string;
  /** What of a record counts as a change: all but when it was last seen so. Default: all of it. */
  compared?(record: R): object;
  /** Columns that a filter of this kind may name. */
  readonly filters: readonly (keyof RowFilter)[];
  toRecord(row: Row): R;
  toData(record: NewRow<R>): Data;
  findUnique(id: string): Promise<Row | null>;
  create(data: Data): Promise<Row>;
  update(id: string, data: Data): Promise<Row>;
  delete(id: string): Promise<unknown>;
  findMany(args: { where: object; orderBy: { createdAt?: 'asc'; id?: 'asc' }[]; take?: number }): Promise<Row[]>;
  count(where: object): Promise<number>;
}

/**
 * Called with each row as it was (null = it wasn't) and as it is (null = it's gone). null = outside of a transaction,
 * where nobody would be told: nothing may be written.
 */
export type Changed<R> = ((before: R | null, after: R | null) => void) | null;

export function telling<R>(changed: Changed<R>): NonNullable<Changed<R>> {
  if (changed) return changed;
  throw new Error('resources are written in a transaction, so that people are told of it');
}

type Raw = Pick<Prisma.TransactionClient, '$queryRaw'>;
const inOrder = [{ createdAt: 'asc' }, { id: 'asc' }] satisfies { createdAt?: 'asc'; id?: 'asc' }[];

/** Rows of one kind by its mapping; inside a transaction when `db` is one. */
export class PrismaRows<
  R extends { readonly id: string },
  Row extends StoredRow,
  Data extends object,
> implements Rows<R> {
  constructor(
    private readonly db: Raw,
    private readonly mapping: Mapping<R, Row, Data>,
    private readonly changed: Changed<R>,
  ) {}

  async find(id: string): Promise<R | null> {
    const row = await this.mapping.findUnique(id);
    return row && this.mapping.toRecord(row);
  }

  async lock(id: string, mode: 'change' | 'keep'): Promise<R | null> {
    const strength = Prisma.raw(mode === 'change' ? 'FOR UPDATE' : 'FOR SHARE');
    await this.db.$queryRaw`SELECT 1 FROM ${Prisma.raw(`"${this.mapping.table}"`)} WHERE "id" = ${id} ${strength}`;
    return this.find(id);
  }

  async insert(record: NewRow<R>): Promise<R> {
    const changed = telling(this.changed);
    const after = this.mapping.toRecord(await refusing(this.mapping.create(this.mapping.toData(record))));
    changed(null, after);
    return after;
  }

  async update(id: string, patch: RowPatch<R>): Promise<R> {
    const changed = telling(this.changed);
    const current = await this.lock(id, 'change');
    if (!current) throw new Error(`${this.mapping.table} ${id} is gone though its transaction holds it`);
    const wanted = { ...current, ...patch };
    if (this.#isSame(current, wanted)) return current;
    const after = this.mapping.toRecord(await refusing(this.mapping.update(id, this.mapping.toData(wanted))));
    changed(current, after);
    return after;
  }

  async remove(id: string): Promise<void> {
    const changed = telling(this.changed);
    const before = await this.find(id);
    await this.mapping.delete(id);
    changed(before, null);
  }

  async page(filter: RowFilter, request: PageRequest): Promise<Page<R>> {
    const { labels, ...columns } = this.#known(filter);
    const after = request.cursor === null ? null : readCursor(request.cursor);
    const most = request.limit + 1;
    const rows = await this.mapping.findMany({
      where: labels ? { id: { in: await this.#labelled(columns, labels, after, most) } } : this.#from(columns, after),
      orderBy: inOrder,
      take: most,
    });
    const last = rows.length > request.limit ? rows[request.limit - 1] : undefined;
    return {
      items: rows.slice(0, request.limit).map((row) => this.mapping.toRecord(row)),
      next: last ? writeCursor(last) : null,
    };
  }

  /** `gte` beside the place itself: the `OR` alone is no place in an index, and every page would begin at the first row. */
  #from(columns: RowFilter, after: Cursor | null): object {
    if (after === null) return this.#where(columns);
    const { createdAt, id } = after;
    return {
      AND: [
        this.#where(columns),
        { createdAt: { gte: createdAt }, OR: [{ createdAt: { gt: createdAt } }, { id: { gt: id } }] },
      ],
    };
  }

  /** Ids of a page's rows with all of these labels: Prisma has no words for what their index can find. */
  async #labelled(
    columns: RowFilter,
    labels: Readonly<Record<string, string>>,
    after: Cursor | null,
    most: number,
  ): Promise<string[]> {
    const conditions = Object.entries(columns).map(
      ([key, value]) => Prisma.sql`${Prisma.raw(`"${columnOf(key)}"`)} = ${value}`,
    );
    conditions.push(Prisma.sql`"labels" @> ${JSON.stringify(labels)}::jsonb`);
    if (after) conditions.push(Prisma.sql`("created_at", "id") > (${after.createdAt}::timestamptz, ${after.id})`);
    const rows = await this.db.$queryRaw<{ id: string }[]>`
      SELECT "id" FROM ${Prisma.raw(`"${this.mapping.table}"`)} WHERE ${Prisma.join(conditions, ' AND ')}
      ORDER BY "created_at", "id" LIMIT ${most}`;
    return rows.map((row) => row.id);
  }

  async all(filter: RowFilter): Promise<readonly R[]> {
    const rows = await this.mapping.findMany({ where: this.#where(filter), orderBy: inOrder });
    return rows.map((row) => this.mapping.toRecord(row));
  }

  count(filter: RowFilter): Promise<number> {
    return this.mapping.count(this.#where(filter));
  }

  #isSame(one: R, other: R): boolean {
    const { compared = (record: R): object => record } = this.mapping;
    // as Postgres would give it back: without what is undefined, in whatever order of keys
    return isDeepStrictEqual(json(compared(one)), json(compared(other)));
  }

  #where(filter: RowFilter): object {
    if (filter.labels) throw new Error(`${this.mapping.table} can be filtered by labels page by page only`);
    return this.#known(filter);
  }

  #known<F extends RowFilter>(filter: F): F {
    const unknown = Object.keys(filter).find((key) => !this.mapping.filters.includes(key as keyof RowFilter));
    if (unknown) throw new Error(`${this.mapping.table} can't be filtered by ${unknown}`);
    return filter;
  }
}

/** `projectId` -> `project_id`: how the schema maps every column. */
const columnOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function refusing<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw explained(error);
  }
}
