import { afterEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Action,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeListenersCommand,
  DescribeTagsCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';

const program = path.resolve('apps/sandbox/dist/main.js');

interface Access {
  readonly control: string;
  readonly network: string;
  readonly aws: { endpoint: string; region: string; accessKeyId: string; secretAccessKey: string };
}

const running: ChildProcess[] = [];
const dirs: string[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => end(child, 'SIGKILL')));
  await Promise.all(dirs.splice(0).map((dir) => rm(dir, { recursive: true, force: true })));
});

async function newDir(): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sluice-sandbox-'));
  dirs.push(dir);
  return dir;
}

/** Starts the program and waits for its line; what it says to stderr fails the test if it ends before. */
async function start(dir: string, ...args: string[]): Promise<{ child: ChildProcess; access: Access }> {
  const child = spawn(process.execPath, [program, '--dir', dir, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('sandbox ready')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${said}`)));
  });
  return { child, access: JSON.parse(readFileSync(path.join(dir, 'access.json'), 'utf8')) as Access };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function elbOf({ aws }: Access): ElasticLoadBalancingV2Client {
  return new ElasticLoadBalancingV2Client({
    endpoint: aws.endpoint,
    region: aws.region,
    credentials: aws,
    maxAttempts: 1,
  });
}

const split = (red: string, black: string, weight: number): Action => ({
  Type: 'forward',
  ForwardConfig: {
    TargetGroups: [
      { TargetGroupArn: red, Weight: weight },
      { TargetGroupArn: black, Weight: 1 },
    ],
  },
});

async function build(elb: ElasticLoadBalancingV2Client): Promise<{ red: string; black: string; listener: string }> {
  const group = async (Name: string): Promise<string> => {
    const { TargetGroups } = await elb.send(
      new CreateTargetGroupCommand({
        Name,
        Protocol: 'HTTP',
        Port: 8080,
        VpcId: 'vpc-0123456789abcdef0',
        TargetType: 'ip',
        HealthCheckIntervalSeconds: 5,
        HealthCheckTimeoutSeconds: 2,
      }),
    );
    return TargetGroups?.[0]?.TargetGroupArn ?? '';
  };
  const [red, black] = [await group('red'), await group('black')];
  const { LoadBalancers } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'main', Subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] }),
  );
  const { Listeners } = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [split(red, black, 1)],
    }),
  );
  return { red, black, listener: Listeners?.[0]?.ListenerArn ?? '' };
}

async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (let left = 500; left > 0; left -= 1) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && wanted(answer)) return answer;
    await sleep(20);
  }
  throw new Error('Not so within 10 s');
}

const url = async (elb: ElasticLoadBalancingV2Client, listener: string): Promise<string> => {
  const { TagDescriptions } = await elb.send(new DescribeTagsCommand({ ResourceArns: [listener] }));
  return TagDescriptions?.[0]?.Tags?.find((tag) => tag.Key === 'sandbox/url')?.Value ?? '';
};

async function pod(network: string, address: string): Promise<() => void> {
  const server = createServer((_request, response) => response.end('red'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch(`${network}/network/endpoints/${address}`, {
    method: 'PUT',
    body: JSON.stringify({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }),
  });
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

describe('the sandbox as a program', () => {
  it('loses no write that it answered, and none half, when it is killed at any moment; addresses stay', async () => {
    const dir = await newDir();
    let { child, access } = await start(dir, '--parts', 'aws,data-plane');
    const first = access;
    const { red, black, listener } = await build(elbOf(access));
    const stopPod = await pod(access.network, '10.0.1.1:8080');
    await elbOf(access).send(new RegisterTargetsCommand({ TargetGroupArn: red, Targets: [{ Id: '10.0.1.1' }] }));
    const address = await until(
      () => url(elbOf(access), listener),
      (found) => found !== '',
    );
    let sent = 1;
    for (let round = 0; round < 6; round += 1) {
      let answered = sent;
      const elb = elbOf(access);
      const writing = (async () => {
        for (;;) {
          sent = (sent % 998) + 1;
          await elb.send(
            new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [split(red, black, sent)] }),
          );
          answered = sent;
        }
      })().catch(() => undefined);
      await sleep(50 + Math.random() * 150);
      await end(child, 'SIGKILL');
      await writing;
      ({ child, access } = await start(dir, '--parts', 'aws,data-plane'));
      const { Listeners } = await elbOf(access).send(new DescribeListenersCommand({ ListenerArns: [listener] }));
      const live = Listeners?.[0]?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight;
      expect([answered, sent]).toContain(live);
      sent = live ?? sent;
    }
    expect(access).toEqual(first);
    expect(
      await until(
        () => fetch(address).then((response) => response.text()),
        (text) => text === 'red',
      ),
    ).toBe('red');
    stopPod();
    expect(await end(child, 'SIGTERM')).toBe(0);
  });

  it('can run each part in a process of its own', async () => {
    const [awsDir, trafficDir] = [await newDir(), await newDir()];
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as AddressInfo).port);
    await new Promise((resolve) => taken.close(resolve));
    const { access } = await start(awsDir, '--parts', 'aws', '--network-url', `http://127.0.0.1:${port}`);
    const traffic = await start(
      trafficDir,
      '--parts',
      'data-plane',
      '--network-port',
      port,
      '--aws-endpoint',
      access.aws.endpoint,
    );
    const elb = elbOf(access);
    const { red, black, listener } = await build(elb);
    const stopPod = await pod(traffic.access.network, '10.0.1.1:8080');
    await elb.send(new RegisterTargetsCommand({ TargetGroupArn: red, Targets: [{ Id: '10.0.1.1' }] }));
    await elb.send(
      new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [{ Type: 'forward', TargetGroupArn: red }] }),
    );
    expect(black).not.toBe('');
    const address = await until(
      () => url(elb, listener),
      (found) => found !== '',
    );
    expect(
      await until(
        () => fetch(address).then((response) => response.text()),
        (text) => text === 'red',
      ),
    ).toBe('red');
    stopPod();
  });

  it('refuses a second one on the same directory, and a part without what it needs', async () => {
    const dir = await newDir();
    await start(dir, '--parts', 'aws,data-plane');
    await expect(start(dir, '--parts', 'aws,data-plane')).rejects.toThrow('running on');
    await expect(start(await newDir(), '--parts', 'aws')).rejects.toThrow('--network-url');
    await expect(start(await newDir(), '--parts', 'kitchen')).rejects.toThrow('kitchen');
    expect(existsSync(path.join(dir, 'access.json'))).toBe(true);
  });
});
