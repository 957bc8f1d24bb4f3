import { checkArn, findLoadBalancer, newId } from './arns.js';
import { AwsError, validationError } from './aws-error.js';
import { type ActionHandler, type Call, describes, modifies } from './call.js';
import type { LoadBalancer, LoadBalancerType, RegionState } from './model.js';
import { page } from './paging.js';
import type { Params } from './params.js';
import { listenersOf, rulesOf } from './relations.js';
import { readTags } from './tags.js';
import { defaultSecurityGroupId, subnets, vpcId } from './vpc.js';

const maxPerRegion = 50;
/** How long a new load balancer says `provisioning`; minutes at AWS. */
const provisioningMs = 500;
const hostedZones: Readonly<Record<LoadBalancerType, string>> = {
  application: 'Z35SXDOTRQ7X7K',
  network: 'Z26RNL4JYFTOTI',
};

/** The rule of load balancer and target group names: at most 32 letters, digits and hyphens, none of these at an end. */
export function checkName(name: string, what: string): void {
  if (name.length > 32) throw validationError(`${what} name '${name}' cannot be longer than '32' characters`);
  if (!/^[A-Za-z0-9-]+$/.test(name))
    throw validationError(
      `${what} name '${name}' can only contain characters that are alphanumeric characters and hyphens(-)`,
    );
  if (name.startsWith('-') || name.endsWith('-'))
    throw validationError(`${what} name '${name}' cannot begin or end with '-'`);
  if (what === 'Load balancer' && name.startsWith('internal-'))
    throw validationError(`${what} name '${name}' cannot begin with 'internal-'`);
}

function createLoadBalancer(call: Call): object {
  const { params, region } = call;
  const name = params.required('Name');
  checkName(name, 'Load balancer');
  const type = readType(params);
  const wanted = {
    type,
    scheme: readScheme(params),
    ipAddressType: params.oneOf('IpAddressType', ['ipv4', 'dualstack', 'dualstack-without-public-ipv4']) ?? 'ipv4',
    subnetIds: readSubnets(params, type),
    securityGroupIds: readSecurityGroups(params, region) ?? (type === 'application' ? [defaultSecurityGroupId] : []),
  };
  const tags = readTags(params);
  const existing = Object.values(region.loadBalancers).find((candidate) => candidate.name === name);
  if (existing !== undefined) {
    const { type: t, scheme, ipAddressType, subnetIds, securityGroupIds } = existing;
    if (JSON.stringify({ type: t, scheme, ipAddressType, subnetIds, securityGroupIds }) === JSON.stringify(wanted))
      return { LoadBalancers: [view(existing, call)] };
    throw new AwsError(
      'DuplicateLoadBalancerName',
      `A load balancer with the same name '${name}' exists, but with different settings`,
    );
  }
  if (Object.keys(region.loadBalancers).length >= maxPerRegion)
    throw new AwsError('TooManyLoadBalancers', `There may be at most ${maxPerRegion} load balancers`);
  const arn = `arn:aws:elasticloadbalancing:${call.regionName}:${call.account}:loadbalancer/${type === 'network' ? 'net' : 'app'}/${name}/${newId()}`;
  const created: LoadBalancer = { sequence: region.sequence++, arn, name, createdAtMs: call.nowMs, ...wanted };
  region.loadBalancers[arn] = created;
  region.tags[arn] = tags;
  return { LoadBalancers: [view(created, call)] };
}

function readType(params: Params): LoadBalancerType {
  const type = params.oneOf('Type', ['application', 'network', 'gateway']) ?? 'application';
  if (type === 'gateway') throw validationError('Gateway load balancers are not part of the sandbox');
  return type;
}

function readScheme(params: Params): LoadBalancer['scheme'] {
  const scheme = params.string('Scheme') ?? 'internet-facing';
  if (scheme !== 'internet-facing' && scheme !== 'internal')
    throw new AwsError('InvalidScheme', `The scheme '${scheme}' is not valid`);
  return scheme;
}

function readSubnets(params: Params, type: LoadBalancerType): string[] {
  const plain = params.strings('Subnets');
  const mapped = params.structs('SubnetMappings')?.map((mapping) => mapping.required('SubnetId'));
  if (plain !== undefined && mapped !== undefined)
    throw validationError("Only one of 'Subnets' and 'SubnetMappings' may be specified");
  const ids = plain ?? mapped ?? [];
  const found = ids.map((id) => {
    const subnet = subnets.find((candidate) => candidate.id === id);
    if (subnet === undefined) throw new AwsError('SubnetNotFound', `The subnet ID '${id}' does not exist`);
    return subnet;
  });
  const zones = new Set(found.map((subnet) => subnet.zoneSuffix));
  if (zones.size !== found.length)
    throw new AwsError(
      'InvalidConfigurationRequest',
      'A load balancer cannot be attached to multiple subnets in the same Availability Zone',
    );
  if (type === 'application' && zones.size < 2)
    throw validationError('At least two subnets in two different Availability Zones must be specified');
  if (zones.size === 0) throw validationError('At least one subnet must be specified');
  return [...ids].sort();
}

function readSecurityGroups(params: Params, region: RegionState): string[] | undefined {
  const ids = params.strings('SecurityGroups');
  const unknown = ids?.find((id) => id !== defaultSecurityGroupId && !Object.hasOwn(region.securityGroups, id));
  if (unknown !== undefined)
    throw new AwsError('InvalidSecurityGroup', `The security group '${unknown}' does not exist`);
  return ids;
}

function describeLoadBalancers(call: Call): object {
  const { params, region } = call;
  const arns = params.strings('LoadBalancerArns');
  const names = params.strings('Names');
  if (arns !== undefined && names !== undefined)
    throw validationError('Load balancer ARNs and names may not both be specified');
  const all = Object.values(region.loadBalancers);
  const byName = (name: string): LoadBalancer => {
    const found = all.find((candidate) => candidate.name === name);
    if (found === undefined) throw new AwsError('LoadBalancerNotFound', `Load balancers '[${name}]' not found`);
    return found;
  };
  const chosen = arns?.map((arn) => findLoadBalancer(region, arn)) ?? names?.map(byName) ?? all;
  const { shown, NextMarker } = page([...new Set(chosen)], (item) => item.sequence, params);
  return { LoadBalancers: shown.map((item) => view(item, call)), NextMarker };
}

function view(item: LoadBalancer, { regionName, nowMs }: Call): object {
  const id = item.arn.slice(item.arn.lastIndexOf('/') + 1);
  const host = `${item.scheme === 'internal' ? 'internal-' : ''}${item.name}-${id}`;
  return {
    LoadBalancerArn: item.arn,
    LoadBalancerName: item.name,
    Type: item.type,
    Scheme: item.scheme,
    VpcId: vpcId,
    IpAddressType: item.ipAddressType,
    DNSName:
      item.type === 'network' ? `${host}.elb.${regionName}.amazonaws.com` : `${host}.${regionName}.elb.amazonaws.com`,
    CanonicalHostedZoneId: hostedZones[item.type],
    CreatedTime: new Date(item.createdAtMs),
    State: { Code: nowMs - item.createdAtMs < provisioningMs ? 'provisioning' : 'active' },
    AvailabilityZones: zonesView(item.subnetIds, regionName),
    SecurityGroups: item.securityGroupIds,
  };
}

function zonesView(subnetIds: readonly string[], regionName: string): object[] {
  return subnetIds.map((SubnetId) => ({
    SubnetId,
    ZoneName: `${regionName}${subnets.find((subnet) => subnet.id === SubnetId)?.zoneSuffix ?? ''}`,
    LoadBalancerAddresses: [],
  }));
}

function deleteLoadBalancer({ params, region }: Call): object {
  const arn = params.required('LoadBalancerArn');
  checkArn('loadBalancer', arn);
  if (region.attributes[arn]?.['deletion_protection.enabled'] === 'true') {
    throw new AwsError(
      'OperationNotPermitted',
      `Load balancer '${arn}' cannot be deleted because deletion protection is enabled`,
    );
  }
  for (const listener of listenersOf(region, arn)) removeListener(region, listener.arn);
  delete region.loadBalancers[arn];
  delete region.tags[arn];
  delete region.attributes[arn];
  return {};
}

/** Takes a listener away with its rules and all their tags. */
export function removeListener(region: RegionState, listenerArn: string): void {
  const defaultRuleArn = region.listeners[listenerArn]?.defaultRuleArn;
  for (const rule of rulesOf(region, listenerArn)) {
    delete region.rules[rule.arn];
    delete region.tags[rule.arn];
  }
  if (defaultRuleArn !== undefined) delete region.tags[defaultRuleArn];
  delete region.listeners[listenerArn];
  delete region.tags[listenerArn];
  delete region.attributes[listenerArn];
}

function setSecurityGroups({ params, region }: Call): object {
  const item = findLoadBalancer(region, params.required('LoadBalancerArn'));
  const ids = readSecurityGroups(params, region);
  if (ids === undefined) throw validationError("'SecurityGroups' must be specified");
  if (item.type === 'network' && item.securityGroupIds.length === 0) {
    throw new AwsError(
      'InvalidConfigurationRequest',
      'Security groups cannot be set on a network load balancer that was created without any',
    );
  }
  item.securityGroupIds = ids;
  return { SecurityGroupIds: ids };
}

function setSubnets({ params, region, regionName }: Call): object {
  const item = findLoadBalancer(region, params.required('LoadBalancerArn'));
  item.subnetIds = readSubnets(params, item.type);
  return { AvailabilityZones: zonesView(item.subnetIds, regionName), IpAddressType: item.ipAddressType };
}

function setIpAddressType({ params, region }: Call): object {
  const item = findLoadBalancer(region, params.required('LoadBalancerArn'));
  params.required('IpAddressType');
  item.ipAddressType =
    params.oneOf('IpAddressType', ['ipv4', 'dualstack', 'dualstack-without-public-ipv4']) ?? item.ipAddressType;
  return { IpAddressType: item.ipAddressType };
}

export const loadBalancerActions: Readonly<Record<string, ActionHandler>> = {
  CreateLoadBalancer: modifies(createLoadBalancer),
  DescribeLoadBalancers: describes(describeLoadBalancers),
  DeleteLoadBalancer: modifies(deleteLoadBalancer),
  SetSecurityGroups: modifies(setSecurityGroups),
  SetSubnets: modifies(setSubnets),
  SetIpAddressType: modifies(setIpAddressType),
};
