import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  type ProtocolEnum,
  type RuleCondition,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  ExternalFailure,
  type CreateLoadBalancer,
  type CreateTargetGroup,
  type HealthCheckSpec,
  type ListenerDescription,
  type LoadBalancerDescription,
  type RuleConditions,
  type TargetGroupDescription,
} from '@sluice/control';
import type { Weights } from '@sluice/domain';
import type { AwsCall } from '../clients/aws-call.js';
import { forwardTo } from '../routes/forward-action.js';
import { refuseUnsafe } from '../routes/route-writer.js';
import { toTags } from '../tags.js';
import { listener, loadBalancer, only, targetGroup } from './descriptions.js';

type Tags = Readonly<Record<string, string>>;

export interface ListenerSpec {
  readonly loadBalancerArn: string;
  readonly port: number;
  readonly protocol: string;
  readonly certificateArn?: string;
  readonly weights: Weights;
  readonly tags: Tags;
}

export interface RuleSpec {
  readonly listenerArn: string;
  readonly priority: number;
  readonly conditions: RuleConditions;
  readonly weights: Weights;
  readonly tags: Tags;
}

export async function createLoadBalancer(call: AwsCall, spec: CreateLoadBalancer): Promise<LoadBalancerDescription> {
  const command = new CreateLoadBalancerCommand({
    Name: spec.name,
    Type: spec.type,
    Scheme: spec.scheme,
    Subnets: [...spec.subnets],
    ...(spec.securityGroups.length > 0 && { SecurityGroups: [...spec.securityGroups] }),
    Tags: toTags(spec.tags),
  });
  const reply = await call.write('CreateLoadBalancer', spec.name, (client, http) => client.send(command, http));
  return loadBalancer(only(reply.LoadBalancers, 'CreateLoadBalancer', spec.name), spec.tags);
}

export async function createTargetGroup(call: AwsCall, spec: CreateTargetGroup): Promise<TargetGroupDescription> {
  const command = new CreateTargetGroupCommand({
    Name: spec.name,
    Protocol: protocol(spec.protocol),
    Port: spec.port,
    TargetType: spec.targetType,
    VpcId: spec.vpcId,
    ...healthCheck(spec.healthCheck),
    Tags: toTags(spec.tags),
  });
  const reply = await call.write('CreateTargetGroup', spec.name, (client, http) => client.send(command, http));
  return targetGroup(only(reply.TargetGroups, 'CreateTargetGroup', spec.name), spec.tags);
}

export async function createListener(call: AwsCall, spec: ListenerSpec): Promise<ListenerDescription> {
  const subject = `port ${spec.port} of ${spec.loadBalancerArn}`;
  refuseUnsafe(subject, spec.weights);
  const command = new CreateListenerCommand({
    LoadBalancerArn: spec.loadBalancerArn,
    Port: spec.port,
    Protocol: protocol(spec.protocol),
    ...(spec.certificateArn !== undefined && { Certificates: [{ CertificateArn: spec.certificateArn }] }),
    DefaultActions: [forwardTo(spec.weights)],
    Tags: toTags(spec.tags),
  });
  const reply = await call.write('CreateListener', subject, (client, http) => client.send(command, http));
  return listener(only(reply.Listeners, 'CreateListener', subject), spec.tags);
}

export async function createRule(call: AwsCall, spec: RuleSpec): Promise<{ arn: string }> {
  const subject = `priority ${spec.priority} of ${spec.listenerArn}`;
  refuseUnsafe(subject, spec.weights);
  const command = new CreateRuleCommand({
    ListenerArn: spec.listenerArn,
    Priority: spec.priority,
    Conditions: conditions(subject, spec.conditions),
    Actions: [forwardTo(spec.weights)],
    Tags: toTags(spec.tags),
  });
  const reply = await call.write('CreateRule', subject, (client, http) => client.send(command, http));
  return { arn: only(reply.Rules, 'CreateRule', subject).RuleArn ?? '' };
}

function conditions(subject: string, { hosts = [], paths = [] }: RuleConditions): RuleCondition[] {
  const list: RuleCondition[] = [];
  if (hosts.length > 0) list.push({ Field: 'host-header', HostHeaderConfig: { Values: [...hosts] } });
  if (paths.length > 0) list.push({ Field: 'path-pattern', PathPatternConfig: { Values: [...paths] } });
  if (list.length > 0) return list;
  throw new ExternalFailure({
    system: 'aws',
    kind: 'terminal',
    code: 'NoConditions',
    message: `A rule needs at least one host or path; the one at ${subject} has none. Traffic without a condition belongs to the listener’s default action.`,
  });
}

function healthCheck(spec: HealthCheckSpec): Partial<CreateTargetGroupCommandInput> {
  return {
    HealthCheckProtocol: spec.protocol,
    HealthCheckPath: spec.path,
    HealthCheckPort: spec.port,
    HealthCheckIntervalSeconds: spec.intervalSeconds,
    HealthCheckTimeoutSeconds: spec.timeoutSeconds,
    HealthyThresholdCount: spec.healthyThreshold,
    UnhealthyThresholdCount: spec.unhealthyThreshold,
    ...(spec.matcher !== undefined && { Matcher: { HttpCode: spec.matcher } }),
  };
}

/** AWS says which protocols there are; the SDK's list would only be older. */
function protocol(name: string): ProtocolEnum {
  return name as ProtocolEnum;
}
