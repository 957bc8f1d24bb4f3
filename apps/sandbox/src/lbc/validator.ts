import type { TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { allowed, denied, portProblem, type ReviewRequest, type Verdict } from './admission-review.js';
import { nameOf, type Binding, type BindingSpec } from './binding.js';
import { quoteAwsError, type TargetGroups } from './target-groups.js';

const vpcPattern = /^(?:vpc-[0-9a-f]{8}|vpc-[0-9a-f]{17}|vpc-[0-9a-f]{32})$/;

/** The validating webhook, check by check in the controller's order; the first that fails gives the message. */
export class Validator {
  constructor(
    private readonly targetGroups: TargetGroups,
    private readonly listBindings: () => Promise<Binding[]>,
  ) {}

  async review({ operation, object, oldObject }: ReviewRequest): Promise<Verdict> {
    const problem = portProblem(object);
    if (problem !== undefined) return { kind: 'Unreadable', message: problem };
    if (object === null) return allowed;
    const message =
      operation === 'CREATE'
        ? await this.refusalOfCreate(object)
        : operation === 'UPDATE' && oldObject
          ? await this.refusalOfUpdate(object, oldObject)
          : undefined;
    return message === undefined ? allowed : denied(message);
  }

  private async refusalOfCreate(binding: Binding): Promise<string | undefined> {
    const { spec } = binding;
    const early = missingFields(spec) ?? nodeSelectorMisplaced(spec) ?? (await this.alreadyBound(binding));
    if (early !== undefined) return early;
    const group = await this.describe(spec.targetGroupARN ?? '');
    if (typeof group === 'string') return group;
    return (
      wrongIpAddressType(spec, group) ?? wrongVpc(spec, group) ?? instanceWithRole(spec) ?? wrongProtocol(spec, group)
    );
  }

  private async refusalOfUpdate(binding: Binding, before: Binding): Promise<string | undefined> {
    const { spec } = binding;
    return (
      missingFields(spec) ??
      changedImmutable(spec, before.spec) ??
      nodeSelectorMisplaced(spec) ??
      (await this.alreadyBound(binding)) ??
      instanceWithRole(spec)
    );
  }

  private async alreadyBound(binding: Binding): Promise<string | undefined> {
    const arn = binding.spec.targetGroupARN ?? '';
    const others = (await this.listBindings()).filter(
      (other) => other.spec.targetGroupARN === arn && other.metadata.uid !== binding.metadata.uid,
    );
    const isShared =
      binding.spec.multiClusterTargetGroup === true &&
      others.every((other) => other.spec.multiClusterTargetGroup === true);
    if (others.length === 0 || isShared) return undefined;
    return `TargetGroup ${arn} is already bound to following TargetGroupBindings [${others.map(nameOf).join(' ')}]. Please enable MultiCluster mode on all TargetGroupBindings referencing ${arn} or choose a different Target Group ARN.`;
  }

  private async describe(arn: string): Promise<TargetGroup | string> {
    try {
      const groups = await this.targetGroups.describe({ arn });
      const [group] = groups;
      return group !== undefined && groups.length === 1
        ? group
        : `expecting a single targetGroup with query [${arn}] but got ${groups.length}`;
    } catch (error) {
      return quoteAwsError(error, 'DescribeTargetGroups');
    }
  }
}

function missingFields(spec: BindingSpec): string | undefined {
  const absent = [
    ...(spec.targetGroupARN || spec.targetGroupName ? [] : ['either TargetGroupARN or TargetGroupName']),
    ...(spec.targetType ? [] : ['spec.targetType']),
  ];
  return absent.length === 0 ? undefined : `TargetGroupBinding must specify these fields: ${absent.join(',')}`;
}

function nodeSelectorMisplaced(spec: BindingSpec): string | undefined {
  return spec.nodeSelector && spec.targetType === 'ip'
    ? 'TargetGroupBinding cannot set NodeSelector when TargetType is ip'
    : undefined;
}

function wrongIpAddressType(spec: BindingSpec, group: TargetGroup): string | undefined {
  const actual = group.IpAddressType ?? 'ipv4';
  return spec.ipAddressType && spec.ipAddressType !== actual
    ? `invalid IP address type ${spec.ipAddressType} for TargetGroup ${group.TargetGroupArn ?? ''}`
    : undefined;
}

function wrongVpc(spec: BindingSpec, group: TargetGroup): string | undefined {
  if (!spec.vpcID) return undefined;
  if (!vpcPattern.test(spec.vpcID)) {
    return `ValidationError: vpcID ${spec.vpcID} failed to satisfy constraint: VPC Id must begin with 'vpc-' followed by 8, 17 or 32 lowercase letters (a-f) or numbers.`;
  }
  return spec.vpcID === group.VpcId
    ? undefined
    : `invalid VpcID ${spec.vpcID} doesnt match VpcID from TargetGroup ${group.TargetGroupArn ?? ''}`;
}

function instanceWithRole(spec: BindingSpec): string | undefined {
  return spec.iamRoleArnToAssume && spec.targetType === 'instance'
    ? 'Unable to use instance target type while using assume role'
    : undefined;
}

function wrongProtocol(spec: BindingSpec, group: TargetGroup): string | undefined {
  const { targetGroupProtocol: protocol } = spec;
  if (!protocol) return undefined;
  if (protocol !== group.Protocol)
    return `TargetGroup ${group.TargetGroupArn ?? ''} protocol differs (got ${protocol}, expected ${group.Protocol ?? ''})`;
  return protocol.includes('QUIC') && spec.targetType === 'instance'
    ? 'QUIC protocol is not supported for Instance target types.'
    : undefined;
}

function changedImmutable(spec: BindingSpec, before: BindingSpec): string | undefined {
  const changed = [
    ...(spec.targetGroupARN !== before.targetGroupARN ? ['spec.targetGroupARN'] : []),
    ...(spec.targetType !== before.targetType ? ['spec.targetType'] : []),
    ...(spec.ipAddressType !== before.ipAddressType &&
    !(before.ipAddressType === undefined && spec.ipAddressType === 'ipv4')
      ? ['spec.ipAddressType']
      : []),
    ...(before.vpcID && spec.vpcID !== before.vpcID ? ['spec.vpcID'] : []),
  ];
  return changed.length === 0
    ? undefined
    : `TargetGroupBinding update may not change these immutable fields: ${changed.join(',')}`;
}
