import type { Instant } from '../rollout/types.js';
import { freshForMs } from './fresh.js';
import type { WatchRuns } from './types.js';

/** One subject of a hold, and what it must have shown for its time to count. */
export interface HoldSubject<M> {
  /** undefined = never looked at. */
  readonly watched: WatchRuns<M> | undefined;
  readonly passes: (mark: M) => boolean;
}

/** A stretch of time from `from` up to `to`. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/**
 * The time in [from, now] in which every subject was watched and passed, in ms. A gap costs its length and not what was
 * served before it. The last look counts for two periods, until a newer one says otherwise. No subject at all serves
 * nothing: no data is never a pass. Subjects with marks of several kinds: `passingSpans` of each, then `servedTogetherMs`.
 */
export function servedHoldMs<M>(subjects: readonly HoldSubject<M>[], from: Instant, now: Instant): number {
  return servedTogetherMs(
    subjects.map((subject) => passingSpans(subject, now)),
    from,
    now,
  );
}

/** When one subject was watched and passed, up to `now`: in order, not overlapping. */
export function passingSpans<M>({ watched, passes }: HoldSubject<M>, now: Instant): readonly Span[] {
  const spans: Span[] = [];
  let lastPassed = false;
  watched?.runs.forEach((run, i) => {
    const passed = run.mark !== null && passes(run.mark);
    const provisional = i === watched.runs.length - 1 ? freshForMs(watched) : 0;
    const previous = spans.at(-1);
    if (passed) {
      const to = run.to + provisional;
      if (previous && lastPassed && run.joined) spans[spans.length - 1] = { from: previous.from, to };
      else spans.push({ from: run.from, to });
    }
    lastPassed = passed;
  });
  return spans.map((span) => ({ from: span.from, to: Math.min(span.to, now) })).filter((span) => span.from < span.to);
}

/** The time in [from, now] that lies in a span of every subject, in ms. */
export function servedTogetherMs(subjects: readonly (readonly Span[])[], from: Instant, now: Instant): number {
  if (subjects.length === 0) return 0;
  const whole: readonly Span[] = from < now ? [{ from, to: now }] : [];
  const common = subjects.reduce((spans, subject) => inBoth(spans, subject), whole);
  return common.reduce((sum, span) => sum + (span.to - span.from), 0);
}

function inBoth(a: readonly Span[], b: readonly Span[]): readonly Span[] {
  return a.flatMap((one) =>
    b
      .map((other) => ({ from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) }))
      .filter((span) => span.from < span.to),
  );
}
