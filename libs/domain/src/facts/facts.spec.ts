import { describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import { noon, seenAt, unseen } from '../testing/builders.js';
import type { Fact, Instant } from '../rollout/types.js';
import { freshForMs, isFresh } from './fresh.js';
import { lookedAt } from './looked-at.js';
import { passingSpans, servedHoldMs, servedTogetherMs } from './served-hold.js';
import { maxRuns, type Watched } from './types.js';

interface Look {
  readonly at: Instant;
  /** null = it could not be seen. */
  readonly mark: number | null;
  /** Default 10 s. */
  readonly periodMs?: number;
}
const s = 1_000;
const period = 10 * s;
const factOf = ({ at, mark }: Look): Fact<number> =>
  mark === null ? unseen('Throttling', true, at) : seenAt(at, mark);
const look = (before: Watched<number, number> | null, one: Look) =>
  lookedAt(
    before,
    factOf(one),
    one.periodMs ?? period,
    (value) => value,
    (a, b) => a === b,
  );
const watchedBy = (looks: readonly Look[]): Watched<number, number> | undefined =>
  looks.reduce<Watched<number, number> | null>((before, one) => look(before, one).watched, null) ?? undefined;
/** Looks of 1 at these seconds after noon; `[second, mark]` for another mark. */
const at = (...list: readonly (number | readonly [number, number | null])[]): readonly Look[] =>
  list.map((one) =>
    typeof one === 'number' ? { at: noon + one * s, mark: 1 } : { at: noon + one[0] * s, mark: one[1] },
  );
const runsOf = (looks: readonly Look[]) =>
  watchedBy(looks)?.runs.map((run) => [(run.from - noon) / s, (run.to - noon) / s, run.joined, run.mark]);

describe('looking at a subject', () => {
  it.each([
    ['the first look begins a run that joins nothing', at(0), [[0, 0, false, 1]]],
    ['the same again continues it', at(0, 10, 20), [[0, 20, false, 1]]],
    ['two periods are still watched', at(0, 20), [[0, 20, false, 1]]],
    [
      'more than two periods are a gap',
      at(0, 20.001),
      [
        [0, 0, false, 1],
        [20.001, 20.001, false, 1],
      ],
    ],
    [
      'something else in time joins what was before',
      at(0, [10, 2]),
      [
        [0, 0, false, 1],
        [10, 10, true, 2],
      ],
    ],
    [
      'something else after a gap joins nothing',
      at(0, [30, 2]),
      [
        [0, 0, false, 1],
        [30, 30, false, 2],
      ],
    ],
    [
      'what could not be seen is a run of its own',
      at(0, [10, null], [20, null], 30),
      [
        [0, 0, false, 1],
        [10, 20, true, null],
        [30, 30, true, 1],
      ],
    ],
    ['an older look changes nothing', at(0, 10, [5, 2]), [[0, 10, false, 1]]],
    [
      'a look begun at the same moment is no older',
      at(0, [0, 2]),
      [
        [0, 0, false, 1],
        [0, 0, true, 2],
      ],
    ],
  ])('%s', (_sentence, looks, runs) => {
    expect(runsOf(looks)).toEqual(runs);
  });

  it.each([
    ['the longer period before counts', 30 * s, period, 60, 1],
    ['the longer period since counts', period, 30 * s, 60, 1],
    ['and no more than two of it', period, 30 * s, 60.001, 2],
  ])('when the period changes, %s', (_sentence, first, second, seconds, runs) => {
    const before = look(null, { at: noon, mark: 1, periodMs: first }).watched;
    const after = look(before, { at: noon + seconds * s, mark: 1, periodMs: second }).watched;
    expect(after.runs).toHaveLength(runs);
    expect(after.periodMs).toBe(second);
  });

  it.each([
    ['the first look ever', true, at(0)],
    ['the first look ever, though nothing could be seen', true, at([0, null])],
    ['the same again', false, at(0, 10)],
    ['the same again within two periods', false, at(0, 20)],
    ['the same again after it had gone stale', true, at(0, 20.001)],
    [
      'the same again after it had gone stale, to be looked at more seldom from now on',
      true,
      [...at(0), { at: noon + 30 * s, mark: 1, periodMs: 60 * s }],
    ],
    ['something else', true, at(0, [10, 2])],
    ['what could be seen before and cannot now', true, at(0, [10, null])],
    ['what still cannot be seen', false, at(0, [10, null], [20, null])],
    ['what can be seen again', true, at([0, null], 10)],
    ['an older look at something else', false, at(10, [0, 2])],
  ])('%s: that is a change: %s', (_sentence, changed, looks) => {
    const last = looks.at(-1);
    expect(last && look(watchedBy(looks.slice(0, -1)) ?? null, last).changed).toBe(changed);
  });

  it('keeps the fact of the newest look, failed or not', () => {
    expect(watchedBy(at(0, [10, null], [5, 7]))?.fact).toEqual(unseen('Throttling', true, noon + 10 * s));
  });

  it('forgets the oldest runs', () => {
    const looks = Array.from({ length: maxRuns + 5 }, (_, i) => ({ at: noon + i * s, mark: i }));
    expect(watchedBy(looks)?.runs.map((run) => run.mark)).toEqual(looks.slice(5).map((one) => one.mark));
  });
});

describe('a look is fresh', () => {
  const watched = look(null, { at: noon, mark: 1 }).watched;
  it.each([
    ['for two periods', 20 * s, true],
    ['not a millisecond longer', 20 * s + 1, false],
    ['when the clock went back a little', -20 * s, true],
    ['not when it went back further', -20 * s - 1, false],
  ])('%s', (_sentence, laterMs, fresh) => {
    expect(isFresh(watched, noon + laterMs)).toBe(fresh);
    expect(freshForMs(watched)).toBe(20 * s);
  });
});

const passes = (mark: number) => mark > 0;
const served = (now: number, from: number, ...subjects: readonly (readonly Look[])[]) =>
  servedHoldMs(
    subjects.map((looks) => ({ watched: watchedBy(looks), passes })),
    noon + from * s,
    noon + now * s,
  ) / s;

describe('the hold served', () => {
  it.each([
    ['nothing was ever looked at', served(30, 0, []), 0],
    ['one of two was never looked at', served(30, 0, at(0, 10, 20), []), 0],
    ['nobody is asked: no data is no pass', served(30, 0), 0],
    ['it was watched all the time', served(30, 0, at(0, 10, 20, 30)), 30],
    ['the last look counts for two periods', served(25, 0, at(0, 10)), 25],
    ['and not longer', served(60, 0, at(0, 10)), 30],
    ['the time before the first look does not count', served(30, 0, at(20)), 10],
    ['unless a run from before covers it', served(30, 0, at(-10, 10, 20)), 30],
    ['what was served before `from` does not count', served(30, 20, at(0, 10, 20, 30)), 10],
    ['a gap costs its length and not the past', served(110, 0, at(0, 10, 100, 110)), 20],
    ['other weights that pass as well count, with the time between', served(30, 0, at(0, 10, [20, 2], [30, 2])), 30],
    ['other weights after a gap count without it', served(110, 0, at(0, 10, [100, 2], [110, 2])), 20],
    ['what fails does not count, nor the time before and after', served(40, 0, at(0, 10, [20, 0], 30, 40)), 20],
    ['what could not be seen does not count either', served(40, 0, at(0, 10, [20, null], 30, 40)), 20],
    ['a failure at the end ends what was provisional', served(20, 0, at(0, 10, [12, 0])), 10],
    ['only the time common to all counts', served(40, 0, at(0, 10, 20, 30, 40), at(15, 25, 35)), 25],
    ['gaps of one and the other add up', served(120, 0, at(0, 20, 60, 80, 100, 120), at(0, 20, 40, 60, 100, 120)), 40],
    ['a clock that stepped back counts nothing', served(-5, 0, at(0, 10, 20)), 0],
    ['nor twice what it has counted', served(5, 0, at(0, 10, 20)), 5],
  ])('when %s', (_sentence, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('joins subjects with marks of different kinds by their spans', () => {
    const weights = lookedAt(
      null,
      seenAt(noon, 'a'),
      period,
      (value) => value,
      (a, b) => a === b,
    ).watched;
    const now = noon + 15 * s;
    const spans = [
      passingSpans({ watched: weights, passes: (mark) => mark === 'a' }, now),
      passingSpans({ watched: watchedBy(at(5)), passes }, now),
    ];
    expect(servedTogetherMs(spans, noon, now)).toBe(10 * s);
  });
});

const anyLooks: fc.Arbitrary<readonly Look[]> = fc
  .array(fc.tuple(fc.nat(12), fc.constantFrom(0, 1, 1, 1, 2, null), fc.constantFrom(2, 3, 5)), { maxLength: 20 })
  .map((list) => {
    let time = 0;
    return list.map(([laterMs, mark, periodMs]) => ({ at: (time += laterMs), mark, periodMs }));
  });

/** The same by another road: is this instant between two looks that passed and lie close enough, or soon after the last? */
function coveredBy(looks: readonly Look[], instant: number): boolean {
  return looks.some((one, i) => {
    const next = looks[i + 1];
    const periodMs = one.periodMs ?? period;
    if (one.mark === null || !passes(one.mark) || instant < one.at) return false;
    if (!next) return instant < one.at + 2 * periodMs;
    const close = next.at - one.at <= 2 * Math.max(periodMs, next.periodMs ?? period);
    return close && next.mark !== null && passes(next.mark) && instant < next.at;
  });
}

describe('for any looks', () => {
  const hold = (all: readonly (readonly Look[])[], from: number, now: number) =>
    servedHoldMs(
      all.map((looks) => ({ watched: watchedBy(looks), passes })),
      from,
      now,
    );
  const instants = fc.tuple(fc.integer({ min: -10, max: 150 }), fc.integer({ min: -10, max: 150 }));

  it('the hold is exactly the instants that every subject covers', () => {
    fc.assert(
      fc.property(fc.array(anyLooks, { minLength: 1, maxLength: 3 }), instants, (all, [from, now]) => {
        const covered = Array.from({ length: Math.max(0, now - from) }, (_, i) => from + i).filter((instant) =>
          all.every((looks) => coveredBy(looks, instant)),
        );
        expect(hold(all, from, now)).toBe(covered.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('the hold never shrinks as time goes by, and never grows faster than it', () => {
    fc.assert(
      fc.property(
        fc.array(anyLooks, { minLength: 1, maxLength: 3 }),
        instants,
        fc.nat(50),
        (all, [from, now], more) => {
          const first = hold(all, from, now);
          const later = hold(all, from, now + more);
          expect(later).toBeGreaterThanOrEqual(first);
          expect(later - first).toBeLessThanOrEqual(more);
          expect(first).toBeLessThanOrEqual(Math.max(0, now - from));
        },
      ),
    );
  });

  it('a gap costs its length at most, and what was served before it stays', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.integer({ min: 1, max: 1_000 }), fc.nat(100), (before, gapMs, after) => {
        const every = (from: number, count: number) =>
          Array.from({ length: count + 1 }, (_, i) => ({ at: from + i, mark: 1, periodMs: 1 }));
        const back = before + gapMs;
        const now = back + after;
        const looks = [...every(0, before), ...every(back, after)];
        expect(hold([looks], 0, now)).toBe(gapMs <= 2 ? now : now - gapMs);
      }),
    );
  });

  it('runs are in order, at most so many, and never touch unless joined', () => {
    fc.assert(
      fc.property(anyLooks, (looks) => {
        const runs = watchedBy(looks)?.runs ?? [];
        expect(runs.length).toBeLessThanOrEqual(maxRuns);
        runs.forEach((run, i) => {
          const previous = runs[i - 1];
          expect(run.from).toBeLessThanOrEqual(run.to);
          if (!previous) return;
          expect(previous.to).toBeLessThanOrEqual(run.from);
          expect(previous.mark === run.mark && run.joined).toBe(false);
        });
      }),
    );
  });
});
