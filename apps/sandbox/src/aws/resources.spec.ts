import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeAvailabilityZonesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  AddTagsCommand,
  CreateLoadBalancerCommand,
  type CreateLoadBalancerCommandInput,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  DeleteLoadBalancerCommand,
  DescribeAccountLimitsCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetGroupsCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  paginateDescribeTargetGroups,
  RemoveTagsCommand,
  SetSecurityGroupsCommand,
  SetSubnetsCommand,
  waitUntilLoadBalancerAvailable,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsWorld, forward, keys, present, refusal, region } from '../testing/aws-world.js';
import { subnets, vpcId } from './vpc.js';

let world: AwsWorld;
let ec2: EC2Client;

beforeAll(async () => {
  world = await AwsWorld.start();
  ec2 = new EC2Client({ endpoint: world.aws.endpoint, region, credentials: keys, maxAttempts: 1 });
});
afterAll(async () => {
  ec2.destroy();
  await world.stop();
});

const bothSubnets = subnets.map((subnet) => subnet.id);
const createBalancer = (input: Partial<CreateLoadBalancerCommandInput>) =>
  world.elb.send(new CreateLoadBalancerCommand({ Name: 'x', Subnets: bothSubnets, ...input }));
const createGroup = (input: Partial<CreateTargetGroupCommandInput>) =>
  world.elb.send(
    new CreateTargetGroupCommand({ Name: 'x', Protocol: 'HTTP', Port: 80, VpcId: vpcId, TargetType: 'ip', ...input }),
  );

describe('a load balancer', () => {
  it('is provisioning at first, then active; created again the same it is the same, otherwise a duplicate', async () => {
    const { LoadBalancers } = await createBalancer({ Name: 'main' });
    const created = present(LoadBalancers?.[0]);
    expect(created).toMatchObject({
      State: { Code: 'provisioning' },
      Type: 'application',
      Scheme: 'internet-facing',
      VpcId: vpcId,
    });
    expect(created.LoadBalancerArn).toMatch(
      /^arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer\/app\/main\/[0-9a-f]{16}$/,
    );
    await waitUntilLoadBalancerAvailable(
      { client: world.elb, maxWaitTime: 10, minDelay: 1, maxDelay: 1 },
      { Names: ['main'] },
    );
    expect((await createBalancer({ Name: 'main' })).LoadBalancers?.[0]?.LoadBalancerArn).toBe(created.LoadBalancerArn);
    expect(await refusal(createBalancer({ Name: 'main', Scheme: 'internal' }))).toBe('DuplicateLoadBalancerName');
  });

  it.each([
    ['a name of 33 characters', { Name: 'a'.repeat(33) }, 'ValidationError'],
    ['a name with an underscore', { Name: 'a_b' }, 'ValidationError'],
    ['a name that ends in a hyphen', { Name: 'a-' }, 'ValidationError'],
    ['a name that begins with internal-', { Name: 'internal-x' }, 'ValidationError'],
    ['one subnet', { Subnets: bothSubnets.slice(0, 1) }, 'ValidationError'],
    ['an unknown subnet', { Subnets: [...bothSubnets.slice(0, 1), 'subnet-ffff'] }, 'SubnetNotFound'],
    ['one zone twice', { Subnets: [present(bothSubnets[0]), present(bothSubnets[0])] }, 'InvalidConfigurationRequest'],
    ['an unknown security group', { SecurityGroups: ['sg-ffff'] }, 'InvalidSecurityGroup'],
    ['an unknown scheme', { Scheme: 'sideways' as 'internal' }, 'InvalidScheme'],
    [
      'a tag key twice',
      {
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'a', Value: '2' },
        ],
      },
      'DuplicateTagKeys',
    ],
    ["a tag key of AWS's own", { Tags: [{ Key: 'aws:x', Value: '1' }] }, 'ValidationError'],
  ] as [string, Partial<CreateLoadBalancerCommandInput>, string][])(
    'is refused with %s',
    async (_what, input, code) => {
      expect(await refusal(createBalancer(input))).toBe(code);
    },
  );

  it('takes its listeners and their hold on target groups with it, unless it is protected', async () => {
    const balancer = await world.loadBalancer('short-lived');
    const group = await world.targetGroup('released');
    await world.listener(balancer, [forward({ [group]: 1 })]);
    const protect = (Value: string) =>
      world.elb.send(
        new ModifyLoadBalancerAttributesCommand({
          LoadBalancerArn: balancer,
          Attributes: [{ Key: 'deletion_protection.enabled', Value }],
        }),
      );
    await protect('true');
    expect(await refusal(world.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer })))).toBe(
      'OperationNotPermitted',
    );
    await protect('false');
    await world.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer }));
    await world.elb.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: balancer }));
    expect(await refusal(world.elb.send(new DescribeLoadBalancersCommand({ LoadBalancerArns: [balancer] })))).toBe(
      'LoadBalancerNotFound',
    );
    expect(
      (await world.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [group] }))).TargetGroups?.[0]
        ?.LoadBalancerArns,
    ).toEqual([]);
  });

  it('can be given security groups and subnets', async () => {
    const balancer = await world.loadBalancer('moved');
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'lb', Description: 'for the load balancer' }),
    );
    await world.elb.send(
      new SetSecurityGroupsCommand({ LoadBalancerArn: balancer, SecurityGroups: [present(GroupId)] }),
    );
    expect(
      (await world.elb.send(new DescribeLoadBalancersCommand({ Names: ['moved'] }))).LoadBalancers?.[0]?.SecurityGroups,
    ).toEqual([GroupId]);
    expect(
      await refusal(
        world.elb.send(new SetSubnetsCommand({ LoadBalancerArn: balancer, Subnets: bothSubnets.slice(0, 1) })),
      ),
    ).toBe('ValidationError');
    expect(
      (
        await world.elb.send(new SetSubnetsCommand({ LoadBalancerArn: balancer, Subnets: bothSubnets }))
      ).AvailabilityZones?.map((zone) => zone.ZoneName),
    ).toEqual(['us-east-1a', 'us-east-1b']);
  });

  it("shows its attributes with AWS's defaults and refuses unknown ones", async () => {
    const balancer = await world.loadBalancer('attributes');
    const { Attributes = [] } = await world.elb.send(
      new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: balancer }),
    );
    expect(Attributes.find((attribute) => attribute.Key === 'idle_timeout.timeout_seconds')?.Value).toBe('60');
    expect(
      await refusal(
        world.elb.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn: balancer,
            Attributes: [{ Key: 'colour', Value: 'red' }],
          }),
        ),
      ),
    ).toBe('ValidationError');
  });
});

describe('a target group', () => {
  it("has AWS's defaults", async () => {
    const { TargetGroups } = await createGroup({ Name: 'defaults' });
    expect(TargetGroups?.[0]).toMatchObject({
      HealthCheckIntervalSeconds: 30,
      HealthCheckTimeoutSeconds: 6,
      HealthyThresholdCount: 5,
      UnhealthyThresholdCount: 2,
      HealthCheckPath: '/',
      Matcher: { HttpCode: '200' },
      HealthCheckPort: 'traffic-port',
      HealthCheckProtocol: 'HTTP',
      ProtocolVersion: 'HTTP1',
      IpAddressType: 'ipv4',
      LoadBalancerArns: [],
    });
    const { Attributes = [] } = await world.elb.send(
      new DescribeTargetGroupAttributesCommand({ TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn }),
    );
    expect(Attributes.find((attribute) => attribute.Key === 'deregistration_delay.timeout_seconds')?.Value).toBe('300');
    const tcp = await createGroup({ Name: 'tcp-defaults', Protocol: 'TCP' });
    expect(tcp.TargetGroups?.[0]).toMatchObject({ HealthCheckProtocol: 'TCP', HealthCheckTimeoutSeconds: 10 });
  });

  it('created again the same is the same, otherwise a duplicate', async () => {
    const arn = (await createGroup({ Name: 'again' })).TargetGroups?.[0]?.TargetGroupArn;
    expect((await createGroup({ Name: 'again' })).TargetGroups?.[0]?.TargetGroupArn).toBe(arn);
    expect(await refusal(createGroup({ Name: 'again', Port: 81 }))).toBe('DuplicateTargetGroupName');
  });

  it.each([
    ['a name of 33 characters', { Name: 'a'.repeat(33) }],
    ['no VPC', { VpcId: undefined }],
    ['port 0', { Port: 0 }],
    ['an interval of 4 s', { HealthCheckIntervalSeconds: 4 }],
    ['a timeout longer than the interval', { HealthCheckIntervalSeconds: 10, HealthCheckTimeoutSeconds: 11 }],
    ['a threshold of 1', { HealthyThresholdCount: 1 }],
    ['a matcher of 500', { Matcher: { HttpCode: '500' } }],
    ['a path without a slash', { HealthCheckPath: 'healthz' }],
    ['an unknown protocol', { Protocol: 'SMTP' as 'HTTP' }],
  ] as [string, Partial<CreateTargetGroupCommandInput>][])('is refused with %s', async (_what, input) => {
    expect(await refusal(createGroup(input))).toBe('ValidationError');
  });

  it('changes only what is named when it is modified', async () => {
    const { TargetGroups } = await createGroup({ Name: 'modified', HealthCheckPath: '/healthz' });
    const after = await world.elb.send(
      new ModifyTargetGroupCommand({
        TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn,
        HealthCheckIntervalSeconds: 7,
      }),
    );
    expect(after.TargetGroups?.[0]).toMatchObject({ HealthCheckIntervalSeconds: 7, HealthCheckPath: '/healthz' });
    const attribute = (Value: string) =>
      world.elb.send(
        new ModifyTargetGroupAttributesCommand({
          TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn,
          Attributes: [{ Key: 'slow_start.duration_seconds', Value }],
        }),
      );
    expect(await refusal(attribute('29'))).toBe('InvalidConfigurationRequest');
    expect(await refusal(attribute('30'))).toContain('accepted');
  });

  it('lists come in pages that neither repeat nor lose, though something is created between them', async () => {
    for (let index = 0; index < 9; index += 1) await createGroup({ Name: `page-${index}` });
    const names: string[] = [];
    for await (const page of paginateDescribeTargetGroups({ client: world.elb }, { PageSize: 4 })) {
      expect(page.TargetGroups?.length).toBeLessThanOrEqual(4);
      names.push(...(page.TargetGroups ?? []).map((group) => present(group.TargetGroupName)));
      if (names.length === 4) await createGroup({ Name: 'page-late' });
    }
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['page-0', 'page-8', 'page-late']));
    expect(await refusal(world.elb.send(new DescribeTargetGroupsCommand({ PageSize: 401 })))).toBe('ValidationError');
    expect(await refusal(world.elb.send(new DescribeTargetGroupsCommand({ Marker: 'nonsense' })))).toBe(
      'ValidationError',
    );
    expect(await refusal(world.elb.send(new DescribeTargetGroupsCommand({ Names: ['nobody'] })))).toBe(
      'TargetGroupNotFound',
    );
  });
});

describe('tags', () => {
  it('can be added, replaced and taken away, on twenty resources at a time', async () => {
    const arns = await Promise.all(Array.from({ length: 21 }, (_, index) => world.targetGroup(`tagged-${index}`)));
    const twenty = arns.slice(0, 20);
    await world.elb.send(
      new AddTagsCommand({
        ResourceArns: twenty,
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '' },
        ],
      }),
    );
    await world.elb.send(new AddTagsCommand({ ResourceArns: twenty, Tags: [{ Key: 'a', Value: '2' }] }));
    await world.elb.send(new RemoveTagsCommand({ ResourceArns: twenty, TagKeys: ['b', 'c'] }));
    const { TagDescriptions = [] } = await world.elb.send(new DescribeTagsCommand({ ResourceArns: twenty }));
    expect(TagDescriptions.map((description) => description.Tags)).toEqual(
      twenty.map(() => [{ Key: 'a', Value: '2' }]),
    );
    expect(await refusal(world.elb.send(new DescribeTagsCommand({ ResourceArns: arns })))).toBe('ValidationError');
    expect(
      await refusal(
        world.elb.send(new DescribeTagsCommand({ ResourceArns: [`${present(arns[0]).slice(0, -4)}ffff`] })),
      ),
    ).toBe('TargetGroupNotFound');
    const many = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: 'v' }));
    expect(await refusal(world.elb.send(new AddTagsCommand({ ResourceArns: [present(arns[0])], Tags: many })))).toBe(
      'TooManyTags',
    );
  });
});

describe('the account', () => {
  it('tells its limits', async () => {
    const { Limits = [] } = await world.elb.send(new DescribeAccountLimitsCommand({}));
    expect(Limits).toContainEqual({ Name: 'target-groups-per-action-on-application-load-balancer', Max: '5' });
  });

  it('has one default VPC with two subnets in two zones, and a default security group', async () => {
    expect(
      (await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }))).Vpcs,
    ).toMatchObject([{ VpcId: vpcId, CidrBlock: '10.0.0.0/16', IsDefault: true }]);
    expect(
      (await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }))).Subnets?.map(
        (subnet) => subnet.AvailabilityZone,
      ),
    ).toEqual(['us-east-1a', 'us-east-1b']);
    expect(
      (await ec2.send(new DescribeAvailabilityZonesCommand({}))).AvailabilityZones?.map((zone) => zone.ZoneName),
    ).toEqual(['us-east-1a', 'us-east-1b']);
    expect(
      (
        await ec2.send(
          new DescribeSecurityGroupsCommand({
            GroupNames: undefined,
            Filters: [{ Name: 'group-name', Values: ['default'] }],
          }),
        )
      ).SecurityGroups,
    ).toHaveLength(1);
  });

  it('keeps security groups with their rules', async () => {
    const { GroupId } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'pods', Description: 'pods', VpcId: vpcId }),
    );
    const permission = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '10.0.0.0/16' }] };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }));
    expect(
      (await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [present(GroupId)] }))).SecurityGroups?.[0]
        ?.IpPermissions,
    ).toMatchObject([permission]);
    expect(
      await refusal(ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }))),
    ).toBe('InvalidPermission.Duplicate');
    expect(await refusal(ec2.send(new CreateSecurityGroupCommand({ GroupName: 'pods', Description: 'again' })))).toBe(
      'InvalidGroup.Duplicate',
    );
  });
});
