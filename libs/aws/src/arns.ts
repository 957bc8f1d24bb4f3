import { ExternalFailure } from '@sluice/control';

/** What an ELBv2 ARN says about itself and about what stands above it. */
export type ElbArn =
  | { readonly kind: 'loadBalancer'; readonly arn: string; readonly type: 'application' | 'network' }
  | { readonly kind: 'listener'; readonly arn: string; readonly loadBalancerArn: string }
  | { readonly kind: 'rule'; readonly arn: string; readonly loadBalancerArn: string; readonly listenerArn: string }
  | { readonly kind: 'targetGroup'; readonly arn: string };

export type RouteArn = Extract<ElbArn, { kind: 'listener' | 'rule' }>;

/**
 * Reads an ELBv2 ARN: `loadbalancer/app/n/i`, `listener/app/n/i/l`, `listener-rule/app/n/i/l/r`, `targetgroup/n/i`
 * (Service Authorization Reference, "Resource types defined by AWS Elastic Load Balancing V2").
 * @throws ExternalFailure terminal `InvalidArn`
 */
export function parseElbArn(arn: string): ElbArn {
  const [scheme, partition, service, region, account, ...rest] = arn.split(':');
  const resource = rest.join(':');
  const parts = resource.split('/');
  const [type, family] = parts;
  if (scheme === 'arn' && partition && service === 'elasticloadbalancing' && region && account && !parts.includes('')) {
    const prefix = `arn:${partition}:elasticloadbalancing:${region}:${account}`;
    const balanced = family === 'app' || family === 'net';
    const above = (kind: string, length: number): string => `${prefix}:${kind}/${parts.slice(1, length).join('/')}`;
    if (type === 'loadbalancer' && balanced && parts.length === 4) {
      return { kind: 'loadBalancer', arn, type: family === 'app' ? 'application' : 'network' };
    }
    if (type === 'listener' && balanced && parts.length === 5) {
      return { kind: 'listener', arn, loadBalancerArn: above('loadbalancer', 4) };
    }
    if (type === 'listener-rule' && balanced && parts.length === 6) {
      return { kind: 'rule', arn, loadBalancerArn: above('loadbalancer', 4), listenerArn: above('listener', 5) };
    }
    if (type === 'targetgroup' && parts.length === 3) return { kind: 'targetGroup', arn };
  }
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'InvalidArn',
    message: `"${arn}" is not the ARN of an application or network load balancer, its listener, its rule, or a target group.`,
  });
}

/**
 * The ARN of a route: a listener (its default action) or a rule.
 * @throws ExternalFailure terminal `InvalidArn`
 */
export function parseRouteArn(arn: string): RouteArn {
  const parsed = parseElbArn(arn);
  if (parsed.kind === 'listener' || parsed.kind === 'rule') return parsed;
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'InvalidArn',
    message: `A route is a listener (its default action) or a rule; ${arn} is a ${parsed.kind === 'targetGroup' ? 'target group' : 'load balancer'}. Give the ARN of the listener or rule that forwards to it.`,
  });
}
