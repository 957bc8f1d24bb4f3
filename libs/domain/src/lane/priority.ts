/** What a call to AWS is for. */
export const intentPurposes = ['rollback', 'evacuate', 'step', 'verify', 'driftRead'] as const;
export type IntentPurpose = (typeof intentPurposes)[number];

/** Lower goes first. */
export const priorityOf: Readonly<Record<IntentPurpose, number>> = {
  rollback: 0,
  evacuate: 0,
  step: 1,
  verify: 2,
  driftRead: 3,
};

/** May use the reserve of the token bucket. */
export function isEmergency(purpose: IntentPurpose): boolean {
  return priorityOf[purpose] === 0;
}

/** Orders intents: the more urgent purpose first, then the older one (`sequence` grows with age of commit). */
export function byUrgency(
  a: { readonly purpose: IntentPurpose; readonly sequence: number },
  b: { readonly purpose: IntentPurpose; readonly sequence: number },
): number {
  return priorityOf[a.purpose] - priorityOf[b.purpose] || a.sequence - b.sequence;
}
