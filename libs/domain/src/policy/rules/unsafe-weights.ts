import { unsafeWeights as unsafe } from '../../weights/validate.js';
import { binds, type Rule } from './rule.js';

/** Rule 1: what the load balancer doesn't take, or what nobody would get a request by, is never written. */
export const unsafeWeights: Rule = {
  name: 'unsafeWeights',
  effects: binds,
  forcedFor: [],
  summaries: {
    UnsafeWeights: ['would get weights that must not be written', 'would get weights that must not be written'],
  },
  judge: ({ change }) => {
    const why = unsafe(change.after);
    return why === null
      ? null
      : {
          reason: 'UnsafeWeights',
          subjects: [],
          told: `These weights can't be written: ${why}.`,
          wayOut: 'Correct the shares, or take a target group out of the action.',
        };
  },
};
