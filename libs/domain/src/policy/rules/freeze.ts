import type { Rule } from './rule.js';

/** While a freeze is on, nothing planned starts; rollback and evacuation aren't bound by it. */
export const freeze: Rule = {
  name: 'freeze',
  effects: { planned: 'hold', person: 'refuse', emergency: null },
  forcedFor: [],
  summaries: { FrozenByFreeze: ['is frozen', 'are frozen'] },
  judge: ({ facts }) => {
    if (facts.freeze === null) return null;
    return {
      reason: 'FrozenByFreeze',
      subjects: [],
      told: `The project is frozen by ${facts.freeze.by}: ${facts.freeze.reason}.`,
      wayOut: 'Wait for the end of the freeze, or lift it.',
    };
  },
};
