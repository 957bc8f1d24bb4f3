import { counted, listed } from '../../text/duration.js';
import { healthText } from '../../text/health-text.js';
import { healthOf, nameOf, waits, type Rule } from './rule.js';

/** Rule 2: a share is raised only where enough fresh healthy targets wait for it. */
export const healthy: Rule = {
  name: 'healthy',
  effects: waits,
  forcedFor: ['planned', 'person'],
  summaries: { WaitingForHealthyTargets: ['lacks healthy targets', 'lack healthy targets'] },
  judge: (at) => {
    const needed = at.change.minHealthyTargets;
    const weak = at.raised.flatMap(({ targetGroupArn }) => {
      const health = healthOf(at, targetGroupArn);
      if (health.kind === 'unknown' || health.value.healthy >= needed) return [];
      return [{ name: nameOf(at, targetGroupArn), text: healthText(health.value) }];
    });
    if (weak.length === 0) return null;
    return {
      reason: 'WaitingForHealthyTargets',
      subjects: [...new Set(weak.map((one) => one.name))],
      told: `${listed(weak.map(({ name, text }) => `${name} has ${text}`))}; each backend needs ${counted(needed, 'healthy target')} before its share is raised.`,
      wayOut: 'Repair the pods, or what keeps the load balancer from reaching them.',
    };
  },
};
