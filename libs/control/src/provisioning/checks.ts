import { unsafeWeights, type Weights } from '@sluice/domain';
import type { HealthCheckSpec } from '../ports/load-balancer.js';
import { Checks } from '../resources/checks.js';
import type { ProvisionedResource } from '../resources/types.js';
import type {
  Adopt,
  ProvisionListener,
  ProvisionLoadBalancer,
  ProvisionRule,
  ProvisionTargetGroup,
} from './provisioning.js';

const protocols = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP'];
const resourceOf: Readonly<Record<ProvisionedResource['kind'], RegExp>> = {
  loadBalancer: /:loadbalancer\/(app|net)\//,
  targetGroup: /:targetgroup\//,
  listener: /:listener\//,
  rule: /:listener-rule\//,
};

export function checkLoadBalancer(input: ProvisionLoadBalancer): void {
  const checks = new Checks();
  awsName(checks, input.name);
  if (typeof input.name === 'string' && input.name.startsWith('internal-'))
    checks.fail('name', 'must not start with internal-: AWS keeps that for itself');
  if (input.type !== undefined) checks.oneOf('type', input.type, ['application', 'network']);
  checks.oneOf('scheme', input.scheme, ['internet-facing', 'internal']);
  list(
    checks,
    'subnets',
    input.subnets,
    input.type === 'network' ? 1 : 2,
    20,
    /^subnet-[0-9a-z]+$/,
    'must be a subnet id',
  );
  list(checks, 'securityGroups', input.securityGroups, 0, 5, /^sg-[0-9a-z]+$/, 'must be a security group id');
  checks.done();
}

export function checkTargetGroup(input: ProvisionTargetGroup): void {
  const checks = new Checks();
  awsName(checks, input.name);
  checks.oneOf('protocol', input.protocol, protocols);
  checks.number('port', input.port, 1, 65_535);
  checks.oneOf('targetType', input.targetType, ['ip', 'instance']);
  checks.line('vpcId', input.vpcId, 64, /^vpc-[0-9a-z]+$/, 'must be a VPC id');
  if (input.healthCheck !== undefined) healthCheck(checks, input.healthCheck);
  checks.done();
}

export function checkListener(input: ProvisionListener): void {
  const checks = new Checks();
  checks.line('loadBalancerArn', input.loadBalancerArn, 512, resourceOf.loadBalancer, "must be a load balancer's ARN");
  checks.number('port', input.port, 1, 65_535);
  checks.oneOf('protocol', input.protocol, protocols);
  if (input.certificateArn !== undefined) checks.arn('certificateArn', input.certificateArn);
  else if (['HTTPS', 'TLS'].includes(input.protocol)) checks.fail('certificateArn', `is needed for ${input.protocol}`);
  weightsOf(checks, input.weights);
  checks.done();
}

export function checkRule(input: ProvisionRule): void {
  const checks = new Checks();
  checks.line('listenerArn', input.listenerArn, 512, resourceOf.listener, "must be a listener's ARN");
  checks.number('priority', input.priority, 1, 50_000);
  const { hosts = [], paths = [] } = input.conditions;
  if (hosts.length + paths.length < 1 || hosts.length + paths.length > 5)
    checks.fail('conditions', 'must have 1 to 5 hosts and paths: AWS takes 5 values in a rule');
  hosts.forEach((host, i) => checks.line(`conditions.hosts.${i}`, host, 128));
  paths.forEach((path, i) => checks.line(`conditions.paths.${i}`, path, 128));
  weightsOf(checks, input.weights);
  checks.done();
}

export function checkAdopt(input: Adopt, kind: ProvisionedResource['kind']): void {
  const checks = new Checks();
  checks.line(
    'arn',
    input.arn,
    512,
    resourceOf[kind],
    `must be the ARN of a ${kind === 'loadBalancer' ? 'load balancer' : 'target group'}`,
  );
  checks.done();
}

// aws-and-lbc §4.5
function awsName(checks: Checks, name: string): void {
  checks.line(
    'name',
    name,
    32,
    /^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/,
    'must be 1–32 letters, digits and -, not starting or ending with -',
  );
}

function list(
  checks: Checks,
  field: string,
  values: readonly string[],
  min: number,
  max: number,
  pattern: RegExp,
  expected: string,
): void {
  if (values.length < min || values.length > max || new Set(values).size !== values.length)
    checks.fail(field, `must be ${min}–${max} different ones`);
  values.forEach((value, i) => checks.line(`${field}.${i}`, value, 64, pattern, expected));
}

function weightsOf(checks: Checks, weights: Weights): void {
  weights.forEach((one, i) => checks.arn(`weights.${i}.targetGroupArn`, one.targetGroupArn));
  const unsafe = unsafeWeights(weights);
  if (unsafe !== null) checks.fail('weights', unsafe);
}

function healthCheck(checks: Checks, spec: HealthCheckSpec): void {
  const at = (field: keyof HealthCheckSpec) => `healthCheck.${field}`;
  if (spec.protocol !== undefined) checks.oneOf(at('protocol'), spec.protocol, ['HTTP', 'HTTPS', 'TCP']);
  if (spec.path !== undefined) checks.line(at('path'), spec.path, 1024, /^\/\S*$/, 'must start with /');
  if (spec.port !== undefined)
    checks.line(at('port'), spec.port, 12, /^(traffic-port|\d{1,5})$/, 'must be traffic-port or a port');
  const ranges = {
    intervalSeconds: [5, 300],
    timeoutSeconds: [2, 120],
    healthyThreshold: [2, 10],
    unhealthyThreshold: [2, 10],
  } as const;
  for (const [field, [min, max]] of Object.entries(ranges)) {
    const value = spec[field as keyof typeof ranges];
    if (value !== undefined) checks.number(`healthCheck.${field}`, value, min, max);
  }
  if (spec.matcher !== undefined)
    checks.line(at('matcher'), spec.matcher, 64, /^[0-9]{3}([-,][0-9]{3})*$/, 'must be HTTP codes such as 200-299');
}
