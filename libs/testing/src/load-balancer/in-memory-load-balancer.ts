import {
  LoadBalancer,
  type ActionRead,
  type ActionsRequest,
  type AwsAccess,
  type AwsIdentity,
  type CallOptions,
  type CreateLoadBalancer,
  type CreateTargetGroup,
  type ExternalFailureLike,
  type ListenerDescription,
  type LoadBalancerDescription,
  type OwnedRoute,
  type RouteRead,
  type RuleConditions,
  type TargetGroupDescription,
  type WriteBase,
  type WriteOutcome,
} from '@sluice/control';
import {
  sortWeights,
  unsafeWeights,
  type ForwardAction,
  type Ownership,
  type TaggedResource,
  type TargetHealth,
  type Weights,
} from '@sluice/domain';
import { InMemoryFaults, refusal } from './in-memory-faults.js';
import { actionIn, InMemoryReads, orFailure } from './in-memory-reads.js';
import { healthOf, InMemoryWorld, kindOf, type HealthCounts } from './in-memory-world.js';

type Tags = Readonly<Record<string, string>>;

/** One write that was tried, in order. `dropped`: it took effect and the caller does not know. */
export interface RecordedWrite {
  readonly routeArn: string;
  readonly before: Weights;
  readonly after: Weights;
  readonly outcome: 'applied' | 'failed' | 'dropped';
}

/** A route to start a test with. Target groups that do not exist yet come with two healthy targets. */
export interface NewRoute {
  readonly weights: Weights;
  /** Default: a new listener's default action; `rule` puts a rule on a new listener. */
  readonly kind?: 'default' | 'rule';
  readonly tags?: Tags;
  readonly action?: Partial<Omit<ForwardAction, 'weights'>>;
}

const someLoadBalancer = {
  type: 'application',
  scheme: 'internal',
  subnets: [],
  securityGroups: [],
  tags: {},
} as const;
const someTargetGroup = {
  protocol: 'HTTP',
  port: 80,
  targetType: 'ip',
  vpcId: 'vpc-00000001',
  healthCheck: {},
  tags: {},
} as const;
const plain = { stickiness: { enabled: false }, otherActions: [] } as const;

/** The load balancer port in memory, for tests of what stands on it. One world, whatever access is given. */
export class InMemoryLoadBalancer extends LoadBalancer {
  readonly faults = new InMemoryFaults();
  readonly world = new InMemoryWorld();
  /** Every call of `writeWeights` that passed its own checks. */
  readonly writes: RecordedWrite[] = [];
  private readonly reads = new InMemoryReads(this.world, this.faults);

  /** A route that is simply there, on a load balancer of its own unless a target group already serves one. Answers its ARN. */
  addRoute({ weights, kind = 'default', tags = {}, action = {} }: NewRoute): string {
    const serving = weights.flatMap(({ targetGroupArn }) => this.world.loadBalancersOf(targetGroupArn))[0];
    const loadBalancerArn =
      serving ?? this.world.putLoadBalancer({ ...someLoadBalancer, name: `lb-${this.world.loadBalancers.size}` }).arn;
    for (const { targetGroupArn } of weights) {
      if (this.world.targetGroups.has(targetGroupArn)) continue;
      this.world.putTargetGroup(
        { ...someTargetGroup, name: targetGroupArn.split('/')[1] ?? targetGroupArn },
        targetGroupArn,
      );
      this.setHealth(targetGroupArn, { healthy: 2 });
    }
    const forward: ForwardAction = { ...plain, ...action, weights: sortWeights(weights) };
    const onDefault = kind === 'default';
    const port =
      80 + [...this.world.listeners.values()].filter((one) => one.loadBalancerArn === loadBalancerArn).length;
    const listener = this.world.putListener({
      loadBalancerArn,
      port,
      protocol: 'HTTP',
      action: onDefault ? forward : null,
      tags: onDefault ? tags : {},
    });
    if (onDefault) return listener.arn;
    return this.world.putRule({
      listenerArn: listener.arn,
      priority: 1,
      conditions: { paths: ['/*'] },
      action: forward,
      tags,
    }).arn;
  }

  /** Sets the counts of one target group; what is not named is 0. */
  setHealth(targetGroupArn: string, health: HealthCounts): void {
    this.world.targetGroups.set(targetGroupArn, { ...this.world.targetGroup(targetGroupArn), health });
  }

  /** Somebody else changes a route behind our back; null takes its forward action away. */
  editByConsole(routeArn: string, edit: Partial<ForwardAction> | null): void {
    const before = this.world.route(routeArn).action ?? { ...plain, weights: [] };
    this.world.setAction(routeArn, edit === null ? null : { ...before, ...edit });
  }

  /** The weights as they are, whatever the faults: for the assertions of a test. */
  weightsOf(routeArn: string): Weights {
    return this.world.route(routeArn).action?.weights ?? [];
  }

  /** From now on reads of routes show the present state, until `freshReads`. */
  staleReads(): void {
    this.reads.freeze();
  }

  freshReads(): void {
    this.reads.thaw();
  }

  async check(
    _access: AwsAccess,
    options?: CallOptions,
  ): Promise<{ accountId: string; arn: string; loadBalancers: number }> {
    await this.faults.beforeRead('GetCallerIdentity', options);
    return {
      accountId: '000000000000',
      arn: 'arn:aws:iam::000000000000:user/in-memory',
      loadBalancers: this.world.loadBalancers.size,
    };
  }

  async identity(_access: AwsAccess, options?: CallOptions): Promise<AwsIdentity> {
    await this.faults.beforeRead('GetCallerIdentity', options);
    return {
      partition: 'aws',
      accountNumber: '000000000000',
      arn: 'arn:aws:iam::000000000000:user/in-memory',
    };
  }

  async readActions(
    _access: AwsAccess,
    request: ActionsRequest,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ActionRead | ExternalFailureLike>> {
    return this.reads.actions(request, options);
  }

  async ownershipOfRoutes(
    _access: AwsAccess,
    routes: readonly OwnedRoute[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, Ownership | ExternalFailureLike>> {
    return this.reads.owners(routes, options);
  }

  async readRoute(_access: AwsAccess, routeArn: string, options?: CallOptions): Promise<RouteRead> {
    await this.faults.beforeRead('DescribeRules', options);
    return this.reads.route(routeArn);
  }

  async readRoutes(
    _access: AwsAccess,
    routeArns: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, RouteRead | ExternalFailureLike>> {
    await this.faults.beforeRead('DescribeRules', options);
    return new Map(routeArns.map((arn) => [arn, orFailure(() => this.reads.route(arn))]));
  }

  async writeWeights(
    _access: AwsAccess,
    { routeArn, document, ownership }: WriteBase,
    weights: Weights,
    options?: CallOptions,
  ): Promise<WriteOutcome> {
    refuseUnsafe(routeArn, weights);
    if (ownership?.kind === 'continuous') throw refusal('OwnedByController', `${ownership.owner} owns ${routeArn}.`);
    const action = actionIn(routeArn, document);
    const before = this.weightsOf(routeArn);
    const record = (outcome: RecordedWrite['outcome']): unknown =>
      this.writes.push({ routeArn, before, after: sortWeights(weights), outcome });
    try {
      await this.faults.beforeWrite(kindOf(routeArn) === 'rule' ? 'ModifyRule' : 'ModifyListener', options);
      this.world.setAction(routeArn, { ...action, weights: sortWeights(weights) });
    } catch (error) {
      record('failed');
      throw error;
    }
    record(this.faults.dropReply > 0 ? 'dropped' : 'applied');
    this.faults.afterWrite('ModifyRule');
    const live = this.reads.liveAction(routeArn);
    return { verified: true, unverified: null, live, requestId: `in-memory-${this.writes.length}` };
  }

  async targetHealth(_access: AwsAccess, targetGroupArn: string, options?: CallOptions): Promise<TargetHealth> {
    await this.faults.beforeRead('DescribeTargetHealth', options);
    return healthOf(targetGroupArn, this.world.targetGroup(targetGroupArn).health);
  }

  async tagsOf(_access: AwsAccess, arns: readonly string[], options?: CallOptions): Promise<readonly TaggedResource[]> {
    await this.faults.beforeRead('DescribeTags', options);
    return [...new Set(arns)].map((arn) => this.world.tagged(arn));
  }

  async describeLoadBalancer(_access: AwsAccess, arn: string, options?: CallOptions): Promise<LoadBalancerDescription> {
    await this.faults.beforeRead('DescribeLoadBalancers', options);
    return this.world.loadBalancer(arn);
  }

  async describeTargetGroup(_access: AwsAccess, arn: string, options?: CallOptions): Promise<TargetGroupDescription> {
    await this.faults.beforeRead('DescribeTargetGroups', options);
    const { health: _health, deregistrationDelayMs: _delay, ...described } = this.world.targetGroup(arn);
    return { ...described, loadBalancerArns: this.world.loadBalancersOf(arn) };
  }

  async describeListener(_access: AwsAccess, arn: string, options?: CallOptions): Promise<ListenerDescription> {
    await this.faults.beforeRead('DescribeListeners', options);
    const { action: _action, ...described } = this.world.listener(arn);
    return described;
  }

  async partsOf(_access: AwsAccess, arn: string, options?: CallOptions): Promise<readonly string[]> {
    await this.faults.beforeRead('DescribeListeners', options);
    const { listeners, rules } = this.world;
    if (listeners.has(arn)) return [...rules.values()].filter((one) => one.listenerArn === arn).map((one) => one.arn);
    this.world.loadBalancer(arn);
    return [...listeners.values()].filter((one) => one.loadBalancerArn === arn).map((one) => one.arn);
  }

  createLoadBalancer(
    _access: AwsAccess,
    spec: CreateLoadBalancer,
    options?: CallOptions,
  ): Promise<LoadBalancerDescription> {
    return this.change('CreateLoadBalancer', options, () => this.world.putLoadBalancer(spec));
  }

  async createTargetGroup(
    access: AwsAccess,
    spec: CreateTargetGroup,
    options?: CallOptions,
  ): Promise<TargetGroupDescription> {
    const { arn } = await this.change('CreateTargetGroup', options, () => this.world.putTargetGroup(spec));
    return this.describeTargetGroup(access, arn);
  }

  async createListener(
    access: AwsAccess,
    {
      loadBalancerArn,
      port,
      protocol,
      weights,
      tags,
    }: { loadBalancerArn: string; port: number; protocol: string; weights: Weights; tags: Tags },
    options?: CallOptions,
  ): Promise<ListenerDescription> {
    refuseUnsafe(loadBalancerArn, weights);
    const action = { ...plain, weights: sortWeights(weights) };
    const { arn } = await this.change('CreateListener', options, () =>
      this.world.putListener({ loadBalancerArn, port, protocol, action, tags }),
    );
    return this.describeListener(access, arn);
  }

  async createRule(
    _access: AwsAccess,
    {
      weights,
      ...spec
    }: { listenerArn: string; priority: number; conditions: RuleConditions; weights: Weights; tags: Tags },
    options?: CallOptions,
  ): Promise<{ arn: string }> {
    refuseUnsafe(spec.listenerArn, weights);
    const action = { ...plain, weights: sortWeights(weights) };
    const { arn } = await this.change('CreateRule', options, () => this.world.putRule({ ...spec, action }));
    return { arn };
  }

  deleteRule(_access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return this.change('DeleteRule', options, () => void this.world.rules.delete(arn));
  }

  deleteListener(_access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return this.change('DeleteListener', options, () => this.world.deleteListener(arn));
  }

  deleteTargetGroup(_access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return this.change('DeleteTargetGroup', options, () => this.world.deleteTargetGroup(arn));
  }

  deleteLoadBalancer(_access: AwsAccess, arn: string, options?: CallOptions): Promise<void> {
    return this.change('DeleteLoadBalancer', options, () => this.world.deleteLoadBalancer(arn));
  }

  async deregistrationDelayMs(_access: AwsAccess, targetGroupArn: string, options?: CallOptions): Promise<number> {
    await this.faults.beforeRead('DescribeTargetGroupAttributes', options);
    return this.world.targetGroup(targetGroupArn).deregistrationDelayMs;
  }

  private async change<Made>(operation: string, options: CallOptions | undefined, apply: () => Made): Promise<Made> {
    await this.faults.beforeWrite(operation, options);
    const made = apply();
    this.faults.afterWrite(operation);
    return made;
  }
}

function refuseUnsafe(subject: string, weights: Weights): void {
  const reason = unsafeWeights(weights);
  if (reason !== null) throw refusal('UnsafeWeights', `Nothing was written to ${subject}: ${reason}.`);
}
