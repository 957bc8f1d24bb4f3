/** SQL of a value: a placeholder, or an expression with one. */
export type Sql = string;

/** A page of a list in the order of `by`, newest first. */
export interface Keyset {
  /** Columns that have one value in all rows of the list, with the index that begins with them and goes on with `by`. */
  readonly within: Readonly<Record<string, Sql>>;
  readonly by: readonly string[];
  /** Where the page before ended, in the order of `by`; null = from the newest. */
  readonly after: readonly Sql[] | null;
}

/**
 * Conditions and order of a page. What all rows share stands in the order as well, and as a range of one value: had it an
 * equality, the planner could take the order from another index and filter, and that reads everything newer than what the
 * list shows (a hundred thousand scheduled rollouts before the first that has ended).
 */
export function keyset({ within, by, after }: Keyset): { readonly where: readonly Sql[]; readonly orderBy: Sql } {
  const columns = Object.keys(within);
  const values = Object.values(within);
  const where = columns.length === 0 ? [] : [`(${columns.join(', ')}) >= (${values.join(', ')})`];
  if (after !== null) where.push(`(${[...columns, ...by].join(', ')}) < (${[...values, ...after].join(', ')})`);
  else if (columns.length > 0) where.push(`(${columns.join(', ')}) <= (${values.join(', ')})`);
  return { where, orderBy: [...columns, ...by].map((column) => `${column} DESC`).join(', ') };
}

/** Numbers the placeholders of a statement as their values are named. */
export class Values {
  readonly all: unknown[] = [];

  /** `$1::text` */
  place(value: unknown, type: string): Sql {
    return `$${String(this.all.push(value))}::${type}`;
  }
}

export const whereOf = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
