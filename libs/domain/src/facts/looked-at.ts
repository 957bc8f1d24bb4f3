import type { Fact, Instant } from '../rollout/types.js';
import { freshForMs } from './fresh.js';
import { maxRuns, type Run, type Watched } from './types.js';

export interface LookedAt<T, M> {
  readonly watched: Watched<T, M>;
  /** What waits for it may go on: the first look ever, another mark, seen after unseen or the reverse, or what was seen had gone stale. */
  readonly changed: boolean;
}

/**
 * Joins one look to what was seen before. An older look never replaces a newer one. `periodMs`: how often the subject is
 * looked at from now on; a look at most two of the larger of both periods after the last one continues what was seen.
 */
export function lookedAt<T, M>(
  before: Watched<T, M> | null,
  fact: Fact<T>,
  periodMs: number,
  markOf: (value: T) => M,
  sameMark: (a: M, b: M) => boolean,
): LookedAt<T, M> {
  if (before && fact.at < before.fact.at) return { watched: before, changed: false };
  const mark = fact.ok ? markOf(fact.value) : null;
  const last = before?.runs.at(-1);
  if (!before || !last) return { watched: { fact, periodMs, runs: [firstOf(fact.at, false, mark)] }, changed: true };
  const joined = fact.at - last.to <= 2 * Math.max(before.periodMs, periodMs);
  const same = sameOrBothUnseen(last.mark, mark, sameMark);
  const runs =
    same && joined
      ? [...before.runs.slice(0, -1), { ...last, to: fact.at }]
      : [...before.runs, firstOf(fact.at, joined, mark)];
  const wasStale = fact.at - before.fact.at > freshForMs(before);
  return { watched: { fact, periodMs, runs: runs.slice(-maxRuns) }, changed: !same || wasStale };
}

function firstOf<M>(at: Instant, joined: boolean, mark: M | null): Run<M> {
  return { from: at, to: at, joined, mark };
}

function sameOrBothUnseen<M>(a: M | null, b: M | null, sameMark: (a: M, b: M) => boolean): boolean {
  return a === null || b === null ? a === b : sameMark(a, b);
}
