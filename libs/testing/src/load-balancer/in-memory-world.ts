import type {
  CreateLoadBalancer,
  CreateTargetGroup,
  ListenerDescription,
  LoadBalancerDescription,
  RuleConditions,
  TargetGroupDescription,
} from '@sluice/control';
import type { ForwardAction, TaggedResource, TargetHealth } from '@sluice/domain';
import { refusal } from './in-memory-faults.js';

type Tags = Readonly<Record<string, string>>;
export type HealthCounts = Partial<Omit<TargetHealth, 'targetGroupArn' | 'total'>>;

export interface StoredListener extends ListenerDescription {
  /** null = the listener answers by itself (fixed response, redirect). */
  readonly action: ForwardAction | null;
}

export interface StoredRule {
  readonly arn: string;
  readonly listenerArn: string;
  readonly priority: number;
  readonly conditions: RuleConditions;
  readonly action: ForwardAction | null;
  readonly tags: Tags;
}

export interface StoredTargetGroup extends TargetGroupDescription {
  readonly health: HealthCounts;
  readonly deregistrationDelayMs: number;
}

/** The resources behind an `InMemoryLoadBalancer`, with the relations that ELBv2 enforces between them. */
export class InMemoryWorld {
  readonly loadBalancers = new Map<string, LoadBalancerDescription>();
  readonly listeners = new Map<string, StoredListener>();
  readonly rules = new Map<string, StoredRule>();
  readonly targetGroups = new Map<string, StoredTargetGroup>();
  private made = 0;

  /** The resources as they are now. */
  copy(): InMemoryWorld {
    const copy = new InMemoryWorld();
    for (const [arn, one] of this.loadBalancers) copy.loadBalancers.set(arn, one);
    for (const [arn, one] of this.listeners) copy.listeners.set(arn, one);
    for (const [arn, one] of this.rules) copy.rules.set(arn, one);
    return copy;
  }

  putLoadBalancer(spec: CreateLoadBalancer): LoadBalancerDescription {
    const arn = this.newArn(`loadbalancer/${spec.type === 'network' ? 'net' : 'app'}/${spec.name}`);
    const made = { ...spec, arn, dnsName: `${spec.name}.elb.test`, vpcId: 'vpc-00000001', state: 'active' };
    this.loadBalancers.set(arn, made);
    return made;
  }

  /** `arn` for a target group that a test has already named. */
  putTargetGroup(spec: CreateTargetGroup, arn = this.newArn(`targetgroup/${spec.name}`)): StoredTargetGroup {
    const made = {
      ...spec,
      arn,
      ipAddressType: 'ipv4',
      loadBalancerArns: [],
      health: {},
      deregistrationDelayMs: 300_000,
    };
    this.targetGroups.set(arn, made);
    return made;
  }

  putListener(spec: Omit<StoredListener, 'arn'>): StoredListener {
    this.loadBalancer(spec.loadBalancerArn);
    const taken = [...this.listeners.values()].some(
      (one) => one.loadBalancerArn === spec.loadBalancerArn && one.port === spec.port,
    );
    if (taken)
      throw refusal('DuplicateListener', `${spec.loadBalancerArn} already has a listener on port ${spec.port}.`);
    this.checkTargetGroups(spec.loadBalancerArn, spec.action);
    const made = { ...spec, arn: this.newArn(spec.loadBalancerArn.replace(/^.*:loadbalancer/, 'listener')) };
    this.listeners.set(made.arn, made);
    return made;
  }

  putRule(spec: Omit<StoredRule, 'arn'>): StoredRule {
    const listener = this.listener(spec.listenerArn);
    const taken = [...this.rules.values()].some(
      (one) => one.listenerArn === spec.listenerArn && one.priority === spec.priority,
    );
    if (taken) throw refusal('PriorityInUse', `${spec.listenerArn} already has a rule of priority ${spec.priority}.`);
    this.checkTargetGroups(listener.loadBalancerArn, spec.action);
    const made = { ...spec, arn: this.newArn(spec.listenerArn.replace(/^.*:listener/, 'listener-rule')) };
    this.rules.set(made.arn, made);
    return made;
  }

  loadBalancer(arn: string): LoadBalancerDescription {
    return this.loadBalancers.get(arn) ?? missing('LoadBalancerNotFound', arn);
  }

  listener(arn: string): StoredListener {
    return this.listeners.get(arn) ?? missing('ListenerNotFound', arn);
  }

  rule(arn: string): StoredRule {
    return this.rules.get(arn) ?? missing('RuleNotFound', arn);
  }

  targetGroup(arn: string): StoredTargetGroup {
    return this.targetGroups.get(arn) ?? missing('TargetGroupNotFound', arn);
  }

  /** The listener a route stands on, and its action. */
  route(arn: string): {
    readonly listener: StoredListener;
    readonly rule: StoredRule | null;
    readonly action: ForwardAction | null;
  } {
    const kind = kindOf(arn);
    if (kind === 'listener') return { listener: this.listener(arn), rule: null, action: this.listener(arn).action };
    if (kind !== 'rule') throw refusal('InvalidArn', `${arn} is neither a listener nor a rule.`);
    const rule = this.rule(arn);
    return { listener: this.listener(rule.listenerArn), rule, action: rule.action };
  }

  setAction(routeArn: string, action: ForwardAction | null): void {
    const { listener, rule } = this.route(routeArn);
    this.checkTargetGroups(listener.loadBalancerArn, action);
    if (rule === null) this.listeners.set(routeArn, { ...listener, action });
    else this.rules.set(routeArn, { ...rule, action });
  }

  /** @throws ExternalFailure `TargetGroupNotFound` or `TargetGroupAssociationLimit` */
  checkTargetGroups(loadBalancerArn: string, action: ForwardAction | null): void {
    for (const { targetGroupArn } of action?.weights ?? []) {
      this.targetGroup(targetGroupArn);
      const elsewhere = this.loadBalancersOf(targetGroupArn).find((arn) => arn !== loadBalancerArn);
      if (elsewhere !== undefined)
        throw refusal('TargetGroupAssociationLimit', `${targetGroupArn} already serves ${elsewhere}.`);
    }
  }

  loadBalancersOf(targetGroupArn: string): string[] {
    const uses = (action: ForwardAction | null): boolean =>
      action?.weights.some((one) => one.targetGroupArn === targetGroupArn) ?? false;
    const byListener = [...this.listeners.values()]
      .filter(({ action }) => uses(action))
      .map((one) => one.loadBalancerArn);
    const byRule = [...this.rules.values()]
      .filter(({ action }) => uses(action))
      .map((one) => this.listener(one.listenerArn).loadBalancerArn);
    return [...new Set([...byListener, ...byRule])];
  }

  tagged(arn: string): TaggedResource {
    const kind = kindOf(arn);
    if (kind === 'loadBalancer') return { kind, arn, tags: this.loadBalancer(arn).tags };
    if (kind === 'listener') return { kind, arn, tags: this.listener(arn).tags };
    if (kind === 'rule') return { kind, arn, tags: this.rule(arn).tags };
    if (kind === 'targetGroup') return { kind, arn, tags: this.targetGroup(arn).tags };
    throw refusal('InvalidArn', `${arn} is not an ARN of ELBv2.`);
  }

  deleteTargetGroup(arn: string): void {
    if (this.loadBalancersOf(arn).length > 0) throw refusal('ResourceInUse', `${arn} is in use by a listener or rule.`);
    this.targetGroups.delete(arn);
  }

  deleteListener(arn: string): void {
    this.listeners.delete(arn);
    for (const rule of [...this.rules.values()]) if (rule.listenerArn === arn) this.rules.delete(rule.arn);
  }

  deleteLoadBalancer(arn: string): void {
    this.loadBalancers.delete(arn);
    for (const listener of [...this.listeners.values()])
      if (listener.loadBalancerArn === arn) this.deleteListener(listener.arn);
  }

  private newArn(resource: string): string {
    this.made += 1;
    return `arn:aws:elasticloadbalancing:eu-west-1:000000000000:${resource}/${this.made.toString(16).padStart(16, '0')}`;
  }
}

/** Health as the port gives it, from the counts that were set. */
export function healthOf(targetGroupArn: string, counts: HealthCounts): TargetHealth {
  const { healthy = 0, initial = 0, unhealthy = 0, draining = 0, unused = 0, unavailable = 0, reasons = {} } = counts;
  const total = healthy + initial + unhealthy + draining + unused + unavailable;
  return { targetGroupArn, healthy, initial, unhealthy, draining, unused, unavailable, total, reasons };
}

export function kindOf(arn: string): TaggedResource['kind'] | null {
  const resource = arn.split(':')[5]?.split('/')[0];
  if (resource === 'loadbalancer') return 'loadBalancer';
  if (resource === 'listener') return 'listener';
  if (resource === 'listener-rule') return 'rule';
  return resource === 'targetgroup' ? 'targetGroup' : null;
}

function missing(code: string, arn: string): never {
  throw refusal(code, `${arn} does not exist.`);
}
