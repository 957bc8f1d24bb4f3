import type { Instant, Rollout } from './types.js';

export interface HoldCount {
  /** Hold served so far, in ms. */
  readonly heldMs: number;
  /** Store this with `heldMs`: the next count starts here. */
  readonly heldCheckedAt: Instant | null;
}

/**
 * The hold served until `now`. Only time in which somebody looked counts: a gap longer than two rechecks and a second
 * is an outage and counts as one recheck, so that the remaining hold is honoured after it. A clock that steps back
 * counts nothing. Nothing counts while writes are outstanding or the rollout isn't running; the first count after
 * either starts at `now` when `heldCheckedAt` is null.
 *
 * Whoever decides must store the result, changed reason or not; otherwise the next gap looks like an outage.
 */
export function countHold(rollout: Rollout, now: Instant): HoldCount {
  const { heldMs, heldCheckedAt } = rollout;
  if (rollout.verifiedAt === null || rollout.state !== 'Running') return { heldMs, heldCheckedAt: null };
  if (heldCheckedAt === null) return { heldMs, heldCheckedAt: now };
  const gapMs = now - heldCheckedAt;
  if (gapMs <= 0) return { heldMs, heldCheckedAt: now };
  const { recheckMs } = rollout.plan;
  const outage = gapMs > 2 * recheckMs + 1_000;
  return { heldMs: heldMs + (outage ? recheckMs : gapMs), heldCheckedAt: now };
}

/** How long the current step is held at least: its own hold, and never less than the settle time. */
export function requiredHoldMs(rollout: Rollout): number {
  const step = rollout.plan.steps[rollout.stepIndex];
  const holdMs = rollout.advanceRequestedBy === null ? (step?.holdMs ?? 0) : 0;
  return step ? Math.max(holdMs, rollout.plan.settleMs) : 0;
}
