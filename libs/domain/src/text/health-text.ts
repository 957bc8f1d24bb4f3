import type { TargetHealth } from '../route/types.js';
import { counted, listed } from './duration.js';

/** What the states and reasons AWS gave mean for whoever has to repair them. */
const causes: Readonly<Record<string, string>> = {
  'Target.Timeout': "a security group that doesn't let the load balancer reach the pods is the likely cause",
  'Target.ResponseCodeMismatch': 'the pods answer the health check with another status than its matcher takes',
  'Target.FailedHealthChecks': 'the pods refuse or break the connection of the health check',
  'Target.NotInUse': 'the target group is in no action in use, or the zone is not enabled on the load balancer',
  'Elb.InternalError': 'the load balancer itself has a fault',
};

/** `0 of 3 targets healthy (3 Target.Timeout: a security group … is the likely cause)`. */
export function healthText(health: TargetHealth): string {
  if (health.total === 0) return 'no targets registered';
  const counts = `${health.healthy} of ${counted(health.total, 'target')} healthy`;
  const reasons = Object.entries(health.reasons)
    .filter(([, count]) => count > 0)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (reasons.length === 0) return counts;
  const likely = reasons.flatMap(([reason]) => (Object.hasOwn(causes, reason) ? [causes[reason] ?? ''] : []));
  const why = likely.length > 0 ? `: ${likely[0]}` : '';
  return `${counts} (${listed(reasons.map(([reason, count]) => `${count} ${reason}`))}${why})`;
}
