import { listed } from '../../text/duration.js';
import { shareOf } from '../../weights/equal.js';
import { namesOf, type Rule } from './rule.js';

/**
 * An evacuated cluster has no share until it is restored, whoever asks and whatever they force. Attaching elsewhere moves
 * no share, and is the way out where nobody is left.
 */
export const mask: Rule = {
  name: 'mask',
  effects: { planned: 'hold', person: 'refuse', emergency: 'leave' },
  forcedFor: [],
  summaries: { ClusterIsEvacuated: ['is evacuated and would have a share', 'are evacuated and would have a share'] },
  judge: (at) => {
    if (!at.movesShares) return null;
    const subjects = namesOf(
      at,
      at.change.backends.filter(
        (backend) => at.facts.mask.has(backend.clusterId) && shareOf(at.change.after, backend.targetGroupArn) > 0,
      ),
    );
    if (subjects.length === 0) return null;
    return {
      reason: 'ClusterIsEvacuated',
      subjects,
      told: `${listed(subjects)} would have a share, but its cluster is evacuated.`,
      wayOut: 'Restore the cluster first, or leave it at 0.',
    };
  },
};
