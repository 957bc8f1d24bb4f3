import { afterEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  AddTagsCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
  ModifyListenerCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  AwsWorld,
  client,
  forward,
  keys,
  otherAccount,
  otherKeys,
  present,
  refusal,
  region,
} from '../testing/aws-world.js';
import { eventually } from '../testing/eventually.js';
import { realBuckets } from './token-buckets.js';
import { partsCredentials } from '../shared/parts.js';

let world: AwsWorld;
afterEach(() => world.stop());

const list = (elb: ElasticLoadBalancingV2Client) => elb.send(new DescribeLoadBalancersCommand({}));
const outcomes = async (count: number, call: () => Promise<unknown>) => {
  const answers = await Promise.all(
    Array.from({ length: count }, async () => (await refusal(call())).replace(/^accepted.*/, 'OK')),
  );
  return {
    ok: answers.filter((answer) => answer === 'OK').length,
    throttled: answers.filter((answer) => answer === 'Throttling').length,
  };
};

describe('who calls', () => {
  it('has to be known, and each account sees its own things', async () => {
    world = await AwsWorld.start();
    await world.loadBalancer('mine');
    expect(await refusal(list(client(world.aws.endpoint, { accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' })))).toBe(
      'InvalidClientTokenId',
    );
    expect((await list(world.elb)).LoadBalancers).toHaveLength(1);
    expect((await list(client(world.aws.endpoint, otherKeys))).LoadBalancers).toEqual([]);
    expect((await list(client(world.aws.endpoint, keys, 'eu-west-1'))).LoadBalancers).toEqual([]);
    const unsigned = await fetch(world.aws.endpoint, {
      method: 'POST',
      body: 'Action=DescribeLoadBalancers&Version=2015-12-01',
    });
    expect([unsigned.status, await unsigned.text()]).toEqual([
      403,
      expect.stringContaining('<Code>MissingAuthenticationToken</Code>'),
    ]);
  });

  it('can assume a role of another account, with its external id where it has one', async () => {
    const arn = `arn:aws:iam::${otherAccount}:role/sluice`;
    world = await AwsWorld.start({ roles: [{ arn, externalId: 'tenant-7' }] });
    const sts = new STSClient({ endpoint: world.aws.endpoint, region, credentials: keys, maxAttempts: 1 });
    const assume = (ExternalId?: string) =>
      sts.send(new AssumeRoleCommand({ RoleArn: arn, RoleSessionName: 'test', ExternalId }));
    expect(await refusal(assume())).toBe('AccessDenied');
    expect(await refusal(assume('tenant-8'))).toBe('AccessDenied');
    const { Credentials } = await assume('tenant-7');
    const credentials = {
      accessKeyId: present(Credentials?.AccessKeyId),
      secretAccessKey: present(Credentials?.SecretAccessKey),
      sessionToken: present(Credentials?.SessionToken),
    };
    const there = new STSClient({ endpoint: world.aws.endpoint, region, credentials, maxAttempts: 1 });
    expect(await there.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Account: otherAccount,
      Arn: `arn:aws:sts::${otherAccount}:assumed-role/sluice/test`,
    });
    expect((await list(client(world.aws.endpoint, credentials))).LoadBalancers).toEqual([]);
    expect(await refusal(list(client(world.aws.endpoint, { ...credentials, sessionToken: 'forged' })))).toBe(
      'InvalidClientTokenId',
    );
    await world.restart();
    expect(await refusal(list(client(world.aws.endpoint, credentials)))).toContain('accepted');
    world.faults.set('aws.expiredToken', {});
    expect(await refusal(list(client(world.aws.endpoint, credentials)))).toBe('ExpiredToken');
    expect(await refusal(list(world.elb))).toContain('accepted');
    sts.destroy();
    there.destroy();
  });

  it('loses temporary credentials when their time is over, and may not sign with a date five minutes off', async () => {
    let aheadMs = 0;
    world = await AwsWorld.start({ nowMs: () => Date.now() + aheadMs });
    const sts = new STSClient({ endpoint: world.aws.endpoint, region, credentials: keys, maxAttempts: 1 });
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${otherAccount}:role/any`,
        RoleSessionName: 'test',
        DurationSeconds: 900,
      }),
    );
    const credentials = {
      accessKeyId: present(Credentials?.AccessKeyId),
      secretAccessKey: 'x',
      sessionToken: present(Credentials?.SessionToken),
    };
    aheadMs = 901_000;
    expect(await refusal(list(world.elb))).toBe('SignatureDoesNotMatch');
    const late = client(world.aws.endpoint, credentials);
    late.config.systemClockOffset = aheadMs;
    expect(await refusal(list(late))).toBe('ExpiredToken');
    sts.destroy();
  });
});

describe('token buckets', () => {
  it("are per account, Region and kind of call, and the sandbox's own parts draw from none", async () => {
    world = await AwsWorld.start({
      buckets: {
        ...realBuckets,
        describe: { burst: 5, perSecond: 0.001 },
        register: { burst: 2, perSecond: 0.001 },
        modify: { burst: 3, perSecond: 0.001 },
      },
    });
    const group = await world.targetGroup('red');
    expect(await outcomes(9, () => list(world.elb))).toEqual({ ok: 5, throttled: 4 });
    expect(
      await outcomes(4, () =>
        world.elb.send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [{ Id: '10.0.0.9' }] })),
      ),
    ).toEqual({ ok: 2, throttled: 2 });
    expect(
      await outcomes(4, () =>
        world.elb.send(new AddTagsCommand({ ResourceArns: [group], Tags: [{ Key: 'a', Value: 'b' }] })),
      ),
    ).toEqual({ ok: 2, throttled: 2 });
    expect(await outcomes(6, () => list(client(world.aws.endpoint, keys, 'eu-west-1')))).toEqual({
      ok: 5,
      throttled: 1,
    });
    expect(await outcomes(6, () => list(client(world.aws.endpoint, otherKeys)))).toEqual({ ok: 5, throttled: 1 });
    expect(await outcomes(9, () => list(client(world.aws.endpoint, partsCredentials('111122223333'))))).toEqual({
      ok: 9,
      throttled: 0,
    });
  });
});

describe('faults', () => {
  it('throttle, break and deny before anything takes effect, for the calls they name', async () => {
    world = await AwsWorld.start();
    const group = await world.targetGroup('red');
    const tag = (Value: string) =>
      world.elb.send(new AddTagsCommand({ ResourceArns: [group], Tags: [{ Key: 'a', Value }] }));
    const actions = ['AddTags'];
    world.faults.set('aws.throttle', { probability: 1, actions });
    expect(await refusal(tag('1'))).toBe('Throttling');
    world.faults.clearAll();
    world.faults.set('aws.serverError', { actions });
    expect(await refusal(tag('2'))).toBe('InternalFailure');
    world.faults.clearAll();
    world.faults.set('aws.accessDenied', { actions });
    expect(await refusal(tag('3'))).toBe('AccessDenied');
    expect(
      (await world.elb.send(new DescribeTagsCommand({ ResourceArns: [group] }))).TagDescriptions?.[0]?.Tags,
    ).toEqual([]);
    world.faults.clearAll();
    world.faults.set('aws.throttle', { ratePerSecond: 2 });
    expect(await outcomes(10, () => list(world.elb))).toEqual({ ok: 2, throttled: 8 });
  });

  it('leave other accounts alone when they name one', async () => {
    world = await AwsWorld.start();
    world.faults.set('aws.throttle', { accounts: [otherAccount] });
    expect(await refusal(list(client(world.aws.endpoint, otherKeys)))).toBe('Throttling');
    expect(await refusal(list(world.elb))).toContain('accepted');
  });

  it('let a call take effect and lose its reply, as often as asked', async () => {
    world = await AwsWorld.start();
    const group = await world.targetGroup('red');
    world.faults.set('aws.successThenTimeout', { count: 1, actions: ['AddTags'] });
    const tag = (Value: string) =>
      world.elb.send(new AddTagsCommand({ ResourceArns: [group], Tags: [{ Key: 'a', Value }] }));
    await expect(tag('lost')).rejects.toThrow();
    expect(
      (await world.elb.send(new DescribeTagsCommand({ ResourceArns: [group] }))).TagDescriptions?.[0]?.Tags,
    ).toEqual([{ Key: 'a', Value: 'lost' }]);
    expect(world.faults.all()).toEqual({});
    await tag('heard');
  });

  it('let a call take effect only after its caller has given up', async () => {
    world = await AwsWorld.start();
    const group = await world.targetGroup('red');
    const tags = async () =>
      (await world.elb.send(new DescribeTagsCommand({ ResourceArns: [group] }))).TagDescriptions?.[0]?.Tags ?? [];
    world.faults.set('aws.timeoutThenLateApply', { ms: 200, count: 1 });
    const tag = (Value: string) =>
      world.elb.send(new AddTagsCommand({ ResourceArns: [group], Tags: [{ Key: 'a', Value }] }));
    await expect(tag('late')).rejects.toThrow();
    await tag('newer');
    expect(await tags()).toEqual([{ Key: 'a', Value: 'newer' }]);
    await eventually(tags, ([first]) => first?.Value === 'late');
  });

  it('delay calls', async () => {
    world = await AwsWorld.start();
    world.faults.set('aws.latency', { ms: 150 });
    const startMs = performance.now();
    await list(world.elb);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(149);
  });

  it('show readers the past, and only readers', async () => {
    let nowMs = Date.now();
    world = await AwsWorld.start({ nowMs: () => nowMs });
    const [red, black] = [await world.targetGroup('red'), await world.targetGroup('black')];
    const balancer = await world.loadBalancer('main');
    const { ListenerArn } = await world.listener(balancer, [forward({ [red]: 100, [black]: 0 })]);
    const weight = async () =>
      (await world.elb.send(new DescribeRulesCommand({ ListenerArn }))).Rules?.[0]?.Actions?.[0]?.ForwardConfig
        ?.TargetGroups?.[0]?.Weight;
    world.faults.set('aws.staleReads', { ms: 5_000 });
    nowMs += 1_000;
    const { Listeners } = await world.elb.send(
      new ModifyListenerCommand({ ListenerArn, DefaultActions: [forward({ [red]: 90, [black]: 10 })] }),
    );
    expect(Listeners?.[0]?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight).toBe(90);
    expect(await weight()).toBe(100);
    nowMs += 4_999;
    expect(await weight()).toBe(100);
    nowMs += 1;
    expect(await weight()).toBe(90);
    world.faults.clearAll();
  });
});

describe('what was answered', () => {
  it('is there after a restart, and every mutating call stands in the log with its outcome', async () => {
    world = await AwsWorld.start();
    const red = await world.targetGroup('red');
    const balancer = await world.loadBalancer('main');
    const { ListenerArn } = await world.listener(balancer, [forward({ [red]: 3 })]);
    expect(
      await refusal(
        world.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: [forward({ [red]: 0 })] })),
      ),
    ).toBe('ValidationError');
    const onDisk = JSON.parse(await readFile(path.join(world.dir, 'aws.json'), 'utf8')) as {
      regions: Record<string, { listeners: object }>;
    };
    expect(Object.keys(present(onDisk.regions[`111122223333/${region}`]).listeners)).toEqual([ListenerArn]);
    await world.restart();
    expect(
      (await world.elb.send(new DescribeTargetGroupsCommand({ Names: ['red'] }))).TargetGroups?.[0]?.LoadBalancerArns,
    ).toEqual([balancer]);
    const lines = (await readFile(path.join(world.dir, 'aws-requests.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; outcome: string; params: object });
    expect(lines.map((line) => `${line.action} ${line.outcome}`)).toEqual([
      'CreateTargetGroup OK',
      'CreateLoadBalancer OK',
      'CreateListener OK',
      'ModifyListener ValidationError',
    ]);
    expect(lines[3]?.params).toMatchObject({
      ListenerArn,
      'DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight': '0',
    });
  });

  it('of many calls at once is all there', async () => {
    world = await AwsWorld.start();
    await Promise.all(Array.from({ length: 60 }, (_, index) => world.targetGroup(`g-${index}`)));
    await world.restart();
    expect((await world.elb.send(new DescribeTargetGroupsCommand({}))).TargetGroups).toHaveLength(60);
  });
});

describe('calls that make no sense', () => {
  it.each([
    ['an unknown action', 'Action=Fly&Version=2015-12-01', 400, 'InvalidAction'],
    ["a name of Object's own", 'Action=constructor&Version=2015-12-01', 400, 'InvalidAction'],
    ['no action', '', 400, 'InvalidAction'],
    ['an action of another version', 'Action=DescribeLoadBalancers&Version=2012-06-01', 400, 'InvalidAction'],
    [
      'a map where a list belongs',
      'Action=DescribeTags&Version=2015-12-01&ResourceArns.member=x',
      400,
      'ValidationError',
    ],
    [
      "parameter names of Object's own",
      'Action=CreateTargetGroup&Version=2015-12-01&__proto__.a=b&Name.constructor=x',
      400,
      'ValidationError',
    ],
  ])('are refused: %s', async (_what, body, status, code) => {
    world = await AwsWorld.start();
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const response = await fetch(world.aws.endpoint, {
      method: 'POST',
      body,
      headers: {
        'x-amz-date': date,
        authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${date.slice(0, 8)}/${region}/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0`,
      },
    });
    expect([response.status, await response.text()]).toEqual([status, expect.stringContaining(`<Code>${code}</Code>`)]);
  });
});
