import { counted, healthText, own, type Fact, type TargetHealth } from '@sluice/domain';
import type { BackendHealth } from './routes.js';
import type { Backend } from './types.js';

/** Every backend's targets as last seen, each with its own failure where AWS could not be asked. */
export function healthOf(
  backends: readonly Backend[],
  seen: Readonly<Record<string, Fact<TargetHealth>>>,
): readonly BackendHealth[] {
  return backends.map((backend) => healthOfOne(backend, own(seen, backend.targetGroupArn)));
}

function healthOfOne(backend: Backend, fact: Fact<TargetHealth> | undefined): BackendHealth {
  const { id: backendId, name, clusterId, targetGroupArn } = backend;
  const known = { backendId, name, clusterId, targetGroupArn, seenAt: fact ? new Date(fact.at).toISOString() : null };
  if (fact?.ok) return { ...known, health: fact.value, failure: null, advice: adviceFor(fact.value) };
  const failure = fact
    ? { code: fact.code, message: fact.message, transient: fact.transient }
    : {
        code: 'NotWatched',
        message: 'no rollout raises it now, so nobody looks at its health; ask with fresh=true',
        transient: true,
      };
  const advice = ['Unknown health is never taken for healthy: no share is raised until it can be read.'];
  return { ...known, health: null, failure, advice };
}

function adviceFor(health: TargetHealth): readonly string[] {
  if (health.total === 0)
    return ['No targets are registered: apply the binding, and check that the Service has ready endpoints.'];
  if ((health.reasons['Target.NotInUse'] ?? 0) > 0)
    return [
      'The target group is in no action in use: attach it to the route at weight 0; or the zone of its targets is not enabled on the load balancer.',
    ];
  if (timedOut(health) > 0) return [timeoutAdvice(health)];
  return health.healthy === health.total ? [] : [`${healthText(health)}.`];
}

function timedOut(health: TargetHealth | null): number {
  return health?.reasons['Target.Timeout'] ?? 0;
}

function timeoutAdvice(health: TargetHealth): string {
  return `${counted(timedOut(health), 'target')} of ${health.total} did not answer the health check in time (Target.Timeout). The likely cause is a security group of the pods or nodes that does not let the load balancer's security groups in on the target port: apply the binding with networking 'auto', or open it by hand.`;
}
