import { findTargetGroup } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { type ActionHandler, type Call, describes, registers } from './call.js';
import type { RegionState, Target, TargetGroup } from './model.js';
import type { Params } from './params.js';
import { actionListsOf, attachments, targetGroupArnsOf } from './relations.js';
import { inCidr, ipv4, privateBlocks, subnets, vpcCidr, zoneOf } from './vpc.js';

const maxTargetsPerGroup = 1000;
const maxTargetsPerLoadBalancer = 1000;
const defaultDelaySeconds = 300;

interface Named {
  readonly id: string;
  readonly port: number;
  readonly availabilityZone?: string;
}

export function targetKey(target: { id: string; port: number }): string {
  return `${target.id}:${target.port}`;
}

function readTargets(params: Params, group: TargetGroup): Named[] {
  return (params.structs('Targets') ?? []).map((item) => ({
    id: item.required('Id'),
    port: item.integer('Port', 1, 65_535) ?? group.port,
    availabilityZone: item.string('AvailabilityZone'),
  }));
}

function registerTargets({ params, region, regionName }: Call): object {
  const group = findTargetGroup(region, params.required('TargetGroupArn'));
  const named = readTargets(params, group);
  if (named.length === 0) throw validationError("'Targets' must be specified");
  for (const target of named) checkTarget(target, group, regionName);
  const targets = region.targets[group.arn] ?? {};
  const added = new Set(named.map(targetKey).filter((key) => targets[key] === undefined)).size;
  checkCounts(region, group, Object.keys(targets).length + added, added);
  for (const target of named) {
    const before = targets[targetKey(target)];
    if (before !== undefined && before.drainingUntilMs === undefined) continue;
    targets[targetKey(target)] = {
      ...target,
      state: 'initial',
      reason: 'Elb.RegistrationInProgress',
      description: 'Target registration is in progress',
    };
  }
  region.targets[group.arn] = targets;
  return {};
}

function checkTarget({ id, availabilityZone }: Named, group: TargetGroup, regionName: string): void {
  if (group.targetType === 'instance') {
    if (!/^i-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id))
      throw new AwsError('InvalidTarget', `The following targets are not instances: '${id}'`);
    return;
  }
  if (ipv4(id) === undefined) throw validationError(`The IP address '${id}' is not a valid IPv4 address`);
  if (!privateBlocks.some((block) => inCidr(id, block))) {
    throw new AwsError(
      'InvalidTarget',
      `The IP address '${id}' is not in the VPC or an allowed private address range (RFC 1918, RFC 6598)`,
    );
  }
  const zone = zoneOf(id, regionName);
  const known = subnets.map((subnet) => `${regionName}${subnet.zoneSuffix}`);
  if (availabilityZone !== undefined && availabilityZone !== 'all' && !known.includes(availabilityZone))
    throw validationError(`Availability Zone '${availabilityZone}' is not valid`);
  if (zone === undefined && availabilityZone === undefined)
    throw validationError(
      `The IP address '${id}' is outside the VPC (${vpcCidr}): you must specify an Availability Zone`,
    );
  if (zone !== undefined && availabilityZone !== undefined && availabilityZone !== zone) {
    throw validationError(
      `The IP address '${id}' is inside the VPC, in Availability Zone '${zone}', not '${availabilityZone}'`,
    );
  }
}

function checkCounts(region: RegionState, group: TargetGroup, total: number, added: number): void {
  if (total > maxTargetsPerGroup)
    throw new AwsError('TooManyTargets', `A target group may have at most ${maxTargetsPerGroup} targets`);
  for (const loadBalancerArn of attachments(region).get(group.arn) ?? []) {
    const groups = new Set(actionListsOf(region, loadBalancerArn).flatMap(targetGroupArnsOf));
    const present = [...groups].reduce((sum, arn) => sum + Object.keys(region.targets[arn] ?? {}).length, 0);
    if (present + added > maxTargetsPerLoadBalancer)
      throw new AwsError('TooManyTargets', `A load balancer may have at most ${maxTargetsPerLoadBalancer} targets`);
  }
}

/** What isn't registered is no error, as in AWS. Without a port every registration of the address goes. */
function deregisterTargets({ params, region, nowMs }: Call): object {
  const group = findTargetGroup(region, params.required('TargetGroupArn'));
  const list = params.structs('Targets');
  if (list === undefined) throw validationError("'Targets' must be specified");
  const targets = region.targets[group.arn] ?? {};
  const delay = Number(region.attributes[group.arn]?.['deregistration_delay.timeout_seconds'] ?? defaultDelaySeconds);
  const drains = delay > 0 && attachments(region).has(group.arn);
  for (const item of list) {
    const id = item.required('Id');
    const port = item.integer('Port', 1, 65_535);
    for (const target of Object.values(targets)) {
      if (target.id !== id || (port !== undefined && target.port !== port) || target.drainingUntilMs !== undefined)
        continue;
      if (drains) target.drainingUntilMs = nowMs + delay * 1000;
      else delete targets[targetKey(target)];
    }
  }
  return {};
}

function describeTargetHealth(call: Call): object {
  const { params, region } = call;
  const group = findTargetGroup(region, params.required('TargetGroupArn'));
  const targets = region.targets[group.arn] ?? {};
  const asked = params.structs('Targets') === undefined ? undefined : readTargets(params, group);
  const zones = enabledZones(region, group, call.regionName);
  const gone = (target: Target): boolean =>
    target.drainingUntilMs !== undefined && target.drainingUntilMs <= call.nowMs;
  const present = Object.values(targets).filter((target) => !gone(target));
  const shown =
    asked === undefined
      ? present.map((target) => healthView(target, group, zones, call))
      : asked.map((target) => {
          const found = present.find((candidate) => targetKey(candidate) === targetKey(target));
          return found === undefined ? notRegistered(target, group) : healthView(found, group, zones, call);
        });
  return { TargetHealthDescriptions: shown };
}

/** The zones of the load balancers that use the group; undefined if none does. */
export function enabledZones(
  region: RegionState,
  group: TargetGroup,
  regionName: string,
  attached = attachments(region),
): Set<string> | undefined {
  const used = attached.get(group.arn);
  if (used === undefined) return undefined;
  const ids = [...used].flatMap((arn) => region.loadBalancers[arn]?.subnetIds ?? []);
  return new Set(
    subnets.filter((subnet) => ids.includes(subnet.id)).map((subnet) => `${regionName}${subnet.zoneSuffix}`),
  );
}

/** Whether checks of a target count: its group is in use, and so is its zone. Draining targets are checked no more. */
export function isChecked(
  target: Target,
  group: TargetGroup,
  zones: Set<string> | undefined,
  regionName: string,
): boolean {
  return (
    target.drainingUntilMs === undefined &&
    group.healthCheck.HealthCheckEnabled &&
    zones !== undefined &&
    zoneEnabled(target, zones, regionName)
  );
}

function zoneEnabled(target: Target, zones: Set<string>, regionName: string): boolean {
  const zone = zoneOf(target.id, regionName) ?? target.availabilityZone;
  return zone === undefined || zone === 'all' || zones.has(zone);
}

function healthView(target: Target, group: TargetGroup, zones: Set<string> | undefined, { regionName }: Call): object {
  const zone = zoneOf(target.id, regionName) ?? target.availabilityZone;
  return {
    Target: { Id: target.id, Port: target.port, AvailabilityZone: group.targetType === 'ip' ? zone : undefined },
    HealthCheckPort: checkPort(target, group),
    TargetHealth: health(target, group, zones, regionName),
    AdministrativeOverride:
      zones === undefined
        ? undefined
        : {
            State: 'no_override',
            Reason: 'AdministrativeOverride.NoOverride',
            Description: 'No override is currently active on target',
          },
  };
}

export function checkPort(target: { port: number }, group: TargetGroup): string {
  return group.healthCheck.HealthCheckPort === 'traffic-port' ? String(target.port) : group.healthCheck.HealthCheckPort;
}

function health(target: Target, group: TargetGroup, zones: Set<string> | undefined, regionName: string): object {
  if (target.drainingUntilMs !== undefined)
    return {
      State: 'draining',
      Reason: 'Target.DeregistrationInProgress',
      Description: 'Target deregistration is in progress',
    };
  if (zones === undefined)
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target group is not configured to receive traffic from the load balancer',
    };
  if (!zoneEnabled(target, zones, regionName))
    return {
      State: 'unused',
      Reason: 'Target.NotInUse',
      Description: 'Target is in an Availability Zone that is not enabled for the load balancer',
    };
  if (!group.healthCheck.HealthCheckEnabled)
    return {
      State: 'unavailable',
      Reason: 'Target.HealthCheckDisabled',
      Description: 'Health checks are not enabled for this target',
    };
  return { State: target.state, Reason: target.reason, Description: target.description };
}

function notRegistered(target: Named, group: TargetGroup): object {
  return {
    Target: { Id: target.id, Port: target.port },
    HealthCheckPort: checkPort(target, group),
    TargetHealth: {
      State: 'unused',
      Reason: 'Target.NotRegistered',
      Description: 'Target is not registered to the target group',
    },
  };
}

export const targetActions: Readonly<Record<string, ActionHandler>> = {
  RegisterTargets: registers(registerTargets),
  DeregisterTargets: registers(deregisterTargets),
  DescribeTargetHealth: describes(describeTargetHealth),
};
