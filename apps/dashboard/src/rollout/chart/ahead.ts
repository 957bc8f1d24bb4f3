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

/** When the present step's hold ends and when the steps after it come; `null` while a person has to act first, or it goes back. */
export function stepsAhead(rollout: Rollout, nowMs: number): Ahead | null {
  if (rollout.state !== 'Running') return null;
  const holdEndsMs = nowMs + (remainingHoldMs(rollout, nowMs) ?? rollout.holdMs ?? 0);
  let fromMs = holdEndsMs;
  const steps = rollout.plan.steps.slice(rollout.stepIndex + 1).map((step) => {
    const toMs = fromMs + holdOf(rollout.plan, step);
    const ahead = { step, fromMs, toMs };
    fromMs = toMs;
    return ahead;
  });
  return { holdEndsMs, steps };
}
