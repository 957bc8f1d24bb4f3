/** See the table "A rollout's states and verbs" in docs/rollouts.md. */
export const rolloutStates = [
  'Scheduled',
  'Running',
  'Paused',
  'Blocked',
  'Suspended',
  'RollingBack',
  'Succeeded',
  'RolledBack',
  'Aborted',
  'Cancelled',
  'Failed',
] as const;
export type RolloutState = (typeof rolloutStates)[number];

export const rolloutVerbs = [
  'start',
  'cancel',
  'pause',
  'resume',
  'advance',
  'abort',
  'rollback',
  'adopt',
  'reassert',
] as const;
export type RolloutVerb = (typeof rolloutVerbs)[number];

/** Which verbs a state allows. `rollback` in Succeeded holds only within the bake. */
export const allowedVerbs: Readonly<Record<RolloutState, readonly RolloutVerb[]>> = {
  Scheduled: ['start', 'cancel'],
  Running: ['pause', 'advance', 'abort', 'rollback'],
  Paused: ['resume', 'abort', 'rollback'],
  Blocked: ['adopt', 'reassert', 'resume', 'abort', 'rollback'],
  Suspended: ['resume', 'abort', 'rollback'],
  RollingBack: ['pause', 'abort', 'adopt', 'rollback'],
  Succeeded: ['rollback'],
  RolledBack: [],
  Aborted: ['rollback'],
  Cancelled: [],
  Failed: ['rollback'],
};

const ended: readonly RolloutState[] = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];

/** True when no verb but a rollback can move this rollout again. */
export function hasEnded(state: RolloutState): boolean {
  return ended.includes(state);
}
