import type { RolloutState } from '@sluice/contracts';

const ended: readonly RolloutState[] = ['Succeeded', 'RolledBack', 'Aborted', 'Cancelled', 'Failed'];
export const hasEnded = (state: RolloutState): boolean => ended.includes(state);
