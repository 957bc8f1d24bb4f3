import type { TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import { allowed, denied, portProblem, type ReviewRequest, type Verdict } from './admission-review.js';
import type { BindingSpec } from './binding.js';
import { quoteAwsError, type TargetGroups } from './target-groups.js';

/** The mutating webhook: on create it finds the target group and fills in what the binding leaves to it. */
export class Mutator {
  constructor(private readonly targetGroups: TargetGroups) {}

  async review({ operation, object }: ReviewRequest): Promise<Verdict> {
    const problem = portProblem(object);
    if (problem !== undefined) return { kind: 'Unreadable', message: problem };
    if (operation !== 'CREATE' || object === null) return allowed;
    const { spec } = object;
    if (!spec.targetGroupARN && !spec.targetGroupName)
      return denied('must provide either TargetGroupARN or TargetGroupName');
    const found = await this.find(spec);
    if (typeof found === 'string') return denied(found);
    return { kind: 'Allowed', patch: defaultsFor(spec, found) };
  }

  private async find(spec: BindingSpec): Promise<TargetGroup | string> {
    const query = spec.targetGroupARN ? { arn: spec.targetGroupARN } : { name: spec.targetGroupName ?? '' };
    try {
      const groups = await this.targetGroups.describe(query);
      const [group] = groups;
      if (group !== undefined && groups.length === 1) return group;
      return `expecting a single targetGroup with query [${Object.values(query)[0] ?? ''}] but got ${groups.length}`;
    } catch (error) {
      return quoteAwsError(error, 'DescribeTargetGroups');
    }
  }
}

function defaultsFor(spec: BindingSpec, group: TargetGroup): Record<string, string> {
  const filled: Record<string, string> = {};
  const fill = (field: keyof BindingSpec, value: string | undefined): void => {
    if (!spec[field] && value) filled[field] = value;
  };
  fill('targetGroupARN', group.TargetGroupArn);
  fill('targetType', group.TargetType);
  fill('ipAddressType', group.IpAddressType ?? 'ipv4');
  fill('vpcID', group.VpcId);
  fill('targetGroupProtocol', group.Protocol);
  return filled;
}
