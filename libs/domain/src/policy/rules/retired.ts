import { listed } from '../../text/duration.js';
import { clusterOf, ends, namesOf, type Rule } from './rule.js';

/** Rule 2: a cluster that is retired never gets more; forcing doesn't change that. */
export const retired: Rule = {
  name: 'retired',
  effects: ends,
  forcedFor: [],
  summaries: { ClusterIsRetired: ['is retired and would get more share', 'are retired and would get more share'] },
  judge: (at) => {
    const subjects = namesOf(
      at,
      at.raised.filter((backend) => clusterOf(at, backend)?.retired),
    );
    if (subjects.length === 0) return null;
    return {
      reason: 'ClusterIsRetired',
      subjects,
      told: `The share of ${listed(subjects)} would be raised, but its cluster is retired.`,
      wayOut: 'Move the share to another cluster.',
    };
  },
};
