import { foreignTargetGroups } from '../../goals/foreign.js';
import { listed } from '../../text/duration.js';
import { ends, type Rule } from './rule.js';

/** Rule 8: a target group that is neither a backend nor pinned blocks the route until a person pins it. */
export const foreign: Rule = {
  name: 'foreign',
  effects: ends,
  forcedFor: [],
  summaries: {
    ForeignTargetGroup: [
      'forwards to target groups that are neither backends nor pinned',
      'forward to target groups that are neither backends nor pinned',
    ],
  },
  judge: ({ change }) => {
    const strangers = foreignTargetGroups(change, change.before, change.after);
    if (strangers.length === 0) return null;
    return {
      reason: 'ForeignTargetGroup',
      subjects: [],
      told: `A target group that is not ours is in the action and not pinned: ${listed(strangers)}.`,
      wayOut: 'Pin it on the route to keep its share, make it a backend, or take it out of the action.',
    };
  },
};
