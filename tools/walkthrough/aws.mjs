// What the scenarios ask AWS (the sandbox's) themselves: the network to build in, what stood there before Sluice came, and
// what the load balancers say in the end.
import { inParallel } from '../lib/in-parallel.mjs';
import { waitUntil } from '../lib/processes.mjs';
import { ToolError } from '../lib/say.mjs';

const AT_ONCE = 8;

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

/** `send('CreateRule', input)` for any command of ELBv2; `destroy()` when it is done with. */
export async function elbClient(aws) {
  const sdk = await import('@aws-sdk/client-elastic-load-balancing-v2');
  const client = new sdk.ElasticLoadBalancingV2Client(clientConfig(aws));
  return {
    send: (action, input) => client.send(new sdk[`${action}Command`](input)),
    destroy: () => client.destroy(),
  };
}

/** The local URL at which the sandbox serves a listener: its tag `sandbox/url`. */
export async function urlOfListener(aws, listenerArn) {
  const { send, destroy } = await elbClient(aws);
  try {
    // the data plane opens its port, then says where
    return await waitUntil(
      `the tag sandbox/url on ${listenerArn}`,
      async () => {
        const { TagDescriptions = [] } = await send('DescribeTags', { ResourceArns: [listenerArn] });
        return TagDescriptions[0]?.Tags?.find(({ Key }) => Key === 'sandbox/url')?.Value;
      },
      { timeoutMs: 15_000, everyMs: 200 },
    );
  } finally {
    destroy();
  }
}

/** Waits until each target group has targets and all of them are healthy; `elb` as `elbClient` gives it. */
export async function targetsHealthy({ send }, targetGroupArns, { timeoutMs = 60_000, signal } = {}) {
  await inParallel(targetGroupArns, AT_ONCE, (TargetGroupArn) =>
    waitUntil(
      `healthy targets in ${TargetGroupArn}`,
      async () => {
        signal?.throwIfAborted();
        const { TargetHealthDescriptions = [] } = await send('DescribeTargetHealth', { TargetGroupArn });
        return (
          TargetHealthDescriptions.length > 0 &&
          TargetHealthDescriptions.every(({ TargetHealth }) => TargetHealth?.State === 'healthy')
        );
      },
      { timeoutMs, everyMs: 200 },
    ),
  );
}

/** What the load balancers themselves say: rule ARN -> `[{ targetGroupArn, weight }]`. */
export async function weightsOfRules({ send }, listenerArns) {
  const weights = new Map();
  for (const ListenerArn of listenerArns) {
    // a listener of ours has fewer rules than a page
    const { Rules = [] } = await send('DescribeRules', { ListenerArn, PageSize: 400 });
    for (const { RuleArn, Actions = [] } of Rules)
      weights.set(
        RuleArn,
        (Actions.at(-1)?.ForwardConfig?.TargetGroups ?? []).map(({ TargetGroupArn, Weight }) => ({
          targetGroupArn: TargetGroupArn,
          weight: Weight,
        })),
      );
  }
  return weights;
}

/** Sets the account's limits: see `PUT /sandbox/limits` in docs/sandbox.md. */
export async function setLimits({ endpoint }, limits) {
  const reply = await fetch(`${endpoint}/sandbox/limits`, { method: 'PUT', body: JSON.stringify(limits) });
  if (!reply.ok) throw new ToolError(`the sandbox's limits were not set (${reply.status}): ${await reply.text()}`);
}

/** All calls that AWS was asked since `fromMs` (Date.now), as its own record has them: see docs/sandbox.md. */
export async function callsSince({ endpoint }, fromMs) {
  const found = [];
  for (let after = 0; ;) {
    const reply = await fetch(`${endpoint}/sandbox/requests?after=${after}`);
    const { calls, next } = await reply.json();
    if (calls.length === 0) return found;
    found.push(...calls.filter(({ atMs }) => atMs >= fromMs));
    after = next;
  }
}
