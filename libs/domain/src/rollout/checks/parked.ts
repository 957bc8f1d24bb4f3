import { durationText, listed } from '../../text/duration.js';
import { instantText } from '../../text/instant-text.js';
import type { Check } from '../context.js';
import { verbsNow } from '../verbs.js';

/** It waits for its start time, or for a person. */
export const itHasNotStarted: Check = ({ rollout, active }) => {
  if (rollout.state !== 'Scheduled' || active) return null;
  const { startAt } = rollout;
  const message =
    startAt === null ? 'Waits for the verb start.' : `Starts at ${instantText(startAt)}, or before by the verb start.`;
  return { kind: 'hold', reason: 'NotStarted', message, wakeAt: startAt, facts: { startAt } };
};

/** A person's word outranks the plan and everything seen. */
export const operatorHasPaused: Check = ({ rollout }) =>
  rollout.state === 'Paused'
    ? {
        kind: 'hold',
        reason: 'PausedByOperator',
        message: 'A person paused it; the weights stay as they are until resume, abort or rollback.',
        wakeAt: null,
      }
    : null;

/** It was blocked earlier, and only a verb says how to go on: not even a cause that went away does. */
export const itNeedsAPerson: Check = ({ rollout, now }) =>
  rollout.state === 'Blocked'
    ? {
        kind: 'hold',
        reason: 'NeedsAPerson',
        message: `It is blocked until a person says how to go on: ${listed(verbsNow(rollout, now))}.`,
        wakeAt: null,
      }
    : null;

/** An evacuation or freeze holds it. */
export const itIsSuspended: Check = ({ rollout }) =>
  rollout.state === 'Suspended'
    ? {
        kind: 'hold',
        reason: 'SuspendedByFreeze',
        message:
          'An evacuation or freeze holds it; the weights stay until that ends, or until resume, abort or rollback.',
        wakeAt: null,
      }
    : null;

/** Nothing more to do; within the bake a rollback is still one call. */
export const itHasEnded: Check = ({ rollout, now }) => {
  const { state, bakesUntil } = rollout;
  if (!['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'].includes(state)) return null;
  const bakes = verbsNow(rollout, now).includes('rollback') && bakesUntil !== null;
  const bake = bakes ? ` Rollback is still one call for ${durationText(bakesUntil - now)}.` : '';
  return { kind: 'hold', reason: 'RolloutHasEnded', message: `It has ended: ${state}.${bake}`, wakeAt: null };
};
