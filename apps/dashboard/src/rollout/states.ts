import type { RolloutState } from '@sluice/contracts';
import {
  IconAlertOctagon,
  IconArrowBackUp,
  IconBan,
  IconCalendarTime,
  IconCircleCheck,
  IconCircleX,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerStop,
  IconSnowflake,
} from '@tabler/icons-react';

export type Tone = 'active' | 'warn' | 'bad' | 'good' | 'quiet';

/** How a state looks and what it means; colour never speaks alone. */
export const stateLooks: Readonly<
  Record<RolloutState, { tone: Tone; icon: typeof IconBan; words: string; meaning: string }>
> = {
  Scheduled: { tone: 'quiet', icon: IconCalendarTime, words: 'Scheduled', meaning: 'waits for its start' },
  Running: { tone: 'active', icon: IconPlayerPlay, words: 'Running', meaning: 'moving step by step' },
  Paused: { tone: 'warn', icon: IconPlayerPause, words: 'Paused', meaning: 'by a person; the weights stay' },
  Blocked: { tone: 'bad', icon: IconAlertOctagon, words: 'Blocked', meaning: 'needs a person' },
  Suspended: { tone: 'warn', icon: IconSnowflake, words: 'Suspended', meaning: 'by an evacuation or a freeze' },
  RollingBack: {
    tone: 'warn',
    icon: IconArrowBackUp,
    words: 'Rolling back',
    meaning: 'moving to the shares before the rollout',
  },
  Succeeded: { tone: 'good', icon: IconCircleCheck, words: 'Succeeded', meaning: 'every step is verified' },
  RolledBack: {
    tone: 'quiet',
    icon: IconArrowBackUp,
    words: 'Rolled back',
    meaning: 'the shares before the rollout are verified',
  },
  Aborted: { tone: 'quiet', icon: IconPlayerStop, words: 'Aborted', meaning: 'ended by a person; the weights stayed' },
  Cancelled: { tone: 'quiet', icon: IconBan, words: 'Cancelled', meaning: 'ended before it started' },
  Failed: { tone: 'bad', icon: IconCircleX, words: 'Failed', meaning: 'ended without a way on' },
};
