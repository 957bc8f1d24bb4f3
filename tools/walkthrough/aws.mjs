// What the walkthrough asks AWS (the sandbox's) itself: the network to build in, and where a listener is to be reached.
import { waitUntil } from '../lib/processes.mjs';
import { ToolError } from '../lib/say.mjs';

const clientConfig = ({ endpoint, region, accessKeyId, secretAccessKey }) => ({
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey },
});

/** The default VPC with two subnets and a security group. */
export async function findNetwork(aws) {
  const { EC2Client, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand } =
    await import('@aws-sdk/client-ec2');
  const ec2 = new EC2Client(clientConfig(aws));
  try {
    const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({}));
    const vpc = Vpcs.find((each) => each.IsDefault) ?? Vpcs[0];
    if (vpc === undefined) throw new ToolError('there is no VPC in this account');
    const Filters = [{ Name: 'vpc-id', Values: [vpc.VpcId] }];
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
    const byZone = new Map(Subnets.map((subnet) => [subnet.AvailabilityZone, subnet.SubnetId]));
    return {
      vpcId: vpc.VpcId,
      subnets: [...byZone.values()].slice(0, 2),
      securityGroups: SecurityGroups.slice(0, 1).map((group) => group.GroupId),
    };
  } finally {
    ec2.destroy();
  }
}

/** The account's number. */
export async function whichAccount(aws) {
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
  const sts = new STSClient(clientConfig(aws));
  try {
    return (await sts.send(new GetCallerIdentityCommand({}))).Account;
  } finally {
    sts.destroy();
  }
}

/** The local URL at which the sandbox serves a listener: its tag `sandbox/url`. */
export async function urlOfListener(aws, listenerArn) {
  const { DescribeTagsCommand, ElasticLoadBalancingV2Client } =
    await import('@aws-sdk/client-elastic-load-balancing-v2');
  const elb = new ElasticLoadBalancingV2Client(clientConfig(aws));
  try {
    // the data plane opens its port, then says where
    return await waitUntil(
      `the tag sandbox/url on ${listenerArn}`,
      async () => {
        const { TagDescriptions = [] } = await elb.send(new DescribeTagsCommand({ ResourceArns: [listenerArn] }));
        return TagDescriptions[0]?.Tags?.find(({ Key }) => Key === 'sandbox/url')?.Value;
      },
      { timeoutMs: 15_000, everyMs: 200 },
    );
  } finally {
    elb.destroy();
  }
}
