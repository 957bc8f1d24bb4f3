import { waits, type Rule } from './rule.js';

/** Rule 9: what an apply-time tool made may be written once somebody said that they know its next apply may revert us. */
export const acknowledgement: Rule = {
  name: 'acknowledgement',
  effects: waits,
  forcedFor: [],
  summaries: {
    ApplyTimeToolNotAcknowledged: [
      'was made by an apply-time tool and nobody acknowledged that',
      'were made by apply-time tools and nobody acknowledged that',
    ],
  },
  judge: ({ change }) => {
    const owned = change.ownership;
    if (owned?.kind !== 'applyTime' || change.acknowledged) return null;
    return {
      reason: 'ApplyTimeToolNotAcknowledged',
      subjects: [],
      told: `${owned.owner} made this route (${owned.evidence}), and nobody acknowledged that its next apply may revert us.`,
      wayOut: owned.advice,
    };
  },
};
