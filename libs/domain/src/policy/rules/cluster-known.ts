import { listed } from '../../text/duration.js';
import { clusterOf, namesOf, waits, type Rule } from './rule.js';

/** Whether a receiver's cluster is cordoned or retired isn't known: no data is never a pass. */
export const clusterKnown: Rule = {
  name: 'clusterKnown',
  effects: waits,
  forcedFor: [],
  summaries: {
    ObservationIsStale: ['is in a cluster that nothing is known of', 'are in clusters that nothing is known of'],
  },
  judge: (at) => {
    const subjects = namesOf(
      at,
      at.raised.filter((backend) => clusterOf(at, backend) === undefined),
    );
    if (subjects.length === 0) return null;
    return {
      reason: 'ObservationIsStale',
      subjects,
      told: `Nothing is known of the cluster of ${listed(subjects)}.`,
      wayOut: 'It is looked up again before its share is raised.',
    };
  },
};
