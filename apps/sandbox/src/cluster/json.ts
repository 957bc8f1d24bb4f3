export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The record at `key`, or undefined when there is none or it is something else. */
export function recordAt(holder: unknown, ...keys: string[]): JsonRecord | undefined {
  const value = valueAt(holder, ...keys);
  return isRecord(value) ? value : undefined;
}

export function valueAt(holder: unknown, ...keys: string[]): unknown {
  let value = holder;
  for (const key of keys) value = isRecord(value) ? value[key] : undefined;
  return value;
}

export function stringAt(holder: unknown, ...keys: string[]): string | undefined {
  const value = valueAt(holder, ...keys);
  return typeof value === 'string' ? value : undefined;
}

export function listAt(holder: unknown, ...keys: string[]): unknown[] {
  const value = valueAt(holder, ...keys);
  return Array.isArray(value) ? value : [];
}

/** JSON with the keys of every object in order, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
    ) ?? 'undefined'
  );
}

export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** A value as text: itself when it is one, else as JSON writes it. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
