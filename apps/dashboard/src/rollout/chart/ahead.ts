import type { Rollout } from '@sluice/contracts';
import { remainingHoldMs } from '../hold.js';
import { holdOf, type StepOf } from '../plan.js';

/** A step that is still to come, if nothing has to be waited for but the holds. */
interface StepAhead {
  readonly step: StepOf;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Ahead {
  readonly holdEndsMs: number;
  readonly steps: readonly StepAhead[];
}

/** When the present step's hold ends, or the wait for the start, and when the steps after it come; `null` while a person has to act first, or it goes back. */
export function stepsAhead(rollout: Rollout, nowMs: number): Ahead | null {
  const holdEndsMs = nextStepMs(rollout, nowMs);
  if (holdEndsMs === null) return null;
  let fromMs = holdEndsMs;
  const steps = rollout.plan.steps.slice(rollout.stepIndex + 1).map((step) => {
    const toMs = fromMs + holdOf(rollout.plan, step);
    const ahead = { step, fromMs, toMs };
    fromMs = toMs;
    return ahead;
  });
  return { holdEndsMs, steps };
}

function nextStepMs(rollout: Rollout, nowMs: number): number | null {
  if (rollout.state === 'Scheduled')
    return Math.max(nowMs, rollout.startAt === null ? nowMs : Date.parse(rollout.startAt));
  if (rollout.state !== 'Running') return null;
  return nowMs + (remainingHoldMs(rollout, nowMs) ?? rollout.holdMs ?? 0);
}
