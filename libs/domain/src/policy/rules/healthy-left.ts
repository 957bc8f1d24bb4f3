import { listed } from '../../text/duration.js';
import { shareOf } from '../../weights/equal.js';
import { healthOf, nameOf, waits, type Broken, type Effects, type Judged, type Rule } from './rule.js';

const onlyEmergencies: Effects = { planned: null, person: null, emergency: 'note' };

/**
 * Rule 3: after every write a healthy one has weight above 0, if any is healthy. Unknown is not healthy; in an emergency
 * it is told of as unknown (`ObservationIsStale`), so that an automatic one can wait where a person's goes on.
 */
export const healthyLeft: Rule = {
  name: 'healthyLeft',
  effects: { ...waits, emergency: 'leave' },
  forcedFor: ['emergency'],
  summaries: {
    NoHealthyReceiver: ['would be left without a healthy backend', 'would be left without a healthy backend'],
    ObservationIsStale: ['has receivers of unknown health', 'have receivers of unknown health'],
  },
  judge: (at) => {
    const { before, after } = at.change;
    if (!at.movesShares) return null;
    const receivers = after.map((one) => one.targetGroupArn).filter((arn) => shareOf(after, arn) > 0);
    if (receivers.some((arn) => isHealthy(at, arn))) return null;
    const all = [...new Set([...before, ...after].map((one) => one.targetGroupArn))];
    const others = all.filter((arn) => isHealthy(at, arn));
    const unknown = receivers.filter((arn) => healthOf(at, arn).kind === 'unknown');
    if (at.purpose === 'emergency' && unknown.length > 0) return unknownReceivers(at, unknown);
    return others.length > 0 ? takenFromHealthy(at, others) : nobodyHealthy();
  },
};

function isHealthy(at: Judged, targetGroupArn: string): boolean {
  const health = healthOf(at, targetGroupArn);
  return health.kind === 'fresh' && health.value.healthy > 0;
}

function takenFromHealthy(at: Judged, others: readonly string[]): Broken {
  return {
    reason: 'NoHealthyReceiver',
    subjects: [],
    told: `After this write no healthy backend would have weight, while ${listed(others.map((arn) => nameOf(at, arn)))} is healthy.`,
    wayOut: 'Repair the backends that would get the requests, or leave a share where it is healthy.',
  };
}

function nobodyHealthy(): Broken {
  return {
    reason: 'NoHealthyReceiver',
    subjects: [],
    told: 'No backend of this route is known to be healthy, so this write takes requests from nobody who could serve them.',
    wayOut: 'Repair the backends that get the requests.',
    effects: onlyEmergencies,
  };
}

function unknownReceivers(at: Judged, unknown: readonly string[]): Broken {
  const told = unknown.map((arn) => {
    const health = healthOf(at, arn);
    return `the target health of ${nameOf(at, arn)} ${health.kind === 'unknown' ? health.why : ''}`;
  });
  return {
    reason: 'ObservationIsStale',
    subjects: [],
    told: `No receiver is known to be healthy: ${listed(told)}.`,
    wayOut: 'Look at the backends that get the requests.',
    effects: onlyEmergencies,
  };
}
