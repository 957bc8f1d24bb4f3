import type { Rollout } from '@sluice/contracts';
import {
  IconAlertTriangle,
  IconArrowsDiff,
  IconBan,
  IconCheck,
  IconClock,
  IconHeartBroken,
  IconHourglass,
  IconPencil,
  IconPlayerSkipForward,
} from '@tabler/icons-react';
import { isGoingBack, type Standing } from './route-standing.js';
import type { Tone } from './states.js';

interface Look {
  readonly words: string;
  readonly tone: Tone;
  readonly icon: typeof IconBan;
}

/** How a route's standing looks; colour never speaks alone. */
const looks: Readonly<Record<Standing, Look>> = {
  failed: { words: 'not written', tone: 'bad', icon: IconAlertTriangle },
  differs: { words: 'live differs', tone: 'bad', icon: IconArrowsDiff },
  ill: { words: 'targets ill', tone: 'bad', icon: IconHeartBroken },
  waiting: { words: 'waits', tone: 'warn', icon: IconHourglass },
  left: { words: 'left for now', tone: 'warn', icon: IconPlayerSkipForward },
  writing: { words: 'being written', tone: 'active', icon: IconPencil },
  queued: { words: 'queued', tone: 'quiet', icon: IconClock },
  toCome: { words: 'to come', tone: 'quiet', icon: IconClock },
  notReached: { words: 'not reached', tone: 'quiet', icon: IconBan },
  verified: { words: 'verified', tone: 'good', icon: IconCheck },
};

export function lookOf(rollout: Rollout, standing: Standing): Look {
  return standing === 'verified' && isGoingBack(rollout) ? { ...looks.verified, words: 'back' } : looks[standing];
}
