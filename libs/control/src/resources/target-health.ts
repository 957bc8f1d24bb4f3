import { counted, healthText, type TargetHealth } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { BackendHealth } from './routes.js';
import type { Backend, Route } from './types.js';

/** Every backend's targets, each with its own failure where AWS could not be asked. */
export async function healthOf(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  route: Route,
  backends: readonly Backend[],
): Promise<readonly BackendHealth[]> {
  const read = await Promise.all(backends.map((backend) => healthOfOne(loadBalancer, access, backend)));
  if (!read.some((one) => timedOut(one.health) > 0)) return read;
  const groups = await securityGroups(loadBalancer, access, route);
  return read.map((one) =>
    timedOut(one.health) > 0 && one.health
      ? { ...one, advice: [timeoutAdvice(one.health, groups), ...one.advice] }
      : one,
  );
}

async function healthOfOne(loadBalancer: LoadBalancer, access: AwsAccess, backend: Backend): Promise<BackendHealth> {
  const { id: backendId, name, clusterId, targetGroupArn } = backend;
  const known = { backendId, name, clusterId, targetGroupArn };
  try {
    const health = await loadBalancer.targetHealth(access, targetGroupArn);
    return { ...known, health, failure: null, advice: adviceFor(health) };
  } catch (error) {
    if (!(error instanceof ExternalFailure)) throw error;
    const failure = { code: error.code, message: error.message, transient: error.kind === 'transient' };
    return {
      ...known,
      health: null,
      failure,
      advice: ['Unknown health is never taken for healthy: no share is raised until it can be read.'],
    };
  }
}

function adviceFor(health: TargetHealth): readonly string[] {
  if (health.total === 0)
    return ['No targets are registered: apply the binding, and check that the Service has ready endpoints.'];
  if ((health.reasons['Target.NotInUse'] ?? 0) > 0)
    return [
      'The target group is in no action in use: attach it to the route at weight 0; or the zone of its targets is not enabled on the load balancer.',
    ];
  return health.healthy === health.total || timedOut(health) > 0 ? [] : [`${healthText(health)}.`];
}

function timedOut(health: TargetHealth | null): number {
  return health?.reasons['Target.Timeout'] ?? 0;
}

function timeoutAdvice(health: TargetHealth, groups: readonly string[] | null): string {
  const who =
    groups === null
      ? "the load balancer's security groups"
      : groups.length > 0
        ? `the load balancer's security groups (${groups.join(', ')})`
        : 'the load balancer';
  return `${counted(timedOut(health), 'target')} of ${health.total} did not answer the health check in time (Target.Timeout). The likely cause is a security group of the pods or nodes that does not let ${who} in on the target port: apply the binding with networking 'auto', or open it by hand.`;
}

/** null when they can't be read: advice must not fail for that. */
async function securityGroups(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  route: Route,
): Promise<readonly string[] | null> {
  try {
    return (await loadBalancer.describeLoadBalancer(access, route.loadBalancerArn)).securityGroups;
  } catch (error) {
    if (error instanceof ExternalFailure) return null;
    throw error;
  }
}
