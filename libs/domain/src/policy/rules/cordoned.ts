import { listed } from '../../text/duration.js';
import { clusterOf, namesOf, waits, type Rule } from './rule.js';

/** Rule 2: a cordoned cluster keeps what it has and gets no more. A retired one is told of as that. */
export const cordoned: Rule = {
  name: 'cordoned',
  effects: waits,
  forcedFor: [],
  summaries: { ClusterIsCordoned: ['is cordoned and would get more share', 'are cordoned and would get more share'] },
  judge: (at) => {
    const subjects = namesOf(
      at,
      at.raised.filter((backend) => clusterOf(at, backend)?.cordoned && !clusterOf(at, backend)?.retired),
    );
    if (subjects.length === 0) return null;
    return {
      reason: 'ClusterIsCordoned',
      subjects,
      told: `The share of ${listed(subjects)} would be raised, but its cluster is cordoned.`,
      wayOut: 'Uncordon it, or move the share to another cluster.',
    };
  },
};
