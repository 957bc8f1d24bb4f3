import { describe, it, expect } from '@jest/globals';
import { dueAt, nextLook, type WatchedSubject } from './schedule.js';

function rule(arn: string, lookedAt: number | null, change: Partial<WatchedSubject> = {}): WatchedSubject {
  return {
    kind: 'action',
    accountId: 'a',
    arn,
    batch: 'rules of a',
    periodMs: 1_000,
    lookedAt,
    retryMs: null,
    isAlone: false,
    ...change,
  };
}

const health = (arn: string, lookedAt: number | null, periodMs = 1_000) =>
  rule(arn, lookedAt, { kind: 'health', batch: arn, periodMs });

const arnsOf = (look: readonly WatchedSubject[]) => look.map((one) => one.arn);

describe('what is looked at next', () => {
  it('nothing before its period is over, and what was never seen at once', () => {
    expect(nextLook([rule('r', 0)], 999)).toEqual([]);
    expect(arnsOf(nextLook([rule('r', 0)], 1_000))).toEqual(['r']);
    expect(arnsOf(nextLook([rule('new', null)], 0))).toEqual(['new']);
  });

  it('what failed comes again sooner, or later where nobody can be asked', () => {
    expect(dueAt(rule('r', 500, { retryMs: 100 }))).toBe(600);
    expect(dueAt(rule('r', 500, { retryMs: 60_000 }))).toBe(60_500);
  });

  it('the one whose own period ends first, so that a donor waits for those that are raised', () => {
    expect(arnsOf(nextLook([health('donor', -2_000, 3_000), health('raised', 0)], 1_000))).toEqual(['raised']);
    expect(arnsOf(nextLook([health('donor', -4_000, 3_000), health('raised', 0)], 1_000))).toEqual(['donor']);
  });

  it("a route's first looks before all health, though its owner has a long period", () => {
    const owner = rule('new', null, { kind: 'owner', batch: 'tags of a', periodMs: 300_000 });
    expect(arnsOf(nextLook([health('old', 0), health('never', null), owner], 60_000))).toEqual(['new']);
  });

  it('twenty rules share a request, longest unseen first', () => {
    const rules = Array.from({ length: 30 }, (_, i) => rule(`r${i}`, i));
    expect(arnsOf(nextLook(rules, 1_000))).toEqual(rules.slice(0, 20).map((one) => one.arn));
  });

  it('rules that are due within half a period come along, others do not, nor do those of another account', () => {
    const other = rule('other', -4_500, { accountId: 'b', batch: 'rules of b', periodMs: 5_000 });
    expect(arnsOf(nextLook([other, rule('first', 0), rule('soon', 400), rule('seen', 600)], 1_000))).toEqual([
      'first',
      'soon',
    ]);
  });

  it('one that is gone is asked alone, so that it spoils no other request', () => {
    const gone = rule('gone', null, { isAlone: true });
    expect(arnsOf(nextLook([gone, rule('there', 0)], 1_000))).toEqual(['gone']);
    expect(arnsOf(nextLook([rule('there', null), { ...gone, lookedAt: 0 }], 1_000))).toEqual(['there']);
  });

  it("a target group's health is a request of its own", () => {
    expect(nextLook([health('one', null), health('two', null)], 0)).toHaveLength(1);
  });
});
