import type { Rollout } from '@sluice/contracts';

/** What is left of the current hold, in ms; null while none is being served: before the step is verified, and while a person has stopped it. */
export function remainingHoldMs({ holdEndsAt }: Rollout, nowMs: number): number | null {
  return holdEndsAt === null ? null : Math.max(0, Date.parse(holdEndsAt) - nowMs);
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
