import type { Weights } from '@sluice/domain';
import type { Caller } from '../context.js';
import type { HealthCheckSpec, RuleConditions } from '../ports/load-balancer.js';
import type { MutationOptions } from '../resources/options.js';
import type { Page, PageRequest, ProvisionedResource } from '../resources/types.js';

interface InAccount {
  readonly projectId: string;
  readonly accountId: string;
}
export interface ProvisionLoadBalancer extends InAccount {
  readonly name: string;
  /** Default `application`. */
  readonly type?: 'application' | 'network';
  readonly scheme: 'internet-facing' | 'internal';
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}
export interface ProvisionTargetGroup extends InAccount {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
  readonly targetType: 'ip' | 'instance';
  readonly vpcId: string;
  readonly healthCheck?: HealthCheckSpec;
  /** The cluster whose pods will be in it; an EKS Auto Mode cluster needs a tag with its name. */
  readonly clusterId?: string;
}
export interface ProvisionListener extends InAccount {
  readonly loadBalancerArn: string;
  readonly port: number;
  readonly protocol: string;
  readonly certificateArn?: string;
  readonly weights: Weights;
}
export interface ProvisionRule extends InAccount {
  readonly listenerArn: string;
  /** 1–50000. */
  readonly priority: number;
  readonly conditions: RuleConditions;
  readonly weights: Weights;
}
export interface Adopt extends InAccount {
  readonly arn: string;
}

export interface CleanUpReport {
  readonly dryRun: boolean;
  /** In the order they went (or would go). */
  readonly removed: readonly { readonly kind: ProvisionedResource['kind']; readonly arn: string }[];
  readonly left: readonly { readonly kind: ProvisionedResource['kind']; readonly arn: string; readonly reason: string; readonly message: string }[];
}

export class Provisioning {
  createLoadBalancer(_caller: Caller, _input: ProvisionLoadBalancer, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  adoptLoadBalancer(_caller: Caller, _input: Adopt, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  createTargetGroup(_caller: Caller, _input: ProvisionTargetGroup, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  adoptTargetGroup(_caller: Caller, _input: Adopt, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  createListener(_caller: Caller, _input: ProvisionListener, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  createRule(_caller: Caller, _input: ProvisionRule, _options: MutationOptions = {}): Promise<ProvisionedResource> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId: string }, _page: PageRequest): Promise<Page<ProvisionedResource>> { throw new Error('being written'); }
  /** Removes exactly what we created, in safe order: rule, listener, target group, load balancer. Says what it left and why. */
  cleanUp(_caller: Caller, _projectId: string, _options: MutationOptions = {}): Promise<CleanUpReport> { throw new Error('being written'); }
}
