import type { Rollout } from '@sluice/contracts';

/**
 * What is left of the current hold, in ms; null when none is being served. `heldMs` was counted at the last look, which
 * was one recheck before the next wake-up, or less where the hold ends sooner.
 */
export function remainingHoldMs(rollout: Rollout, nowMs: number): number | null {
  const { holdMs, heldMs, verifiedAt, plan } = rollout;
  if (holdMs === null || verifiedAt === null || rollout.state === 'RollingBack') return null;
  const required = rollout.advanceRequestedBy === null ? holdMs : plan.settleMs;
  const left = Math.max(0, required - heldMs);
  if (rollout.state !== 'Running' || rollout.nextWakeAt === null) return left;
  const lastLookMs = Date.parse(rollout.nextWakeAt) - Math.min(plan.recheckMs, left);
  return Math.max(0, left - Math.max(0, nowMs - lastLookMs));
}

/** Whether time, and only time, is being waited for. */
export function isHolding(rollout: Rollout): boolean {
  return rollout.state === 'Running' && (rollout.reason === 'StepIsHolding' || rollout.reason === 'SettleTime');
}

const moves = ['NextStep', 'Started', 'Resumed', 'Adopted', 'Reasserted', 'WaitingForWrite'];

/** Whether it runs, but something other than time or its own writes is in the way. */
export function isWaiting(rollout: Rollout): boolean {
  return rollout.state === 'Running' && !isHolding(rollout) && !moves.includes(rollout.reason);
}
