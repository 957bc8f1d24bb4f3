/** A record's own value: names come from people, and `constructor` or `__proto__` must not find anything. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
