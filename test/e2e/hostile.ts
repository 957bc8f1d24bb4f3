/** Values that hardly any field takes, of every kind that JSON has. */
export const hostileValues: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  ' \t',
  'a\u0000b',
  '../../etc/passwd',
  "'; DROP TABLE projects; --",
  '💩\u202e',
  'x'.repeat(5_000),
  'pln_0123456789abcdefghij',
  'arn:aws:elasticloadbalancing:us-east-1:111122223333:listener/app/none/0123456789abcdef/0123456789abcdef',
  [],
  [null, null],
  {},
  { zzz: 1 },
];

export interface Mutation {
  /** `spec.steps.0.holdMs`. */
  readonly path: string;
  readonly body: unknown;
  readonly what: string;
}

/** The body with one field at a time replaced by each hostile value, left out, or joined by one that nobody knows. */
export function mutationsOf(body: object): Mutation[] {
  const changed = pathsOf(body).flatMap((path) => [
    ...hostileValues.map((value) => ({ path: path.join('.'), body: replaced(body, path, value), what: short(value) })),
    { path: path.join('.'), body: replaced(body, path, undefined), what: 'left out' },
  ]);
  const joined = pathsOf(body)
    .filter((path) => !/^\d+$/.test(path.at(-1) ?? ''))
    .map((path) => [...path.slice(0, -1), 'zzz']);
  const places = new Map(joined.map((path) => [path.join('.'), path]));
  return [
    ...changed,
    ...[...places].map(([name, path]) => ({ path: name, body: replaced(body, path, 1), what: 'not known' })),
  ];
}

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown {
  if (key === undefined) return to;
  if (Array.isArray(value))
    return value.map((inner: unknown, index) => (String(index) === key ? replaced(inner, rest, to) : inner));
  const inner = Object.entries(value as object).find(([name]) => name === key)?.[1] as unknown;
  return { ...(value as object), [key]: replaced(inner, rest, to) };
}

const short = (value: unknown) => JSON.stringify(value).slice(0, 60);
