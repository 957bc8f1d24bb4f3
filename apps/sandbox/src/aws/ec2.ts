import { newId } from './arns.js';
import { AwsError } from './aws-error.js';
import type { ActionHandler, Call } from './call.js';
import type { IngressPermission, RegionState, SecurityGroup } from './model.js';
import type { Params } from './params.js';
import { defaultSecurityGroupId, subnets, vpcCidr, vpcId } from './vpc.js';

const defaultGroup: SecurityGroup = {
  id: defaultSecurityGroupId,
  name: 'default',
  description: 'default VPC security group',
  vpcId,
  ingress: [],
};

/** Keeps what every `Filter.N` allows; `valuesOf` answers an item's values by the filters' names; others the sandbox lacks. */
function filtered<T>(
  items: readonly T[],
  params: Params,
  valuesOf: (item: T) => Readonly<Record<string, readonly string[]>>,
): T[] {
  const filters = (params.structs('Filter') ?? []).map((filter) => ({
    name: filter.required('Name'),
    values: filter.strings('Value') ?? [],
  }));
  return items.filter((item) =>
    filters.every(({ name, values }) => {
      const known = valuesOf(item);
      const found = Object.hasOwn(known, name) ? known[name] : undefined;
      if (found === undefined) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
      return found.some((value) => values.includes(value));
    }),
  );
}

/** Keeps the items with the given ids, in that order; an unknown id is refused with `code`. */
function byIds<T>(
  items: readonly T[],
  ids: readonly string[] | undefined,
  idOf: (item: T) => string,
  code: string,
): readonly T[] {
  return (
    ids?.map((id) => {
      const found = items.find((item) => idOf(item) === id);
      if (found === undefined) throw new AwsError(code, `The ID '${id}' does not exist`);
      return found;
    }) ?? items
  );
}

function describeVpcs({ params, account }: Call): object {
  const vpcs = filtered(
    byIds([vpcId], params.strings('VpcId'), (id) => id, 'InvalidVpcID.NotFound'),
    params,
    (id) => ({
      'vpc-id': [id],
      'is-default': ['true'],
      isDefault: ['true'],
      cidr: [vpcCidr],
      state: ['available'],
    }),
  );
  const association = {
    cidrBlock: vpcCidr,
    associationId: 'vpc-cidr-assoc-0123456789abcdef0',
    cidrBlockState: { state: 'associated' },
  };
  return {
    vpcSet: vpcs.map((id) => ({
      vpcId: id,
      ownerId: account,
      state: 'available',
      cidrBlock: vpcCidr,
      isDefault: true,
      instanceTenancy: 'default',
      cidrBlockAssociationSet: [association],
      tagSet: [],
    })),
  };
}

function describeSubnets({ params, account, regionName }: Call): object {
  const found = filtered(
    byIds(subnets, params.strings('SubnetId'), (subnet) => subnet.id, 'InvalidSubnetID.NotFound'),
    params,
    (subnet) => ({
      'subnet-id': [subnet.id],
      'vpc-id': [vpcId],
      'availability-zone': [`${regionName}${subnet.zoneSuffix}`],
      'default-for-az': ['true'],
      state: ['available'],
    }),
  );
  return {
    subnetSet: found.map((subnet) => ({
      subnetId: subnet.id,
      vpcId,
      ownerId: account,
      state: 'available',
      cidrBlock: subnet.cidr,
      availableIpAddressCount: 32_763,
      availabilityZone: `${regionName}${subnet.zoneSuffix}`,
      availabilityZoneId: `${regionName}-az-${subnet.zoneSuffix}`,
      defaultForAz: true,
      mapPublicIpOnLaunch: true,
      assignIpv6AddressOnCreation: false,
      tagSet: [],
    })),
  };
}

function describeAvailabilityZones({ regionName }: Call): object {
  return {
    availabilityZoneInfo: subnets.map((subnet) => ({
      zoneName: `${regionName}${subnet.zoneSuffix}`,
      zoneId: `${regionName}-az-${subnet.zoneSuffix}`,
      zoneState: 'available',
      regionName,
      zoneType: 'availability-zone',
    })),
  };
}

function describeSecurityGroups({ params, region, account }: Call): object {
  const all = [
    region.securityGroups[defaultSecurityGroupId] ?? defaultGroup,
    ...Object.values(region.securityGroups).filter((group) => group.id !== defaultSecurityGroupId),
  ];
  const found = filtered(
    byIds(all, params.strings('GroupId'), (group) => group.id, 'InvalidGroup.NotFound'),
    params,
    (group) => ({
      'group-id': [group.id],
      'group-name': [group.name],
      'vpc-id': [group.vpcId],
    }),
  );
  return {
    securityGroupInfo: found.map((group) => ({
      ownerId: account,
      groupId: group.id,
      groupName: group.name,
      groupDescription: group.description,
      vpcId: group.vpcId,
      tagSet: [],
      ipPermissionsEgress: [],
      ipPermissions: group.ingress.map((item) => ({
        ipProtocol: item.protocol,
        fromPort: item.fromPort,
        toPort: item.toPort,
        ipRanges: item.cidrs.map((cidrIp) => ({ cidrIp })),
        groups: item.groupIds.map((groupId) => ({ groupId, userId: account })),
      })),
    })),
  };
}

function createSecurityGroup({ params, region }: Call): object {
  const name = params.required('GroupName');
  const description = params.required('GroupDescription');
  const vpc = params.string('VpcId') ?? vpcId;
  if (vpc !== vpcId) throw new AwsError('InvalidVpcID.NotFound', `The vpc ID '${vpc}' does not exist`);
  if (name === 'default' || Object.values(region.securityGroups).some((group) => group.name === name)) {
    throw new AwsError('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpcId}'`);
  }
  const id = `sg-0${newId()}`;
  region.securityGroups[id] = { id, name, description, vpcId, ingress: [] };
  return { return: true, groupId: id };
}

function authorizeIngress({ params, region }: Call): object {
  const group = findGroup(region, params);
  const wanted = readPermissions(params);
  if (wanted.length === 0)
    throw new AwsError('MissingParameter', 'The request must contain the parameter ipPermissions');
  const keys = new Set(group.ingress.map((item) => JSON.stringify(item)));
  if (wanted.some((item) => keys.has(JSON.stringify(item))))
    throw new AwsError('InvalidPermission.Duplicate', 'The specified rule already exists');
  region.securityGroups[group.id] = { ...group, ingress: [...group.ingress, ...wanted] };
  return { return: true };
}

function revokeIngress({ params, region }: Call): object {
  const group = findGroup(region, params);
  const gone = new Set(readPermissions(params).map((item) => JSON.stringify(item)));
  region.securityGroups[group.id] = {
    ...group,
    ingress: group.ingress.filter((item) => !gone.has(JSON.stringify(item))),
  };
  return { return: true };
}

function deleteSecurityGroup({ params, region }: Call): object {
  const group = findGroup(region, params);
  if (group.id === defaultSecurityGroupId)
    throw new AwsError('CannotDelete', 'The default security group cannot be deleted');
  if (Object.values(region.loadBalancers).some((item) => item.securityGroupIds.includes(group.id))) {
    throw new AwsError('DependencyViolation', `Security group '${group.id}' has a dependent object`);
  }
  delete region.securityGroups[group.id];
  return { return: true };
}

function findGroup(region: RegionState, params: Params): SecurityGroup {
  const id = params.required('GroupId');
  const own = Object.hasOwn(region.securityGroups, id) ? region.securityGroups[id] : undefined;
  const group = own ?? (id === defaultSecurityGroupId ? defaultGroup : undefined);
  if (group === undefined) throw new AwsError('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
  return group;
}

function readPermissions(params: Params): IngressPermission[] {
  const listed = (params.structs('IpPermissions') ?? []).map((item) => ({
    protocol: item.required('IpProtocol'),
    fromPort: item.integer('FromPort', -1, 65_535),
    toPort: item.integer('ToPort', -1, 65_535),
    cidrs: item.structs('IpRanges')?.map((range) => range.required('CidrIp')) ?? [],
    groupIds: item.structs('Groups')?.map((group) => group.required('GroupId')) ?? [],
  }));
  if (!params.has('IpProtocol')) return listed;
  const cidr = params.string('CidrIp');
  return [
    ...listed,
    {
      protocol: params.required('IpProtocol'),
      fromPort: params.integer('FromPort', -1, 65_535),
      toPort: params.integer('ToPort', -1, 65_535),
      cidrs: cidr === undefined ? [] : [cidr],
      groupIds: [],
    },
  ];
}

function reads(run: ActionHandler['run']): ActionHandler {
  return { bucket: 'none', mutates: false, run };
}

function writes(run: ActionHandler['run']): ActionHandler {
  return { bucket: 'none', mutates: true, run };
}

/** The little of EC2 (API version 2016-11-15) that creating load balancers and running a controller needs. */
export const ec2Actions: Readonly<Record<string, ActionHandler>> = {
  DescribeVpcs: reads(describeVpcs),
  DescribeSubnets: reads(describeSubnets),
  DescribeAvailabilityZones: reads(describeAvailabilityZones),
  DescribeSecurityGroups: reads(describeSecurityGroups),
  DescribeNetworkInterfaces: reads(() => ({ networkInterfaceSet: [] })),
  DescribeInstances: reads(() => ({ reservationSet: [] })),
  CreateSecurityGroup: writes(createSecurityGroup),
  AuthorizeSecurityGroupIngress: writes(authorizeIngress),
  RevokeSecurityGroupIngress: writes(revokeIngress),
  DeleteSecurityGroup: writes(deleteSecurityGroup),
};
