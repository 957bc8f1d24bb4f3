import { listed } from '../../text/duration.js';
import { ends, healthOf, nameOf, waits, type Rule } from './rule.js';

/** Rule 11: no fresh health of a receiver is no pass. */
export const healthKnown: Rule = {
  name: 'healthKnown',
  effects: waits,
  forcedFor: ['planned', 'person'],
  summaries: {
    ObservationIsStale: ['has no fresh target health', 'have no fresh target health'],
    AwsUnreachable: ['has target health that AWS refuses to tell', 'have target health that AWS refuses to tell'],
  },
  judge: (at) => {
    const blind = at.raised.flatMap(({ targetGroupArn }) => {
      const health = healthOf(at, targetGroupArn);
      return health.kind === 'unknown' ? [{ name: nameOf(at, targetGroupArn), ...health }] : [];
    });
    if (blind.length === 0) return null;
    const told = listed(blind.map(({ name, why }) => `the target health of ${name} ${why}`)).replace(/^t/, 'T');
    const found = { subjects: [...new Set(blind.map((one) => one.name))], told: `${told}.` };
    if (blind.some((one) => one.cause === 'terminal'))
      return {
        ...found,
        reason: 'AwsUnreachable',
        wayOut: "Waiting won't help: check that the target group still exists and that the account's role may read it.",
        effects: ends,
      };
    return { ...found, reason: 'ObservationIsStale', wayOut: 'It is read again before its share is raised.' };
  },
};
