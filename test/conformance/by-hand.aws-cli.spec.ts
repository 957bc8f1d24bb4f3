import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Terminal, must, programs } from '../by-hand/programs.js';
import { eventually } from '../e2e/stack.js';
import { changesIn, fiveSigma, visit } from '../walkthrough/visitor.js';
import { startSandboxProgram, type SandboxProgram } from './sandbox-program.js';

const BLUE = 'blue-2025';
const GREEN = 'green-2026';
const PURPLE = 'purple-2027';
const missing = Object.entries(programs).flatMap(([name, program]) => (program === null ? [name] : []));

describe('the same upgrade typed by hand, with aws and kubectl and without Sluice', () => {
  if (missing.length > 0) {
    it.skip(`is left out: no ${missing.join(', no ')} (npm run test:conformance brings them)`, () => undefined);
    return;
  }
  let dir: string;
  let sandbox: SandboxProgram;
  let terminal: Terminal;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'sluice-sandbox-'));
    sandbox = await startSandboxProgram({
      dir,
      parts: ['aws', 'data-plane', 'clusters', 'controller'],
      clusters: [BLUE, GREEN, PURPLE],
      assets: null,
    });
    terminal = new Terminal(sandbox.access);
  }, 120_000);
  afterAll(async () => {
    terminal.close();
    await sandbox.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  it('alternates between red in one cluster and black in the other, and ends with black alone', async () => {
    const hand = new Hand(terminal, sandbox.access.clusters, 'two');
    const { red, black, listener } = await hand.balance();
    await hand.deploy('red', red, BLUE);
    await hand.deploy('black', black, GREEN);
    await Promise.all([hand.healthy(red), hand.healthy(black)]);
    const url = await hand.addressOf(listener);
    alternates(await visit(url, 400));

    await terminal.awsJson(
      'elbv2',
      'modify-listener',
      '--listener-arn',
      listener,
      '--default-actions',
      split(red, 0, black, 100),
    );
    await eventually('only black', async () => (await visit(url, 20)).every((one) => one === 'black'), 10_000);
    expect(new Set(await visit(url, 100))).toEqual(new Set(['black']));
  }, 180_000);

  it('alternates with both Services in one cluster as well', async () => {
    const hand = new Hand(terminal, sandbox.access.clusters, 'one');
    const { red, black, listener } = await hand.balance();
    await hand.deploy('red', red, PURPLE);
    await hand.deploy('black', black, PURPLE);
    await Promise.all([hand.healthy(red), hand.healthy(black)]);
    alternates(await visit(await hand.addressOf(listener), 400));
  }, 180_000);
});

function alternates(answers: readonly string[]): void {
  expect([...new Set(answers)].sort()).toEqual(['black', 'red']);
  const red = answers.filter((one) => one === 'red').length;
  expect(Math.abs(red - answers.length / 2)).toBeLessThan(fiveSigma(answers.length, 0.5));
  expect(Math.abs(changesIn(answers) - (answers.length - 1) / 2)).toBeLessThan(fiveSigma(answers.length - 1, 0.5));
}

const split = (red: string, ofRed: number, black: string, ofBlack: number) =>
  JSON.stringify([
    {
      Type: 'forward',
      ForwardConfig: {
        TargetGroups: [
          { TargetGroupArn: red, Weight: ofRed },
          { TargetGroupArn: black, Weight: ofBlack },
        ],
      },
    },
  ]);

/** What somebody types, one command each. `run` keeps the names of two runs apart. */
class Hand {
  constructor(
    private readonly terminal: Terminal,
    private readonly kubeconfigs: Readonly<Record<string, string>>,
    private readonly run: string,
  ) {}

  /** A load balancer, two target groups, and a listener that splits half and half. */
  async balance(): Promise<{ red: string; black: string; listener: string }> {
    const [vpc] = (await this.terminal.awsJson('ec2', 'describe-vpcs')).Vpcs;
    const { Subnets } = await this.terminal.awsJson(
      'ec2',
      'describe-subnets',
      '--filters',
      `Name=vpc-id,Values=${vpc.VpcId}`,
    );
    const subnets = (Subnets as { SubnetId: string }[]).map((subnet) => subnet.SubnetId);
    const { LoadBalancers } = await this.terminal.awsJson(
      'elbv2',
      'create-load-balancer',
      '--name',
      `shop-${this.run}`,
      '--subnets',
      ...subnets,
    );
    const [red, black] = [await this.targetGroup('red', vpc.VpcId), await this.targetGroup('black', vpc.VpcId)];
    const [{ LoadBalancerArn: arn }] = LoadBalancers;
    const { Listeners } = await this.terminal.awsJson(
      'elbv2',
      'create-listener',
      '--load-balancer-arn',
      arn,
      '--protocol',
      'HTTP',
      '--port',
      '80',
      '--default-actions',
      split(red, 50, black, 50),
    );
    return { red, black, listener: Listeners[0].ListenerArn };
  }

  /** `kubectl apply` of the side's Service and of its binding. */
  async deploy(side: 'red' | 'black', targetGroupArn: string, cluster: string): Promise<void> {
    for (const part of ['service', 'binding']) {
      const yaml = await readFile(new URL(`../by-hand/${side}-${part}.yaml`, import.meta.url), 'utf8');
      const applied = await this.terminal.kubectlWith(
        yaml.replaceAll('${TARGET_GROUP_ARN}', targetGroupArn),
        this.kubeconfigs[cluster] ?? '',
        'apply',
        '-f',
        '-',
      );
      expect(must(applied, `kubectl apply of ${side}-${part}.yaml`)).toMatch(/(created|configured|unchanged)\n$/);
    }
  }

  async healthy(targetGroupArn: string): Promise<void> {
    await eventually(`healthy targets in ${targetGroupArn}`, async () => {
      const { TargetHealthDescriptions: targets } = await this.terminal.awsJson(
        'elbv2',
        'describe-target-health',
        '--target-group-arn',
        targetGroupArn,
      );
      return (
        targets.length > 0 &&
        targets.every((target: { TargetHealth: { State: string } }) => target.TargetHealth.State === 'healthy')
      );
    });
  }

  async addressOf(listener: string): Promise<string> {
    return eventually(`the tag sandbox/url on ${listener}`, async () => {
      const { TagDescriptions } = await this.terminal.awsJson('elbv2', 'describe-tags', '--resource-arns', listener);
      return TagDescriptions[0].Tags.find((tag: { Key: string }) => tag.Key === 'sandbox/url')?.Value as
        string | undefined;
    });
  }

  private async targetGroup(side: string, vpc: string): Promise<string> {
    const options = [
      '--protocol',
      'HTTP',
      '--port',
      '80',
      '--target-type',
      'ip',
      '--vpc-id',
      vpc,
      '--health-check-interval-seconds',
      '5',
      '--health-check-timeout-seconds',
      '2',
    ];
    const { TargetGroups } = await this.terminal.awsJson(
      'elbv2',
      'create-target-group',
      '--name',
      `${side}-${this.run}`,
      ...options,
    );
    return TargetGroups[0].TargetGroupArn;
  }
}
