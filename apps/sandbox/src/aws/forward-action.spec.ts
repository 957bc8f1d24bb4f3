import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Action,
  CreateRuleCommand,
  DescribeListenersCommand,
  DescribeTargetGroupsCommand,
  ModifyListenerCommand,
  ModifyTargetGroupAttributesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsWorld, forward, present, refusal } from '../testing/aws-world.js';

let world: AwsWorld;
let balancer: string;
let listener: string;
let red: string;
let black: string;

beforeAll(async () => {
  world = await AwsWorld.start();
  balancer = await world.loadBalancer('main');
  red = await world.targetGroup('red');
  black = await world.targetGroup('black');
  listener = (await world.listener(balancer, [forward({ [red]: 1 })])).ListenerArn;
});
afterAll(() => world.stop());

const modify = (...DefaultActions: Action[]) =>
  world.elb.send(new ModifyListenerCommand({ ListenerArn: listener, DefaultActions }));
const read = async () =>
  present((await world.elb.send(new DescribeListenersCommand({ ListenerArns: [listener] }))).Listeners?.[0]);

describe('a forward action', () => {
  it('with one target group comes back in both forms, however it was sent', async () => {
    for (const sent of [
      { Type: 'forward', TargetGroupArn: red },
      forward({ [red]: 7 }),
      { ...forward({ [red]: 7 }), TargetGroupArn: red },
    ] as Action[]) {
      const [action] = present((await modify(sent)).Listeners?.[0]?.DefaultActions);
      expect(action).toMatchObject({
        Type: 'forward',
        Order: 1,
        TargetGroupArn: red,
        ForwardConfig: { TargetGroups: [{ TargetGroupArn: red }], TargetGroupStickinessConfig: { Enabled: false } },
      });
    }
  });

  it('with several comes back without the short form, weights as sent and an absent one as 1', async () => {
    await modify(forward({ [red]: 0, [black]: undefined }));
    const [action] = present((await read()).DefaultActions);
    expect(action?.TargetGroupArn).toBeUndefined();
    expect(action?.ForwardConfig?.TargetGroups).toEqual([
      { TargetGroupArn: red, Weight: 0 },
      { TargetGroupArn: black, Weight: 1 },
    ]);
  });

  it.each([
    ['a weight of 1000', () => forward({ [red]: 1000, [black]: 1 }), 'ValidationError'],
    ['a weight of -1', () => forward({ [red]: -1, [black]: 1 }), 'ValidationError'],
    ['a weight of 0.5', () => forward({ [red]: 0.5, [black]: 1 }), 'ValidationError'],
    ['all weights 0', () => forward({ [red]: 0, [black]: 0 }), 'ValidationError'],
    ['a lone weight of 0', () => forward({ [red]: 0 }), 'ValidationError'],
    [
      'a target group twice',
      () => ({
        Type: 'forward',
        ForwardConfig: {
          TargetGroups: [
            { TargetGroupArn: red, Weight: 1 },
            { TargetGroupArn: red, Weight: 2 },
          ],
        },
      }),
      'ValidationError',
    ],
    ['both forms that disagree', () => ({ ...forward({ [black]: 1 }), TargetGroupArn: red }), 'ValidationError'],
    [
      'both forms with several target groups',
      () => ({ ...forward({ [red]: 1, [black]: 1 }), TargetGroupArn: red }),
      'ValidationError',
    ],
    ['no target group at all', () => ({ Type: 'forward' }), 'ValidationError'],
    ['an unknown target group', () => forward({ [`${red.slice(0, -4)}ffff`]: 1 }), 'TargetGroupNotFound'],
    ['an unknown one at weight 0', () => forward({ [red]: 1, [`${red.slice(0, -4)}ffff`]: 0 }), 'TargetGroupNotFound'],
    ['what is no target group', () => forward({ 'arn:aws:s3:::x': 1 }), 'ValidationError'],
    [
      'stickiness without a duration',
      () => ({
        Type: 'forward',
        ForwardConfig: { TargetGroups: [{ TargetGroupArn: red }], TargetGroupStickinessConfig: { Enabled: true } },
      }),
      'ValidationError',
    ],
    ['stickiness of 0 s', () => forward({ [red]: 1, [black]: 1 }, 0), 'ValidationError'],
    ['stickiness of a week and a second', () => forward({ [red]: 1, [black]: 1 }, 604_801), 'ValidationError'],
  ] as [string, () => Action, string][])(
    'is refused with %s, and the listener stays as it was',
    async (_what, action, code) => {
      await modify(forward({ [red]: 60, [black]: 40 }));
      const before = (await read()).DefaultActions;
      expect(await refusal(modify(action()))).toBe(code);
      expect((await read()).DefaultActions).toEqual(before);
    },
  );

  it('takes five target groups and refuses a sixth', async () => {
    const more = await Promise.all(['g3', 'g4', 'g5', 'g6'].map((name) => world.targetGroup(name)));
    const five = Object.fromEntries([red, black, ...more.slice(0, 3)].map((arn) => [arn, 1]));
    expect(await refusal(modify(forward(five)))).toContain('accepted');
    expect(await refusal(modify(forward({ ...five, [present(more[3])]: 1 })))).toBe('TooManyTargetGroups');
  });

  it('may not take a target group of another load balancer', async () => {
    await modify(forward({ [red]: 1, [black]: 0 }));
    const other = await world.loadBalancer('other');
    expect(await refusal(world.listener(other, [forward({ [black]: 1 })]))).toBe('TargetGroupAssociationLimit');
    await modify(forward({ [red]: 1 }));
    expect((await world.listener(other, [forward({ [black]: 1 })])).ListenerArn).toContain(':listener/app/other/');
    expect(await refusal(modify(forward({ [red]: 1, [black]: 1 })))).toBe('TargetGroupAssociationLimit');
    const { TargetGroups } = await world.elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [black] }));
    expect(TargetGroups?.[0]?.LoadBalancerArns).toEqual([other]);
  });

  it('needs a protocol that suits the listener', async () => {
    const tcp = await world.targetGroup('tcp', { Protocol: 'TCP' });
    expect(await refusal(modify(forward({ [tcp]: 1 })))).toBe('IncompatibleProtocols');
  });

  it('must be sticky if one of several target groups is', async () => {
    const sticky = await world.targetGroup('sticky');
    await world.elb.send(
      new ModifyTargetGroupAttributesCommand({
        TargetGroupArn: sticky,
        Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
      }),
    );
    expect(await refusal(modify(forward({ [red]: 1, [sticky]: 1 })))).toBe('InvalidLoadBalancerAction');
    expect(await refusal(modify(forward({ [red]: 1, [sticky]: 1 }, 60)))).toContain('accepted');
    await modify(forward({ [red]: 1 }));
  });

  it('keeps a target group from becoming sticky while an action with several is not', async () => {
    const third = await world.targetGroup('third');
    await modify(forward({ [red]: 1, [third]: 1 }));
    expect(
      await refusal(
        world.elb.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: third,
            Attributes: [{ Key: 'stickiness.enabled', Value: 'true' }],
          }),
        ),
      ),
    ).toBe('InvalidConfigurationRequest');
    await modify(forward({ [red]: 1 }));
  });

  it('on a network load balancer may be weighted too, with a lone weight of 0 as AWS shows it', async () => {
    const network = await world.loadBalancer('flows', { Type: 'network' });
    const [one, two] = [
      await world.targetGroup('tcp-1', { Protocol: 'TCP' }),
      await world.targetGroup('tcp-2', { Protocol: 'TCP' }),
    ];
    const { CreateListenerCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2');
    const { Listeners } = await world.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: network,
        Protocol: 'TCP',
        Port: 443,
        DefaultActions: [forward({ [one]: 0 })],
      }),
    );
    const ListenerArn = present(Listeners?.[0]?.ListenerArn);
    expect(ListenerArn).toContain(':listener/net/flows/');
    const mixed = await world.targetGroup('udp', { Protocol: 'TCP_UDP' });
    const change = (action: Action) =>
      world.elb.send(new ModifyListenerCommand({ ListenerArn, DefaultActions: [action] }));
    expect(await refusal(change(forward({ [one]: 90, [two]: 10 })))).toContain('accepted');
    expect(await refusal(change(forward({ [one]: 0, [two]: 0 })))).toBe('ValidationError');
    expect(await refusal(change(forward({ [one]: 90, [mixed]: 10 })))).toBe('IncompatibleProtocols');
    expect(await refusal(change({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }))).toBe(
      'InvalidLoadBalancerAction',
    );
  });
});

describe('an action list', () => {
  const oidc = {
    Issuer: 'https://id',
    AuthorizationEndpoint: 'https://id/a',
    TokenEndpoint: 'https://id/t',
    UserInfoEndpoint: 'https://id/u',
    ClientId: 'c',
  };
  const login = (secret: { ClientSecret?: string; UseExistingClientSecret?: boolean }): Action => ({
    Type: 'authenticate-oidc',
    Order: 1,
    AuthenticateOidcConfig: { ...oidc, ...secret },
  });
  const last = (): Action => ({ ...forward({ [red]: 1 }), Order: 2 });
  let https: string;
  const modifyHttps = (...DefaultActions: Action[]) =>
    world.elb.send(new ModifyListenerCommand({ ListenerArn: https, DefaultActions }));

  beforeAll(async () => {
    const { CreateListenerCommand } = await import('@aws-sdk/client-elastic-load-balancing-v2');
    const input = {
      LoadBalancerArn: balancer,
      Protocol: 'HTTPS',
      Port: 443,
      DefaultActions: [forward({ [red]: 1 })],
    } as const;
    expect(
      await refusal(world.elb.send(new CreateListenerCommand({ ...input, DefaultActions: [...input.DefaultActions] }))),
    ).toBe('ValidationError');
    const { Listeners } = await world.elb.send(
      new CreateListenerCommand({
        ...input,
        DefaultActions: [...input.DefaultActions],
        Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/x' }],
      }),
    );
    https = present(Listeners?.[0]?.ListenerArn);
  });

  it('never shows a client secret, and keeps it when asked to', async () => {
    expect(await refusal(modifyHttps(login({ UseExistingClientSecret: true }), last()))).toBe('ValidationError');
    const { Listeners } = await modifyHttps(login({ ClientSecret: 'hush-hush' }), last());
    expect(JSON.stringify(Listeners)).not.toContain('hush');
    expect(await refusal(modifyHttps(login({}), last()))).toBe('ValidationError');
    const kept = await modifyHttps(last(), login({ UseExistingClientSecret: true }));
    expect(kept.Listeners?.[0]?.DefaultActions?.map((action) => action.Type)).toEqual(['authenticate-oidc', 'forward']);
    expect(
      await refusal(
        modifyHttps(
          {
            ...login({ UseExistingClientSecret: true }),
            AuthenticateOidcConfig: { ...oidc, Issuer: 'https://else', UseExistingClientSecret: true },
          },
          last(),
        ),
      ),
    ).toBe('ValidationError');
  });

  it.each([
    ['authentication on HTTP', () => modify(login({ ClientSecret: 'x' }), last()), 'InvalidLoadBalancerAction'],
    ['no action that ends it', () => modifyHttps(login({ ClientSecret: 'x' })), 'InvalidLoadBalancerAction'],
    [
      'authentication after the forward',
      () => modifyHttps({ ...login({ ClientSecret: 'x' }), Order: 3 }, last()),
      'InvalidLoadBalancerAction',
    ],
    ['two forwards', () => modifyHttps({ ...forward({ [red]: 1 }), Order: 1 }, last()), 'InvalidLoadBalancerAction'],
    [
      'several actions without order',
      () => modifyHttps({ ...login({ ClientSecret: 'x' }), Order: undefined }, { ...last(), Order: undefined }),
      'InvalidLoadBalancerAction',
    ],
    [
      'the same order twice',
      () => modifyHttps(login({ ClientSecret: 'x' }), { ...last(), Order: 1 }),
      'InvalidLoadBalancerAction',
    ],
    ['an unknown type', () => modify({ Type: 'teleport' as 'forward' }), 'ValidationError'],
    [
      'a redirect to itself',
      () => modify({ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301' } }),
      'InvalidLoadBalancerAction',
    ],
    [
      'a fixed response of 302',
      () => modify({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '302' } }),
      'ValidationError',
    ],
  ] as [string, () => Promise<unknown>, string][])('is refused with %s', async (_what, call, code) => {
    expect(await refusal(call())).toBe(code);
  });

  it('that is empty counts as not given', async () => {
    await modify(forward({ [red]: 3 }));
    expect((await modify()).Listeners?.[0]?.DefaultActions?.[0]?.ForwardConfig?.TargetGroups).toEqual([
      { TargetGroupArn: red, Weight: 3 },
    ]);
    expect(
      await refusal(
        world.elb.send(
          new CreateRuleCommand({
            ListenerArn: listener,
            Priority: 1,
            Conditions: [],
            Actions: [forward({ [red]: 1 })],
          }),
        ),
      ),
    ).toBe('ValidationError');
  });
});
