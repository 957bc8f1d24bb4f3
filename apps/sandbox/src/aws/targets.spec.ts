import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
  ModifyTargetGroupCommand,
  RegisterTargetsCommand,
  type TargetDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsWorld, forward, healthByAddress, present, refusal } from '../testing/aws-world.js';
import { eventually } from '../testing/eventually.js';
import { subnets } from './vpc.js';

let world: AwsWorld;
let balancer: string;
let anchor: string;
let listener: string;

beforeAll(async () => {
  world = await AwsWorld.start();
  balancer = await world.loadBalancer('main');
  anchor = await world.targetGroup('anchor');
  listener = (await world.listener(balancer, [forward({ [anchor]: 1 })])).ListenerArn;
});
afterAll(() => world.stop());

const register = (TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  world.elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets }));
const deregister = (TargetGroupArn: string, ...Targets: TargetDescription[]) =>
  world.elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets }));
const attach = (weights: Record<string, number>) =>
  world.elb.send(
    new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [forward({ [anchor]: 1, ...weights })] }),
  );
const becomes = (group: string, address: string, state: string) =>
  eventually(
    () => world.health(group),
    (health) => health[address] === state,
  );
const delay = (TargetGroupArn: string, seconds: number) =>
  world.elb.send(
    new ModifyTargetGroupAttributesCommand({
      TargetGroupArn,
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(seconds) }],
    }),
  );

describe('a target', () => {
  it('is unused until its group is attached, weight 0 being enough, then initial, then healthy after one success', async () => {
    const group = await world.targetGroup('life', { HealthyThresholdCount: 10 });
    let asked = 0;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    await world.pod('10.0.1.1:8080', (_request, response) => {
      asked += 1;
      void held.then(() => response.end('ok'));
    });
    await register(group, { Id: '10.0.1.1' });
    expect(await world.health(group)).toEqual({ '10.0.1.1:8080': 'unused Target.NotInUse' });
    await world.elb.send(
      new ModifyTargetGroupCommand({
        TargetGroupArn: group,
        HealthCheckIntervalSeconds: 120,
        HealthCheckTimeoutSeconds: 120,
      }),
    );
    expect(asked).toBe(0);
    await attach({ [group]: 0 });
    expect(await world.health(group)).toEqual({ '10.0.1.1:8080': 'initial Elb.InitialHealthChecking' });
    await eventually(
      () => asked,
      (count) => count === 1,
    );
    release();
    await becomes(group, '10.0.1.1:8080', 'healthy');
    expect(asked).toBe(1);
    await attach({});
    expect(await world.health(group)).toEqual({ '10.0.1.1:8080': 'unused Target.NotInUse' });
  });

  it('is unhealthy after the threshold, says why, and needs the other threshold to recover', async () => {
    const group = await world.targetGroup('sick', {
      HealthyThresholdCount: 3,
      UnhealthyThresholdCount: 2,
      Matcher: { HttpCode: '200-299' },
    });
    let status = 204;
    const answers: number[] = [];
    await world.pod('10.0.1.2:8080', (_request, response) => {
      answers.push(status);
      response.writeHead(status).end();
    });
    await register(group, { Id: '10.0.1.2' });
    await attach({ [group]: 0 });
    await becomes(group, '10.0.1.2:8080', 'healthy');
    status = 500;
    await becomes(group, '10.0.1.2:8080', 'unhealthy Target.ResponseCodeMismatch');
    expect(answers.filter((answer) => answer === 500).length).toBeGreaterThanOrEqual(2);
    status = 200;
    await becomes(group, '10.0.1.2:8080', 'healthy');
    expect(answers.filter((answer) => answer === 200).length).toBeGreaterThanOrEqual(3);
    await attach({});
  });

  it('that nobody answers for times out, and one that refuses fails its checks', async () => {
    const group = await world.targetGroup('gone');
    await world.connect('10.0.1.3:8080', 1);
    await register(group, { Id: '10.0.1.3' }, { Id: '10.0.1.4' });
    await attach({ [group]: 0 });
    await becomes(group, '10.0.1.3:8080', 'unhealthy Target.FailedHealthChecks');
    await becomes(group, '10.0.1.4:8080', 'unhealthy Target.Timeout');
    await attach({});
  });

  it('drains for the delay of its group after deregistration, still known meanwhile, and may come back', async () => {
    const group = await world.targetGroup('drain');
    await world.pod('10.0.1.5:8080', 'ok');
    await register(group, { Id: '10.0.1.5' });
    await attach({ [group]: 0 });
    await becomes(group, '10.0.1.5:8080', 'healthy');
    await deregister(group, { Id: '10.0.1.5' });
    expect(await world.health(group)).toEqual({ '10.0.1.5:8080': 'draining Target.DeregistrationInProgress' });
    await register(group, { Id: '10.0.1.5' });
    await becomes(group, '10.0.1.5:8080', 'healthy');
    await delay(group, 1);
    await deregister(group, { Id: '10.0.1.5' });
    expect(await world.health(group)).toEqual({ '10.0.1.5:8080': 'draining Target.DeregistrationInProgress' });
    await eventually(
      () => world.health(group),
      (health) => Object.keys(health).length === 0,
    );
    await attach({});
  });

  it('goes at once when its group is not attached or has no delay', async () => {
    const group = await world.targetGroup('quick');
    await register(group, { Id: '10.0.1.6' });
    await deregister(group, { Id: '10.0.1.6' });
    expect(await world.health(group)).toEqual({});
    await attach({ [group]: 0 });
    await delay(group, 0);
    await register(group, { Id: '10.0.1.6' });
    await deregister(group, { Id: '10.0.1.6' });
    expect(await world.health(group)).toEqual({});
    await attach({});
  });

  it('is known by address and port: one address may be there twice', async () => {
    const group = await world.targetGroup('twice');
    await register(group, { Id: '10.0.1.7', Port: 81 }, { Id: '10.0.1.7', Port: 82 });
    expect(Object.keys(await world.health(group)).sort()).toEqual(['10.0.1.7:81', '10.0.1.7:82']);
    await deregister(group, { Id: '10.0.1.7', Port: 81 }, { Id: '10.0.9.9', Port: 1 });
    expect(Object.keys(await world.health(group))).toEqual(['10.0.1.7:82']);
    const asked = await world.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn: group, Targets: [{ Id: '10.0.1.7', Port: 81 }] }),
    );
    expect(healthByAddress(asked)).toEqual({ '10.0.1.7:81': 'unused Target.NotRegistered' });
  });

  it('in a zone that its load balancer does not serve is not in use', async () => {
    const flows = await world.loadBalancer('one-zone', { Type: 'network', Subnets: [present(subnets[0]).id] });
    const group = await world.targetGroup('zones', { Protocol: 'TCP', HealthCheckProtocol: 'TCP' });
    await world.pod('10.0.1.8:8080', 'ok');
    await world.pod('10.0.200.8:8080', 'ok');
    await register(group, { Id: '10.0.1.8' }, { Id: '10.0.200.8' });
    const { CreateListenerCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2');
    await world.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: flows,
        Protocol: 'TCP',
        Port: 80,
        DefaultActions: [forward({ [group]: 1 })],
      }),
    );
    await becomes(group, '10.0.1.8:8080', 'healthy');
    expect((await world.health(group))['10.0.200.8:8080']).toBe('unused Target.NotInUse');
  });

  it.each([
    ['a public address', { Id: '8.8.8.8' }, 'InvalidTarget'],
    ['a loopback address', { Id: '127.0.0.1' }, 'InvalidTarget'],
    ['no address', { Id: 'pod-1' }, 'ValidationError'],
    ['an address outside the VPC without a zone', { Id: '192.168.1.1' }, 'ValidationError'],
    ["a zone that is not the address's own", { Id: '10.0.1.1', AvailabilityZone: 'us-east-1b' }, 'ValidationError'],
  ] as [string, TargetDescription, string][])('is refused with %s', async (_what, target, code) => {
    expect(await refusal(register(anchor, target))).toBe(code);
    expect(await world.health(anchor)).toEqual({});
  });

  it('outside the VPC is accepted for all zones', async () => {
    const group = await world.targetGroup('outside');
    await register(group, { Id: '192.168.1.1', AvailabilityZone: 'all' });
    expect(Object.keys(await world.health(group))).toEqual(['192.168.1.1:8080']);
  });

  it('by instance has to be an instance id', async () => {
    const group = await world.targetGroup('nodes', { TargetType: 'instance' });
    expect(await refusal(register(group, { Id: '10.0.1.1' }))).toBe('InvalidTarget');
    await world.pod('i-0123456789abcdef0:30080', 'ok');
    await register(group, { Id: 'i-0123456789abcdef0', Port: 30080 });
    await attach({ [group]: 0 });
    await becomes(group, 'i-0123456789abcdef0:30080', 'healthy');
    await attach({});
  });
});

describe('a target group', () => {
  it('cannot be deleted while an action names it, weight 0 included', async () => {
    const group = await world.targetGroup('held');
    await attach({ [group]: 0 });
    expect(await refusal(world.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group })))).toBe(
      'ResourceInUse',
    );
    await attach({});
    await world.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group }));
    expect(await refusal(world.health(group))).toBe('TargetGroupNotFound');
  });

  it('with health checks off says unavailable', async () => {
    const group = await world.targetGroup('unchecked', { HealthCheckEnabled: false });
    await register(group, { Id: '10.0.1.9' });
    await attach({ [group]: 0 });
    expect(await world.health(group)).toEqual({ '10.0.1.9:8080': 'unavailable Target.HealthCheckDisabled' });
    await attach({});
  });
});

describe('the fault targets.unhealthy', () => {
  it('makes the checks of just those targets time out until it ends', async () => {
    const group = await world.targetGroup('faulted', { UnhealthyThresholdCount: 2 });
    const pod = await world.pod('10.0.1.10:8080', 'ok');
    await world.pod('10.0.1.11:8080', 'ok');
    const address = pod.address();
    await world.connect('10.0.1.10:8080', typeof address === 'object' ? present(address?.port) : 0, 'blue');
    await register(group, { Id: '10.0.1.10' }, { Id: '10.0.1.11' });
    await attach({ [group]: 0 });
    await becomes(group, '10.0.1.10:8080', 'healthy');
    await becomes(group, '10.0.1.11:8080', 'healthy');
    world.faults.set('targets.unhealthy', { cluster: 'blue', targetGroup: 'faulted' });
    await becomes(group, '10.0.1.10:8080', 'unhealthy Target.Timeout');
    expect((await world.health(group))['10.0.1.11:8080']).toBe('healthy');
    world.faults.clear('targets.unhealthy');
    await becomes(group, '10.0.1.10:8080', 'healthy');
  });
});
