import { checkArn, findLoadBalancer, findTargetGroup, newId } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import { checkName } from './load-balancers.js';
import type { HealthCheck, RegionState, TargetGroup } from './model.js';
import { page } from './paging.js';
import type { Params } from './params.js';
import { attachments } from './relations.js';
import { readTags } from './tags.js';
import { vpcId } from './vpc.js';

const maxPerRegion = 3000;
const protocols = ['HTTP', 'HTTPS', 'TCP', 'TLS', 'UDP', 'TCP_UDP'] as const;
const checkProtocols = ['HTTP', 'HTTPS', 'TCP'] as const;

function createTargetGroup(call: Call): object {
  const { params, region } = call;
  const name = params.required('Name');
  checkName(name, 'Target group');
  const wanted = readSettings(params);
  const tags = readTags(params);
  const existing = Object.values(region.targetGroups).find((candidate) => candidate.name === name);
  if (existing !== undefined) {
    const { sequence: _sequence, arn: _arn, name: _name, ...settings } = existing;
    if (sameSettings(settings, wanted)) return { TargetGroups: [view(existing, region)] };
    throw new AwsError(
      'DuplicateTargetGroupName',
      `A target group with the same name '${name}' exists, but with different settings`,
    );
  }
  if (Object.keys(region.targetGroups).length >= maxPerRegion)
    throw new AwsError('TooManyTargetGroups', `There may be at most ${maxPerRegion} target groups`);
  const arn = `arn:aws:elasticloadbalancing:${call.regionName}:${call.account}:targetgroup/${name}/${newId()}`;
  const created: TargetGroup = { sequence: region.sequence++, arn, name, ...wanted };
  region.targetGroups[arn] = created;
  region.targets[arn] = {};
  region.tags[arn] = tags;
  return { TargetGroups: [view(created, region)] };
}

type Settings = Omit<TargetGroup, 'sequence' | 'arn' | 'name'>;

function sameSettings(a: Settings, b: Settings): boolean {
  const sorted = (value: object): string =>
    JSON.stringify(
      value,
      [...new Set([...Object.keys(a), ...Object.keys(a.healthCheck), 'HttpCode', 'GrpcCode'])].sort(),
    );
  return sorted(a) === sorted(b);
}

function readSettings(params: Params): Settings {
  const targetType = params.oneOf('TargetType', ['instance', 'ip', 'lambda', 'alb']) ?? 'instance';
  if (targetType === 'lambda' || targetType === 'alb')
    throw validationError(`Target groups of type '${targetType}' are not part of the sandbox`);
  params.required('Protocol');
  const protocol = params.oneOf('Protocol', protocols) ?? 'HTTP';
  params.required('Port');
  const port = params.integer('Port', 1, 65_535) ?? 80;
  const vpc = params.required('VpcId');
  if (vpc !== vpcId) throw validationError(`The VPC ID '${vpc}' is not found`);
  const http = protocol === 'HTTP' || protocol === 'HTTPS';
  const protocolVersion = params.oneOf('ProtocolVersion', ['HTTP1', 'HTTP2', 'GRPC']);
  if (protocolVersion !== undefined && !http)
    throw validationError(`A protocol version may not be specified for protocol ${protocol}`);
  return {
    protocol,
    port,
    vpcId: vpc,
    targetType,
    protocolVersion: http ? (protocolVersion ?? 'HTTP1') : undefined,
    ipAddressType: params.oneOf('IpAddressType', ['ipv4', 'ipv6']) ?? 'ipv4',
    healthCheck: readHealthCheck(params, defaultsFor(params, http)),
  };
}

/** The API's own defaults: interval 30 s, thresholds 5 and 2, timeout 6 s for HTTP checks and 10 s for the others. */
function defaultsFor(params: Params, http: boolean): HealthCheck {
  const HealthCheckProtocol = params.oneOf('HealthCheckProtocol', checkProtocols) ?? (http ? 'HTTP' : 'TCP');
  return {
    HealthCheckProtocol,
    HealthCheckPort: 'traffic-port',
    HealthCheckEnabled: true,
    HealthCheckIntervalSeconds: 30,
    HealthCheckTimeoutSeconds: HealthCheckProtocol === 'HTTP' ? 6 : 10,
    HealthyThresholdCount: 5,
    UnhealthyThresholdCount: 2,
    ...(HealthCheckProtocol === 'TCP' ? {} : { HealthCheckPath: '/', Matcher: { HttpCode: http ? '200' : '200-399' } }),
  };
}

function readHealthCheck(params: Params, before: HealthCheck): HealthCheck {
  const matcher = params.struct('Matcher');
  const HealthCheckProtocol = params.oneOf('HealthCheckProtocol', checkProtocols) ?? before.HealthCheckProtocol;
  const overHttp = HealthCheckProtocol !== 'TCP';
  const after: HealthCheck = {
    HealthCheckProtocol,
    HealthCheckPort: readCheckPort(params) ?? before.HealthCheckPort,
    HealthCheckEnabled: params.boolean('HealthCheckEnabled') ?? before.HealthCheckEnabled,
    HealthCheckIntervalSeconds:
      params.integer('HealthCheckIntervalSeconds', 5, 300) ?? before.HealthCheckIntervalSeconds,
    HealthCheckTimeoutSeconds: params.integer('HealthCheckTimeoutSeconds', 2, 120) ?? before.HealthCheckTimeoutSeconds,
    HealthyThresholdCount: params.integer('HealthyThresholdCount', 2, 10) ?? before.HealthyThresholdCount,
    UnhealthyThresholdCount: params.integer('UnhealthyThresholdCount', 2, 10) ?? before.UnhealthyThresholdCount,
    ...(overHttp
      ? {
          HealthCheckPath: readPath(params) ?? before.HealthCheckPath ?? '/',
          Matcher: matcher === undefined ? (before.Matcher ?? { HttpCode: '200' }) : readMatcher(matcher),
        }
      : {}),
  };
  if (!overHttp && (params.has('HealthCheckPath') || matcher !== undefined))
    throw validationError('A health check path or matcher may not be specified for TCP health checks');
  if (after.HealthCheckTimeoutSeconds > after.HealthCheckIntervalSeconds)
    throw validationError(
      `Health check interval '${after.HealthCheckIntervalSeconds}' must be greater than or equal to the timeout '${after.HealthCheckTimeoutSeconds}'`,
    );
  return after;
}

function readCheckPort(params: Params): string | undefined {
  const port = params.string('HealthCheckPort');
  if (port === undefined || port === 'traffic-port') return port;
  return String(params.integer('HealthCheckPort', 1, 65_535));
}

function readPath(params: Params): string | undefined {
  const path = params.string('HealthCheckPath');
  if (path !== undefined && (!path.startsWith('/') || path.length > 1024))
    throw validationError(
      `Health check path '${path}' must begin with a '/' character, and can have at most 1024 characters`,
    );
  return path;
}

function readMatcher(matcher: Params): { HttpCode?: string; GrpcCode?: string } {
  const HttpCode = matcher.string('HttpCode');
  const GrpcCode = matcher.string('GrpcCode');
  if (GrpcCode !== undefined) return { GrpcCode };
  const codes = (HttpCode ?? '').split(/[,-]/).map((code) => (/^\d{3}$/.test(code) ? Number(code) : NaN));
  if (!/^\d{3}([,-]\d{3})*$/.test(HttpCode ?? '') || codes.some((code) => !(code >= 200 && code <= 499))) {
    throw validationError(`Health check matcher HTTP code '${HttpCode ?? ''}' must be within '200-499' inclusive`);
  }
  return { HttpCode };
}

function describeTargetGroups({ params, region }: Call): object {
  const arns = params.strings('TargetGroupArns');
  const names = params.strings('Names');
  const loadBalancerArn = params.string('LoadBalancerArn');
  if ([arns, names, loadBalancerArn].filter((filter) => filter !== undefined).length > 1) {
    throw validationError(
      'Target group ARNs, target group names and a load balancer ARN cannot be specified at the same time',
    );
  }
  const all = Object.values(region.targetGroups);
  const attached = attachments(region);
  const byName = (name: string): TargetGroup => {
    const found = all.find((candidate) => candidate.name === name);
    if (found === undefined)
      throw new AwsError('TargetGroupNotFound', `One or more target groups not found: '${name}'`);
    return found;
  };
  if (loadBalancerArn !== undefined) findLoadBalancer(region, loadBalancerArn);
  const chosen =
    arns?.map((arn) => findTargetGroup(region, arn)) ??
    names?.map(byName) ??
    (loadBalancerArn === undefined ? all : all.filter((group) => attached.get(group.arn)?.has(loadBalancerArn)));
  const { shown, NextMarker } = page([...new Set(chosen)], (item) => item.sequence, params);
  return { TargetGroups: shown.map((item) => view(item, region, attached)), NextMarker };
}

function view(item: TargetGroup, region: RegionState, attached = attachments(region)): object {
  return {
    TargetGroupArn: item.arn,
    TargetGroupName: item.name,
    Protocol: item.protocol,
    ProtocolVersion: item.protocolVersion,
    Port: item.port,
    VpcId: item.vpcId,
    TargetType: item.targetType,
    IpAddressType: item.ipAddressType,
    ...item.healthCheck,
    LoadBalancerArns: [...(attached.get(item.arn) ?? [])],
  };
}

function modifyTargetGroup({ params, region }: Call): object {
  const item = findTargetGroup(region, params.required('TargetGroupArn'));
  item.healthCheck = readHealthCheck(params, item.healthCheck);
  return { TargetGroups: [view(item, region)] };
}

function deleteTargetGroup({ params, region }: Call): object {
  const arn = params.required('TargetGroupArn');
  checkArn('targetGroup', arn);
  if (attachments(region).has(arn))
    throw new AwsError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
  delete region.targetGroups[arn];
  delete region.targets[arn];
  delete region.tags[arn];
  delete region.attributes[arn];
  return {};
}

export const targetGroupActions: Readonly<Record<string, ActionHandler>> = {
  CreateTargetGroup: modifies(createTargetGroup),
  DescribeTargetGroups: describes(describeTargetGroups),
  ModifyTargetGroup: modifies(modifyTargetGroup),
  DeleteTargetGroup: modifies(deleteTargetGroup),
};
