import { afterEach, describe, expect, it } from '@jest/globals';
import { DescribeLoadBalancersCommand, DescribeTagsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { account, AwsWorld, client, keys, otherKeys, refusal } from '../testing/aws-world.js';
import { type SeenCall, TrafficLog } from './traffic-log.js';

let world: AwsWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

const put = async (at: AwsWorld, body: unknown) => {
  const reply = await fetch(`${at.aws.endpoint}/sandbox/limits`, { method: 'PUT', body: JSON.stringify(body) });
  return { status: reply.status, body: await reply.json() };
};
const calls = async (at: AwsWorld, after = 0) =>
  (await (await fetch(`${at.aws.endpoint}/sandbox/requests?after=${after}`)).json()) as {
    calls: SeenCall[];
    next: number;
    lost: number;
  };
const bucket = { burst: 1, perSecond: 0.001 };
const tight = { describe: bucket, modify: bucket, register: bucket };

describe('limits while the sandbox runs', () => {
  it('are set for one account, others keep theirs, and buckets start full', async () => {
    world = await AwsWorld.start();
    const other = client(world.aws.endpoint, otherKeys);
    const list = (elb = world!.elb) => refusal(elb.send(new DescribeLoadBalancersCommand({})));
    expect((await put(world, { account, limits: tight })).status).toBe(200);
    expect([await list(), await list(), await list(other), await list(other)]).toEqual([
      expect.stringContaining('accepted'),
      'Throttling',
      expect.stringContaining('accepted'),
      expect.stringContaining('accepted'),
    ]);
    expect((await put(world, { limits: 'real', speed: 5 })).status).toBe(200);
    expect([await list(), await list()]).toEqual([
      expect.stringContaining('accepted'),
      expect.stringContaining('accepted'),
    ]);
    other.destroy();
  });

  it.each([
    [[], 'JSON object'],
    [{ acount: account }, 'acount'],
    [{ account: '1' }, '12 digits'],
    [{ limits: 'none' }, 'limits'],
    [{ limits: { describe: bucket } }, 'limits'],
    [{ speed: 0 }, 'speed'],
    [{ latencyMs: { read: 5 } }, 'latencyMs'],
  ])('refuse %j and name the field', async (body, named) => {
    world = await AwsWorld.start();
    expect(await put(world, body)).toMatchObject({ status: 400, body: { detail: expect.stringContaining(named) } });
  });

  it('hold up each call of a kind by its latency', async () => {
    world = await AwsWorld.start();
    await put(world, { latencyMs: { describe: 60 } });
    await world.elb.send(new DescribeLoadBalancersCommand({}));
    const [call] = (await calls(world)).calls;
    expect(call!.doneMs - call!.atMs).toBeGreaterThanOrEqual(59);
  });
});

describe('the calls in memory', () => {
  it('say who asked what about which thing, and what was refused', async () => {
    world = await AwsWorld.start();
    const loadBalancer = await world.loadBalancer('shop');
    const group = await world.targetGroup('red');
    const { ListenerArn } = await world.listener(loadBalancer, [{ Type: 'forward', TargetGroupArn: group }]);
    const before = await calls(world);
    expect(before.calls.map(({ action, mutates, outcome }) => [action, mutates, outcome])).toEqual([
      ['CreateLoadBalancer', true, 'OK'],
      ['CreateTargetGroup', true, 'OK'],
      ['CreateListener', true, 'OK'],
    ]);
    await put(world, { limits: tight });
    const read = () => refusal(world!.elb.send(new DescribeTagsCommand({ ResourceArns: [ListenerArn, group] })));
    await read();
    await read();
    const { calls: after, lost } = await calls(world, before.next);
    expect(lost).toBe(0);
    expect(after).toEqual([
      expect.objectContaining({
        account,
        accessKeyId: keys.accessKeyId,
        action: 'DescribeTags',
        throttled: false,
        outcome: 'OK',
        subjects: [ListenerArn, group],
      }),
      expect.objectContaining({ throttled: true, outcome: 'Throttling' }),
    ]);
  });

  it('make room for newer ones, and say how many are lost', () => {
    const log = new TrafficLog(10);
    const call = { atMs: 0, doneMs: 0, account, region: '', accessKeyId: '', action: '', mutates: false };
    for (let n = 0; n < 12; n++) log.add({ ...call, throttled: false, outcome: 'OK', subjects: [] });
    const { calls: kept, next, lost } = log.after(0, 100);
    expect([kept.length, next, lost]).toEqual([10, 12, 2]);
    expect(log.after(next, 100)).toEqual({ calls: [], next: 12, lost: 0 });
  });
});
