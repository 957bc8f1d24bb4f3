import { randomBytes } from 'node:crypto';
import { AwsError, validationError } from './aws-error.js';
import type { Listener, LoadBalancer, RegionState, Rule, TargetGroup } from './model.js';

/** Sixteen hex digits, as at the end of ELBv2's ARNs. */
export function newId(): string {
  return randomBytes(8).toString('hex');
}

const forms = {
  loadBalancer: /^arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:loadbalancer\/(app|net|gwy)\/[^/]+\/[0-9a-f]+$/,
  targetGroup: /^arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:targetgroup\/[^/]+\/[0-9a-f]+$/,
  listener: /^arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:listener\/(app|net|gwy)\/[^/]+\/[0-9a-f]+\/[0-9a-f]+$/,
  rule: /^arn:aws[\w-]*:elasticloadbalancing:[\w-]+:\d{12}:listener-rule\/(app|net|gwy)\/[^/]+\/[0-9a-f]+\/[0-9a-f]+\/[0-9a-f]+$/,
};
const spoken = {
  loadBalancer: 'load balancer',
  targetGroup: 'target group',
  listener: 'listener',
  rule: 'listener rule',
};

export type ArnKind = keyof typeof forms;

/** Which kind of thing an ARN names, or undefined if it is none of ELBv2's. */
export function arnKind(arn: string): ArnKind | undefined {
  return (Object.keys(forms) as ArnKind[]).find((kind) => forms[kind].test(arn));
}

/** Refuses an ARN of another form with ValidationError. */
export function checkArn(kind: ArnKind, arn: string): void {
  if (!forms[kind].test(arn)) throw validationError(`'${arn}' is not a valid ${spoken[kind]} ARN`);
}

/** Each finder answers the thing, or throws the `…NotFound` of its kind. */
export function findLoadBalancer(region: RegionState, arn: string): LoadBalancer {
  checkArn('loadBalancer', arn);
  return region.loadBalancers[arn] ?? missing('LoadBalancerNotFound', `Load balancer '${arn}' not found`);
}

export function findTargetGroup(region: RegionState, arn: string): TargetGroup {
  checkArn('targetGroup', arn);
  return region.targetGroups[arn] ?? missing('TargetGroupNotFound', `One or more target groups not found: '${arn}'`);
}

export function findListener(region: RegionState, arn: string): Listener {
  checkArn('listener', arn);
  return region.listeners[arn] ?? missing('ListenerNotFound', `One or more listeners not found: '${arn}'`);
}

/** A created rule, or the listener whose default rule the ARN names. */
export function findRule(region: RegionState, arn: string): { rule: Rule } | { defaultOf: Listener } {
  checkArn('rule', arn);
  const rule = region.rules[arn];
  if (rule !== undefined) return { rule };
  const listener = Object.values(region.listeners).find((candidate) => candidate.defaultRuleArn === arn);
  return listener === undefined
    ? missing('RuleNotFound', `One or more rules not found: '${arn}'`)
    : { defaultOf: listener };
}

function missing(code: string, message: string): never {
  throw new AwsError(code, message);
}
