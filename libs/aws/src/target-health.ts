import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TargetHealth } from '@sluice/domain';
import type { AwsCall } from './clients/aws-call.js';
import { unreadableReply } from './clients/paging.js';

type State = 'healthy' | 'initial' | 'unhealthy' | 'draining' | 'unused' | 'unavailable';

const states: Readonly<Record<string, State>> = {
  healthy: 'healthy',
  initial: 'initial',
  unhealthy: 'unhealthy',
  'unhealthy.draining': 'unhealthy',
  draining: 'draining',
  unused: 'unused',
  unavailable: 'unavailable',
};

/** DescribeTargetHealth, counted. The call is not paged. A state that we do not know counts as unavailable, never as healthy. */
export async function readTargetHealth(call: AwsCall, targetGroupArn: string): Promise<TargetHealth> {
  const reply = await call.read('DescribeTargetHealth', targetGroupArn, (client, http) =>
    client.send(new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn }), http),
  );
  const targets = reply.TargetHealthDescriptions;
  if (targets === undefined) throw unreadableReply('DescribeTargetHealth', targetGroupArn, 'list of targets');
  const counts: Record<State, number> = {
    healthy: 0,
    initial: 0,
    unhealthy: 0,
    draining: 0,
    unused: 0,
    unavailable: 0,
  };
  const reasons: Record<string, number> = {};
  for (const { TargetHealth: health } of targets) {
    counts[states[health?.State ?? ''] ?? 'unavailable'] += 1;
    if (health?.Reason !== undefined) reasons[health.Reason] = (reasons[health.Reason] ?? 0) + 1;
  }
  return { targetGroupArn, ...counts, total: targets.length, reasons };
}
