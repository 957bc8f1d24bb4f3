// The steps of a rollout as the sandbox's AWS saw them.
import { countBy, sum } from '../lib/stats.mjs';
import { isModify, isRead, newShareOf, tokensAt } from '../lib/calls.mjs';

/** Sluice keeps so many tokens back for emergencies. */
const KEPT_BACK = 5;

/**
 * @param calls of the account, oldest first
 * @param {{ routes, steps, bucket, fromMs, decidedMs }} rollout `bucket`: of Modify; `fromMs`: when it was full;
 *   `decidedMs(index)`: when the step was decided, undefined if that isn't known
 * @returns per step `{ index, modifies, distinct, reads, byOperation, firstMs, lastMs, makespanMs, floorMs }`
 */
export function stepsOf(calls, { routes, steps, bucket, fromMs, decidedMs }) {
  const byArn = new Map(routes.map((route) => [route.arn, route]));
  const writes = calls
    .filter((call) => isModify(call) && call.outcome === 'OK' && byArn.has(call.subjects[0]))
    .map((call) => ({ call, step: stepOf(newShareOf(call, byArn.get(call.subjects[0])), steps) }));
  return Array.from({ length: steps }, (_, index) => {
    const own = writes.filter((write) => write.step === index).map((write) => write.call);
    if (own.length === 0)
      return { index, modifies: 0, distinct: 0, reads: NaN, byOperation: {}, makespanMs: NaN, floorMs: NaN };
    const firstMs = own[0].atMs;
    const lastMs = Math.max(...own.map((call) => call.doneMs));
    const sinceMs = Math.min(firstMs, decidedMs(index) ?? firstMs);
    const during = calls.filter(
      (call) => call.atMs >= sinceMs && call.atMs <= lastMs && call.action !== 'GetCallerIdentity',
    );
    const usable = Math.max(0, tokensAt(calls.filter(isModify), bucket, fromMs, sinceMs) - KEPT_BACK);
    return {
      index,
      modifies: own.length,
      distinct: new Set(own.map((call) => call.subjects[0])).size,
      reads: during.filter(isRead).length,
      byOperation: countBy(during, (call) => call.action),
      firstMs,
      lastMs,
      makespanMs: lastMs - sinceMs,
      floorMs: (1000 * Math.max(0, routes.length - usable)) / bucket.perSecond,
    };
  });
}

/** Which of the equal steps gives the new cluster this many percent. */
const stepOf = (share, steps) => Math.round((share * steps) / 100) - 1;

/** Between the steps: `[{ fromMs, untilMs, reads, seconds }]`. */
export function holdsOf(calls, steps) {
  return steps.slice(0, -1).flatMap((step, index) => {
    const next = steps[index + 1];
    if (step.lastMs === undefined || next?.firstMs === undefined) return [];
    const during = calls.filter((call) => isRead(call) && call.atMs > step.lastMs && call.atMs < next.firstMs);
    return [
      {
        fromMs: step.lastMs,
        untilMs: next.firstMs,
        reads: during.length,
        seconds: (next.firstMs - step.lastMs) / 1000,
      },
    ];
  });
}

export const readsPerSecond = (holds) =>
  sum(holds.map(({ reads }) => reads)) / sum(holds.map(({ seconds }) => seconds));
