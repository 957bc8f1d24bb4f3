import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  type Listener,
  type LoadBalancer,
  type TargetGroup,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  ExternalFailure,
  type HealthCheckSpec,
  type ListenerDescription,
  type LoadBalancerDescription,
  type TargetGroupDescription,
} from '@sluice/control';
import type { AwsCall } from '../clients/aws-call.js';
import { pageSize, everyPage, unreadableReply } from '../clients/paging.js';
import { readTags } from '../tags.js';

type Tags = Readonly<Record<string, string>>;

export async function describeLoadBalancer(call: AwsCall, arn: string): Promise<LoadBalancerDescription> {
  const reply = await call.read('DescribeLoadBalancers', arn, (client, http) =>
    client.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [arn] }), http),
  );
  return loadBalancer(only(reply.LoadBalancers, 'DescribeLoadBalancers', arn), await tagsOfOne(call, arn));
}

export async function describeTargetGroup(call: AwsCall, arn: string): Promise<TargetGroupDescription> {
  const reply = await call.read('DescribeTargetGroups', arn, (client, http) =>
    client.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }), http),
  );
  return targetGroup(only(reply.TargetGroups, 'DescribeTargetGroups', arn), await tagsOfOne(call, arn));
}

export async function describeListener(call: AwsCall, arn: string): Promise<ListenerDescription> {
  const reply = await call.read('DescribeListeners', arn, (client, http) =>
    client.send(new DescribeListenersCommand({ ListenerArns: [arn] }), http),
  );
  return listener(only(reply.Listeners, 'DescribeListeners', arn), await tagsOfOne(call, arn));
}

/** A load balancer's listeners, or a listener's rules without its default one. */
export async function partsOf(call: AwsCall, arn: string): Promise<readonly string[]> {
  if (arn.includes(':listener/')) {
    const rules = await everyPage('DescribeRules', async (Marker) => {
      const page = await call.read('DescribeRules', arn, (client, http) =>
        client.send(new DescribeRulesCommand({ ListenerArn: arn, Marker }), http),
      );
      return { items: page.Rules ?? [], next: page.NextMarker };
    });
    return rules.flatMap(({ RuleArn, IsDefault }) => (RuleArn === undefined || IsDefault ? [] : [RuleArn]));
  }
  const listeners = await everyPage('DescribeListeners', async (Marker) => {
    const page = await call.read('DescribeListeners', arn, (client, http) =>
      client.send(new DescribeListenersCommand({ LoadBalancerArn: arn, Marker }), http),
    );
    return { items: page.Listeners ?? [], next: page.NextMarker };
  });
  return listeners.flatMap(({ ListenerArn }) => ListenerArn ?? []);
}

/** How many load balancers the account has in the Region: the proof that it lets us describe. */
export async function countLoadBalancers(call: AwsCall): Promise<number> {
  const all = await everyPage('DescribeLoadBalancers', async (Marker) => {
    const page = await call.read('DescribeLoadBalancers', 'all', (client, http) =>
      client.send(new DescribeLoadBalancersCommand({ PageSize: pageSize, Marker }), http),
    );
    return { items: page.LoadBalancers ?? [], next: page.NextMarker };
  });
  return all.length;
}

/** The one element that a call about one thing answers with. */
export function only<One>(list: readonly One[] | undefined, operation: string, subject: string): One {
  const [first] = list ?? [];
  if (first === undefined) throw unreadableReply(operation, subject, 'such resource');
  return first;
}

export function loadBalancer(from: LoadBalancer, tags: Tags): LoadBalancerDescription {
  return {
    arn: from.LoadBalancerArn ?? '',
    name: from.LoadBalancerName ?? '',
    dnsName: from.DNSName ?? '',
    type: from.Type === 'network' ? 'network' : 'application',
    scheme: from.Scheme ?? '',
    vpcId: from.VpcId ?? '',
    state: from.State?.Code ?? '',
    securityGroups: from.SecurityGroups ?? [],
    subnets: (from.AvailabilityZones ?? []).flatMap(({ SubnetId }) => SubnetId ?? []),
    tags,
  };
}

export function targetGroup(from: TargetGroup, tags: Tags): TargetGroupDescription {
  return {
    arn: from.TargetGroupArn ?? '',
    name: from.TargetGroupName ?? '',
    protocol: from.Protocol ?? '',
    port: from.Port ?? 0,
    targetType: from.TargetType ?? 'instance',
    vpcId: from.VpcId ?? '',
    ipAddressType: from.IpAddressType ?? 'ipv4',
    loadBalancerArns: [...new Set(from.LoadBalancerArns ?? [])],
    healthCheck: healthCheck(from),
    tags,
  };
}

export function listener(from: Listener, tags: Tags): ListenerDescription {
  return {
    arn: from.ListenerArn ?? '',
    loadBalancerArn: from.LoadBalancerArn ?? '',
    port: from.Port ?? 0,
    protocol: from.Protocol ?? '',
    tags,
  };
}

function healthCheck(from: TargetGroup): HealthCheckSpec {
  const protocol = from.HealthCheckProtocol;
  const spec = {
    protocol: protocol === 'HTTP' || protocol === 'HTTPS' || protocol === 'TCP' ? protocol : undefined,
    path: from.HealthCheckPath,
    port: from.HealthCheckPort,
    intervalSeconds: from.HealthCheckIntervalSeconds,
    timeoutSeconds: from.HealthCheckTimeoutSeconds,
    healthyThreshold: from.HealthyThresholdCount,
    unhealthyThreshold: from.UnhealthyThresholdCount,
    matcher: from.Matcher?.HttpCode ?? from.Matcher?.GrpcCode,
  };
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
}

async function tagsOfOne(call: AwsCall, arn: string): Promise<Tags> {
  const found = (await readTags(call, [arn])).get(arn) ?? unreadableReply('DescribeTags', arn, 'tags of it');
  if (found instanceof ExternalFailure) throw found;
  return found.tags;
}
