import { listed } from '../../text/duration.js';
import { isAttached } from '../../weights/equal.js';
import { namesOf, waits, type Rule } from './rule.js';

/** Rule 10: nobody health-checks a target group outside the action, so its health could never be told. */
export const attached: Rule = {
  name: 'attached',
  effects: waits,
  forcedFor: ['planned', 'person'],
  summaries: { ReceiverNotAttached: ['is not attached', 'are not attached'] },
  judge: (at) => {
    const subjects = namesOf(
      at,
      at.raised.filter((backend) => !isAttached(at.change.before, backend.targetGroupArn)),
    );
    if (subjects.length === 0) return null;
    return {
      reason: 'ReceiverNotAttached',
      subjects,
      told: `The share of ${listed(subjects)} would be raised, but its target group is not in the action yet, so nobody health-checks it.`,
      wayOut: 'Attach it at weight 0 first: register the backend again, or begin the plan with a step that gives it 0.',
    };
  },
};
