import { Conflict, InvalidInput, targetGroupOwnership, type FieldIssue } from '@sluice/domain';
import type { LoadBalancerDescription, TargetGroupDescription } from '../ports/load-balancer.js';
import type { Cluster, Route } from './types.js';

/** Which target group protocols a listener protocol can forward to. */
const suits: Readonly<Record<string, readonly string[]>> = {
  HTTP: ['HTTP', 'HTTPS'],
  HTTPS: ['HTTP', 'HTTPS'],
  TCP: ['TCP', 'TCP_UDP'],
  TLS: ['TCP', 'TLS'],
  UDP: ['UDP', 'TCP_UDP'],
  TCP_UDP: ['TCP_UDP'],
};
/** The tag without which an Auto Mode cluster may not register targets (AmazonEKSLoadBalancingPolicy). */
export const autoModeTag = 'eks:eks-cluster-name';

/** @throws InvalidInput or Conflict when this target group can't be a backend of the route in that cluster. */
export function refuseUnfit(
  group: TargetGroupDescription,
  route: Route,
  loadBalancer: LoadBalancerDescription,
  cluster: Cluster,
): asserts group is TargetGroupDescription & { targetType: 'ip' | 'instance' } {
  const issues: FieldIssue[] = [];
  const field = 'targetGroupArn';
  if (group.targetType !== 'ip' && group.targetType !== 'instance')
    issues.push({
      field,
      message: `has target type ${group.targetType}; a TargetGroupBinding fills ip and instance only`,
    });
  if (!suits[route.protocol]?.includes(group.protocol))
    issues.push({
      field,
      message: `has protocol ${group.protocol}, which a ${route.protocol} listener can't forward to`,
    });
  if (group.vpcId !== loadBalancer.vpcId)
    issues.push({ field, message: `is in VPC ${group.vpcId}, the load balancer in ${loadBalancer.vpcId}` });
  if (issues.length > 0) throw new InvalidInput(issues);
  const others = group.loadBalancerArns.filter((arn) => arn !== route.loadBalancerArn);
  if (others.length > 0)
    throw new Conflict(
      'TargetGroupInUse',
      'this target group is used by another load balancer; AWS allows one only, so give the backend a target group of its own',
      { loadBalancerArns: others },
    );
  const owner = targetGroupOwnership({ kind: 'targetGroup', arn: group.arn, tags: group.tags });
  if (owner.kind === 'continuous')
    throw new Conflict(
      'TargetGroupOwnedByReconciler',
      `${owner.owner} owns this target group (${owner.evidence}). ${owner.advice}`,
      { ownership: owner },
    );
  if (cluster.bindingApi === 'eks.amazonaws.com/v1' && group.tags[autoModeTag] === undefined) {
    throw new Conflict(
      'AutoModeTagMissing',
      `EKS Auto Mode registers targets only in target groups that carry the tag ${autoModeTag} with the cluster's name; add it, or let Sluice create the target group for this cluster`,
    );
  }
}
