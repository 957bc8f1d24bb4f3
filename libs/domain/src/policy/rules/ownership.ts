import { binds, waits, type Rule } from './rule.js';

/** Rule 9: what a continuous reconciler owns is not touched. Whose it is must be known, but not for an emergency. */
export const ownership: Rule = {
  name: 'ownership',
  effects: binds,
  forcedFor: [],
  summaries: {
    RouteOwnedByReconciler: [
      'belongs to a controller that would revert our writes',
      'belong to controllers that would revert our writes',
    ],
    ObservationIsStale: ['has an owner that is not known yet', 'have owners that are not known yet'],
  },
  judge: ({ change: { ownership: owned } }) => {
    if (owned === null)
      return {
        reason: 'ObservationIsStale',
        subjects: [],
        told: 'Who owns this route has not been read yet.',
        wayOut: 'The tags of its load balancer, listener and rule are read within minutes; then try again.',
        effects: waits,
      };
    if (owned.kind !== 'continuous') return null;
    return {
      reason: 'RouteOwnedByReconciler',
      subjects: [],
      told: `This route belongs to ${owned.owner} (${owned.evidence}), which would revert our writes.`,
      wayOut: owned.advice,
    };
  },
};
