import type { RolloutState, RolloutVerb } from '@sluice/contracts';
import {
  IconArrowBackUp,
  IconBan,
  IconCheck,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconPlayerStop,
  IconRepeat,
} from '@tabler/icons-react';

interface VerbLook {
  readonly label: string;
  readonly icon: typeof IconBan;
  readonly tone: 'plain' | 'primary' | 'danger';
  /** One sentence, for a tooltip and beside a choice. */
  readonly means: string;
  /** What will happen, before it is confirmed. */
  readonly will: readonly string[];
}

/** The verbs in the order of their buttons, with what they do in the operator's words. */
export const verbLooks: Readonly<Record<RolloutVerb, VerbLook>> = {
  start: {
    label: 'Start',
    icon: IconPlayerPlay,
    tone: 'primary',
    means: 'Starts now, whatever its start time says.',
    will: ['The first step is decided at once.', 'The gates of every step are asked as planned.'],
  },
  resume: {
    label: 'Resume',
    icon: IconPlayerPlay,
    tone: 'primary',
    means: 'Goes on with the same step.',
    will: ['It goes on with the step it stands at; none is skipped.', 'What was served of the hold still counts.'],
  },
  adopt: {
    label: 'Adopt',
    icon: IconCheck,
    tone: 'plain',
    means: 'What is live is right: take it as it is and go on from there.',
    will: [
      'The live weights become the ones Sluice expects. Nothing is written now.',
      'The hold of this step starts again, and the next step goes to its planned shares.',
    ],
  },
  reassert: {
    label: 'Reassert',
    icon: IconRepeat,
    tone: 'plain',
    means: 'What Sluice last wrote is right: write it again over what is live.',
    will: [
      'The weights last written are written again, over what somebody else set.',
      'The hold of this step starts again once they are verified.',
    ],
  },
  pause: {
    label: 'Pause',
    icon: IconPlayerPause,
    tone: 'plain',
    means: 'The weights stay as they are until somebody resumes.',
    will: [
      'The weights stay as they are; a write under way is still settled.',
      'The time until resume does not count as hold.',
    ],
  },
  advance: {
    label: 'Advance',
    icon: IconPlayerSkipForward,
    tone: 'plain',
    means: 'Ends this hold early, in your name.',
    will: [
      'The rest of this hold is not waited for.',
      'The settle time still is, and no gate is skipped: without enough healthy targets it waits.',
    ],
  },
  cancel: {
    label: 'Cancel',
    icon: IconBan,
    tone: 'plain',
    means: 'Ends it before it has moved anything.',
    will: ['The rollout ends. Nothing has been moved, and nothing will be.'],
  },
  abort: {
    label: 'Abort',
    icon: IconPlayerStop,
    tone: 'plain',
    means: 'Ends it and moves nothing: the weights stay where they are.',
    will: [
      'The rollout ends, and the weights stay where they are now.',
      'Writes not yet sent are cancelled; those under way are settled by reading.',
      'It cannot be resumed. To go back to the former shares, roll back instead.',
    ],
  },
  rollback: {
    label: 'Roll back',
    icon: IconArrowBackUp,
    tone: 'danger',
    means: 'Goes to the shares from before the rollout, at once.',
    will: [
      'All traffic goes to the shares from before the rollout, in one write and ahead of every step.',
      'It waits for no gate: one healthy receiver is enough.',
    ],
  },
};

/** After a block, a way out that only works once its cause is gone must not stand out. */
export function toneOf(verb: RolloutVerb, state: RolloutState): VerbLook['tone'] {
  return verb === 'resume' && state === 'Blocked' ? 'plain' : verbLooks[verb].tone;
}

/** One sentence about a verb in a state. */
export function meansIn(verb: RolloutVerb, state: RolloutState): string {
  if (verb === 'resume' && state === 'Blocked')
    return 'Looks again and goes on with the same step, if the cause is gone; else it blocks again.';
  return verbLooks[verb].means;
}

export const verbOrder: readonly RolloutVerb[] = [
  'start',
  'resume',
  'pause',
  'advance',
  'adopt',
  'reassert',
  'cancel',
  'abort',
  'rollback',
];

/** Right whatever the rollout has become in the meantime: asked of the server without a version, and allowed while the page is stale. */
export const alwaysRight: readonly RolloutVerb[] = ['pause', 'abort', 'rollback'];
