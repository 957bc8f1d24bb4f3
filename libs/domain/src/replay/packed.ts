/** One value per record, each different one written once: `[values, which]`. Without `which` all share one, or have one each, in order. */
type Column<V> = readonly [values: readonly V[], which?: readonly number[]];

/** Records by field: a hundred alike take little more room than one. A field that is null in all of them is left out. */
export interface Packed<T> {
  readonly count: number;
  readonly columns: { readonly [K in keyof T]?: Column<T[K]> };
}

/** Records whose fields can all be written as JSON; `blank` has every field. */
export function pack<T extends object>(records: readonly T[], blank: T): Packed<T> {
  const columns: { [K in keyof T]?: Column<T[K]> } = {};
  for (const field of fieldsOf(blank)) {
    const column = columnOf(records.map((one) => one[field]));
    if (column[0].some((value) => value !== null)) columns[field] = column;
  }
  return { count: records.length, columns };
}

export function unpack<T extends object>({ count, columns }: Packed<T>, blank: T): readonly T[] {
  return Array.from({ length: count }, (_, i) => {
    const record = { ...blank };
    for (const field of fieldsOf(blank)) {
      const [values, which] = columns[field] ?? [[]];
      const value = values[values.length === 1 ? 0 : (which?.[i] ?? i)];
      if (value !== undefined) record[field] = value;
    }
    return record;
  });
}

/** Values are told apart by how they are written. */
function columnOf<V>(all: readonly V[]): Column<V> {
  const places = new Map<string, number>();
  const values: V[] = [];
  const which = all.map((value) => {
    const text = JSON.stringify(value);
    const place = places.get(text) ?? values.push(value) - 1;
    places.set(text, place);
    return place;
  });
  return values.length <= 1 || values.length === all.length ? [values] : [values, which];
}

function fieldsOf<T extends object>(blank: T): readonly (keyof T)[] {
  return Object.keys(blank) as (keyof T)[];
}
