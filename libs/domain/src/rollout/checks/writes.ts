import { counted, listed } from '../../text/duration.js';
import { reasons, type Reason, type RouteDiff } from '../decision.js';
import { intendedOf, routeKnown, type Check, type Context } from '../context.js';
import { expectedOf } from '../progress.js';
import { diffText, routeDiff } from '../three-way-diff.js';
import type { WriteFact } from '../types.js';

function routeOf(at: Context, write: WriteFact) {
  return at.rollout.plan.routes.find((route) => route.id === write.routeId);
}

function isReason(reason: string | null): reason is Reason {
  return reason !== null && Object.hasOwn(reasons, reason);
}

function diffOf(at: Context, write: WriteFact): readonly RouteDiff[] {
  const route = routeOf(at, write);
  if (!route) return [];
  const seen = routeKnown(at, route);
  const live = write.live ?? (seen.kind === 'fresh' ? seen.value.action.weights : null);
  const intended = write.purpose === 'rollback' ? route.baseline : intendedOf(at.rollout, route);
  return live ? [routeDiff(route, { intended, lastWritten: expectedOf(at.rollout, route), live })] : [];
}

/** A write of this step or rollback was refused, by AWS or by the lane's own last look. */
export const aWriteFailed: Check = (at) => {
  const purpose = at.rollout.state === 'RollingBack' ? 'rollback' : 'step';
  const failed = at.seen.writes.filter((write) => write.purpose === purpose && write.state === 'failed');
  const [first] = failed;
  if (!first) return null;
  const diffs = failed.flatMap((write) => diffOf(at, write));
  const told = failed.map(
    (write) =>
      `route ${routeOf(at, write)?.name ?? write.routeId}: ${write.message ?? write.reason ?? 'no reason was given'}`,
  );
  const differing = diffs.flatMap((diff) => {
    const route = at.rollout.plan.routes.find((one) => one.id === diff.routeId);
    return route ? [` Now ${diffText(route, diff)}.`] : [];
  });
  return {
    kind: 'block',
    reason: isReason(first.reason) ? first.reason : 'WriteFailed',
    message: `${counted(failed.length, 'write')} failed: ${listed(told)}.${differing.join('')} Repair the cause, then resume, reassert, adopt, abort or roll back.`,
    facts: { intents: failed.map((write) => write.intentId), reasons: failed.map((write) => write.reason) },
    wakeAt: null,
    diffs,
  };
};

/** Writes are queued or in flight; their outcome wakes the rollout, and until then nothing else shifts. */
export const itWaitsForWrites: Check = (at) => {
  const isRollingBack = at.rollout.state === 'RollingBack';
  const open = at.seen.writes.filter((write) => isOpen(write) && (!isRollingBack || write.purpose === 'rollback'));
  if (open.length === 0) return null;
  const sent = open.filter((write) => write.state === 'sent').length;
  const why = [...new Set(open.flatMap((write) => write.message ?? []))].join(' ');
  return {
    kind: 'hold',
    reason: 'WaitingForWrite',
    message: `Waits for ${counted(open.length, 'write')} (${sent} sent, ${open.length - sent} queued) to ${listed(open.map((write) => routeOf(at, write)?.name ?? write.routeId))}.${why === '' ? '' : ` ${why}`}`,
    facts: { intents: open.map((write) => write.intentId) },
    wakeAt: null,
  };
};

export function isOpen(write: WriteFact): boolean {
  return write.state === 'pending' || write.state === 'sent';
}
