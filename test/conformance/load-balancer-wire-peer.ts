import {
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  ModifyRuleCommand,
  RegisterTargetsCommand,
  type Action,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { ElbV2LoadBalancer } from '@sluice/aws';
import type { AwsAccess } from '@sluice/control';
import type { Weights } from '@sluice/domain';
import type { ConsoleEdit, LoadBalancerPeer, PeerFaults } from '@sluice/testing';

export type StaticAccess = AwsAccess & {
  readonly endpoint: string;
  readonly credentials: NonNullable<AwsAccess['credentials']>;
};

/** A server that speaks ELBv2 and EC2, with our adapter in front of it and a plain SDK client as the person at the console. */
export async function wirePeer(
  access: StaticAccess,
  faults: PeerFaults,
  stop: () => Promise<void>,
): Promise<LoadBalancerPeer> {
  const { endpoint, region, credentials } = access;
  const console = new ElasticLoadBalancingV2Client({ endpoint, region, credentials });
  const port = new ElbV2LoadBalancer({ requestTimeoutMs: 3000 });
  return {
    port,
    access,
    network: await findNetwork(new EC2Client({ endpoint, region, credentials })),
    registerTargets: async (TargetGroupArn, addresses) => {
      await console.send(
        new RegisterTargetsCommand({ TargetGroupArn, Targets: addresses.map((Id) => ({ Id, Port: 8080 })) }),
      );
    },
    editByConsole: (routeArn, edit) => modify(console, routeArn, actionsOf(edit)),
    faults,
    close: async () => {
      port.close();
      console.destroy();
      await stop();
    },
  };
}

/** Two subnets of the default VPC (a load balancer needs two zones) and a security group of it. */
async function findNetwork(ec2: EC2Client): Promise<LoadBalancerPeer['network']> {
  const { Vpcs: [vpc] = [] } = await ec2.send(
    new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }),
  );
  const vpcId = vpc?.VpcId;
  if (vpcId === undefined) throw new Error('the peer has no default VPC');
  const inVpc = { Filters: [{ Name: 'vpc-id', Values: [vpcId] }] };
  const { Subnets: subnets = [] } = await ec2.send(new DescribeSubnetsCommand(inVpc));
  const { SecurityGroups: groups = [] } = await ec2.send(new DescribeSecurityGroupsCommand(inVpc));
  ec2.destroy();
  return {
    vpcId,
    subnets: subnets.slice(0, 2).flatMap(({ SubnetId }) => SubnetId ?? []),
    securityGroups: groups.slice(0, 1).flatMap(({ GroupId }) => GroupId ?? []),
  };
}

async function modify(console: ElasticLoadBalancingV2Client, routeArn: string, actions: Action[]): Promise<void> {
  if (routeArn.includes(':listener-rule/'))
    await console.send(new ModifyRuleCommand({ RuleArn: routeArn, Actions: actions }));
  else await console.send(new ModifyListenerCommand({ ListenerArn: routeArn, DefaultActions: actions }));
}

function actionsOf(edit: ConsoleEdit): Action[] {
  switch (edit.kind) {
    case 'fixedResponse':
      return [
        {
          Type: 'fixed-response',
          FixedResponseConfig: { StatusCode: '503', ContentType: 'text/plain', MessageBody: 'closed' },
        },
      ];
    case 'shortForm':
      return [{ Type: 'forward', TargetGroupArn: edit.targetGroupArn }];
    case 'weights':
      return [{ Type: 'forward', ForwardConfig: { TargetGroups: tuples(edit.weights) } }];
    case 'authenticateAndStick':
      return [
        { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: oidc },
        {
          Type: 'forward',
          Order: 2,
          ForwardConfig: {
            TargetGroups: tuples(edit.weights),
            TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: edit.stickySeconds },
          },
        },
      ];
  }
}

function tuples(weights: Weights): { TargetGroupArn: string; Weight: number }[] {
  return weights.map(({ targetGroupArn, weight }) => ({ TargetGroupArn: targetGroupArn, Weight: weight }));
}

const oidc = {
  Issuer: 'https://login.example.com',
  AuthorizationEndpoint: 'https://login.example.com/authorize',
  TokenEndpoint: 'https://login.example.com/token',
  UserInfoEndpoint: 'https://login.example.com/userinfo',
  ClientId: 'shop',
  ClientSecret: 'not-a-secret-of-anybody',
  SessionTimeout: 604_800,
};
