import { readBatchSize } from './reads-wanted.js';

export const subjectKinds = ['action', 'health', 'owner'] as const;
export type SubjectKind = (typeof subjectKinds)[number];

/** One thing to look at, again and again. Times are monotonic ms. */
export interface WatchedSubject {
  readonly kind: SubjectKind;
  readonly accountId: string;
  /** A listener's or rule's; a target group's for health. */
  readonly arn: string;
  /** Subjects with the same one can share a request. */
  readonly batch: string;
  readonly periodMs: number;
  /** When the last look began; null = never. */
  readonly lookedAt: number | null;
  /** Instead of the period, after a look that failed; null = it didn't. */
  readonly retryMs: number | null;
  /** It would spoil a request that it shares: AWS refuses all of it for one that is gone. */
  readonly isAlone: boolean;
}

/** When the next look may begin. */
export function dueAt({ lookedAt, retryMs, periodMs }: WatchedSubject): number {
  return lookedAt === null ? 0 : lookedAt + (retryMs ?? periodMs);
}

/** The end of its own period; a route's first look has none: nothing is written before its action and its owner are known. */
function endsAt(one: WatchedSubject): number {
  return one.lookedAt === null && one.kind !== 'health' ? dueAt(one) : dueAt(one) + one.periodMs;
}

/**
 * The next look: of all subjects that are due the one whose own period ends first, and others that can share its request,
 * longest unseen first, due within half a period. Empty = nothing is due at `now`.
 */
export function nextLook(subjects: Iterable<WatchedSubject>, now: number): readonly WatchedSubject[] {
  const all = [...subjects];
  const first = least(
    all.filter((one) => dueAt(one) <= now),
    endsAt,
  );
  if (!first) return [];
  if (first.kind === 'health' || first.isAlone) return [first];
  const companions = all
    .filter((one) => one !== first && !one.isAlone && one.batch === first.batch && dueAt(one) - now < one.periodMs / 2)
    .sort((a, b) => dueAt(a) - dueAt(b));
  return [first, ...companions.slice(0, readBatchSize - 1)];
}

function least<T>(all: readonly T[], by: (one: T) => number): T | undefined {
  return all.reduce<T | undefined>((best, one) => (best === undefined || by(one) < by(best) ? one : best), undefined);
}
