import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  type CreateLoadBalancerCommandInput,
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  DescribeTargetHealthCommand,
  type DescribeTargetHealthCommandOutput,
  ElasticLoadBalancingV2Client,
  type Action,
  type Listener,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { type AwsOptions, type RunningAws, startAws } from '../aws/index.js';
import { subnets, vpcId } from '../aws/vpc.js';
import { type RunningNetwork, startNetwork } from '../data-plane/index.js';
import { Faults } from '../shared/faults.js';

export const account = '111122223333';
export const otherAccount = '444455556666';
export const region = 'us-east-1';
export const keys = { accessKeyId: 'AKIAUSER', secretAccessKey: 'secret' };
export const otherKeys = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'secret' };

type Overrides = Partial<Omit<AwsOptions, 'dir' | 'faults' | 'networkUrl'>>;

/** The sandbox's AWS with its network in a directory of its own, and the official SDK as its client. */
export class AwsWorld {
  private readonly servers: Server[] = [];

  private constructor(
    readonly dir: string,
    readonly faults: Faults,
    readonly network: RunningNetwork,
    private readonly overrides: Overrides,
    public aws: RunningAws,
    public elb: ElasticLoadBalancingV2Client,
  ) {}

  static async start(overrides: Overrides = {}): Promise<AwsWorld> {
    const dir = await mkdtemp(path.join(tmpdir(), 'sluice-sandbox-'));
    const faults = new Faults();
    const network = await startNetwork({ dir, port: 0 });
    const aws = await startAws(optionsFor(dir, faults, network, overrides));
    return new AwsWorld(dir, faults, network, overrides, aws, client(aws.endpoint));
  }

  /** The same directory served by a new AWS; what the old one had only in memory is gone. */
  async restart(): Promise<void> {
    await this.aws.stop();
    this.elb.destroy();
    this.aws = await startAws(optionsFor(this.dir, this.faults, this.network, this.overrides));
    this.elb = client(this.aws.endpoint);
  }

  async stop(): Promise<void> {
    this.elb.destroy();
    await this.aws.stop();
    await this.network.close();
    for (const server of this.servers) server.closeAllConnections();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await rm(this.dir, { recursive: true, force: true });
  }

  async loadBalancer(name: string, input: Partial<CreateLoadBalancerCommandInput> = {}): Promise<string> {
    const { LoadBalancers } = await this.elb.send(
      new CreateLoadBalancerCommand({ Name: name, Subnets: subnets.map((subnet) => subnet.id), ...input }),
    );
    return present(LoadBalancers?.[0]?.LoadBalancerArn);
  }

  async targetGroup(name: string, input: Partial<CreateTargetGroupCommandInput> = {}): Promise<string> {
    const { TargetGroups } = await this.elb.send(
      new CreateTargetGroupCommand({
        Name: name,
        Protocol: 'HTTP',
        Port: 8080,
        VpcId: vpcId,
        TargetType: 'ip',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
        HealthyThresholdCount: 2,
        ...input,
      }),
    );
    return present(TargetGroups?.[0]?.TargetGroupArn);
  }

  async listener(
    LoadBalancerArn: string,
    DefaultActions: Action[],
    Port = 80,
  ): Promise<Listener & { ListenerArn: string }> {
    const { Listeners } = await this.elb.send(
      new CreateListenerCommand({ LoadBalancerArn, Protocol: 'HTTP', Port, DefaultActions }),
    );
    const listener = present(Listeners?.[0]);
    return { ...listener, ListenerArn: present(listener.ListenerArn) };
  }

  /** A server of ours behind an address of the VPC. */
  async pod(address: string, answer: RequestListener | string): Promise<Server> {
    const server = createServer(typeof answer === 'string' ? (_request, response) => response.end(answer) : answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.servers.push(server);
    await this.connect(address, (server.address() as AddressInfo).port);
    return server;
  }

  async connect(address: string, port: number, cluster?: string): Promise<void> {
    const response = await fetch(`${this.network.url}/network/endpoints/${address}`, {
      method: 'PUT',
      body: JSON.stringify({ host: '127.0.0.1', port, cluster }),
    });
    if (response.status !== 204) throw new Error(await response.text());
  }

  /** `state reason` of each target, by address. */
  async health(TargetGroupArn: string): Promise<Record<string, string>> {
    return healthByAddress(await this.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn })));
  }
}

export function healthByAddress({
  TargetHealthDescriptions = [],
}: DescribeTargetHealthCommandOutput): Record<string, string> {
  return Object.fromEntries(
    TargetHealthDescriptions.map(({ Target, TargetHealth }) => [
      `${Target?.Id ?? ''}:${Target?.Port ?? ''}`,
      [TargetHealth?.State, TargetHealth?.Reason].filter((part) => part !== undefined).join(' '),
    ]),
  );
}

export function client(
  endpoint: string,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = keys,
  regionName = region,
): ElasticLoadBalancingV2Client {
  return new ElasticLoadBalancingV2Client({ endpoint, region: regionName, credentials, maxAttempts: 1 });
}

export function forward(weights: Record<string, number | undefined>, stickySeconds?: number): Action {
  return {
    Type: 'forward',
    ForwardConfig: {
      TargetGroups: Object.entries(weights).map(([TargetGroupArn, Weight]) => ({ TargetGroupArn, Weight })),
      TargetGroupStickinessConfig:
        stickySeconds === undefined ? undefined : { Enabled: true, DurationSeconds: stickySeconds },
    },
  };
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('It should have been there');
  return value;
}

/** The code on the wire of what AWS refused, or what came instead. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    return `accepted: ${JSON.stringify(await call)}`;
  } catch (error) {
    const { Code, name } = error as { Code?: string; name: string };
    return Code ?? name;
  }
}

function optionsFor(dir: string, faults: Faults, network: RunningNetwork, overrides: Overrides): AwsOptions {
  return {
    dir,
    faults,
    networkUrl: network.url,
    port: 0,
    healthIntervalScale: 0.01,
    accessKeys: [
      { ...keys, account },
      { ...otherKeys, account: otherAccount },
    ],
    ...overrides,
  };
}
