/** Why a write is made: a way back, a person's one-off weights, a reassertion, a step, an attachment at (or detachment from) weight 0. */
export const intentPurposes = ['rollback', 'oneOff', 'reassert', 'step', 'attach', 'detach'] as const;
export type IntentPurpose = (typeof intentPurposes)[number];

/** Lower goes first: rollback, then a person's own write, then what the plan wants. Within one priority the older goes first. */
export const priorityOf: Readonly<Record<IntentPurpose, number>> = {
  rollback: 0,
  oneOff: 1,
  reassert: 1,
  step: 2,
  attach: 2,
  detach: 2,
};

/** May use the reserve of the token bucket, and passes over the safety rules of planned change (rule 12). */
export function isEmergency(purpose: IntentPurpose): boolean {
  return priorityOf[purpose] === 0;
}
