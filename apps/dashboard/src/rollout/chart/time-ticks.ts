const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const spacings = [1, 2, 5, 10, 15, 30]
  .map((n) => n * second)
  .concat(
    [1, 2, 5, 10, 15, 30].map((n) => n * minute),
    [1, 2, 3, 6, 12].map((n) => n * hour),
    [1, 2, 7, 14, 30].map((n) => n * day),
  );

export interface TimeTicks {
  readonly atMs: readonly number[];
  readonly spacingMs: number;
}

/** Round times on the local clock that cut the span into about `most` parts at most. */
export function timeTicks(fromMs: number, toMs: number, most: number): TimeTicks {
  const spacingMs =
    spacings.find((spacing) => (toMs - fromMs) / spacing <= most) ??
    Math.ceil((toMs - fromMs) / most / (30 * day)) * 30 * day;
  const offsetMs = new Date(fromMs).getTimezoneOffset() * minute;
  const first = Math.ceil((fromMs - offsetMs) / spacingMs) * spacingMs + offsetMs;
  const atMs: number[] = [];
  for (let at = first; at <= toMs; at += spacingMs) atMs.push(at);
  return { atMs, spacingMs };
}
