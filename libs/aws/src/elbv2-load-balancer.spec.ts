import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsAccess } from '@sluice/control';
import { awsError, type AwsReply, awsResult, elbReplies, members, ScriptedAws } from '@sluice/testing';
import { ElbV2LoadBalancer } from './elbv2-load-balancer.js';

const { black, forwardsXml, forwardXml, listenerArn, listenersReply, noTags, red, ruleArn, rulesReply, ruleXml } =
  elbReplies;

const half = [
  { targetGroupArn: black, weight: 500 },
  { targetGroupArn: red, weight: 500 },
];

let aws: ScriptedAws;
let port: ElbV2LoadBalancer;
let access: AwsAccess;

beforeEach(async () => {
  aws = await ScriptedAws.start();
  port = new ElbV2LoadBalancer({ connectTimeoutMs: 1000, requestTimeoutMs: 2000 });
  access = {
    accountId: 'a-1',
    region: 'eu-west-1',
    endpoint: aws.endpoint,
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'very-secret' },
    role: null,
  };
  aws.on('DescribeRules', rulesReply('DescribeRules', forwardsXml(90, 10)));
  aws.on('DescribeListeners', listenersReply('DescribeListeners', forwardsXml(90, 10)));
  aws.on('DescribeTags', noTags);
});

afterEach(async () => {
  port.close();
  await aws.stop();
});

describe('a write on the wire', () => {
  it('sends a rule its whole action list and nothing else', async () => {
    const login =
      '<Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig><Issuer>https://login</Issuer><ClientId>shop</ClientId></AuthenticateOidcConfig>';
    const sticky =
      '<TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>300</DurationSeconds></TargetGroupStickinessConfig>';
    aws.on('DescribeRules', rulesReply('DescribeRules', members(login, forwardXml(90, 10, sticky, 2))));
    aws.on('ModifyRule', rulesReply('ModifyRule', members(login, forwardXml(0, 999, sticky, 2))));

    const weights = [
      { targetGroupArn: black, weight: 999 },
      { targetGroupArn: red, weight: 0 },
    ];
    const outcome = await port.writeWeights(access, await port.readRoute(access, ruleArn), weights);

    expect(outcome).toMatchObject({ verified: true, requestId: 'r-1' });
    expect(Object.fromEntries(aws.received('ModifyRule')[0]?.params ?? [])).toEqual({
      Action: 'ModifyRule',
      Version: '2015-12-01',
      RuleArn: ruleArn,
      'Actions.member.1.Type': 'authenticate-oidc',
      'Actions.member.1.Order': '1',
      'Actions.member.1.AuthenticateOidcConfig.Issuer': 'https://login',
      'Actions.member.1.AuthenticateOidcConfig.ClientId': 'shop',
      'Actions.member.1.AuthenticateOidcConfig.UseExistingClientSecret': 'true',
      'Actions.member.2.Type': 'forward',
      'Actions.member.2.Order': '2',
      'Actions.member.2.ForwardConfig.TargetGroups.member.1.TargetGroupArn': black,
      'Actions.member.2.ForwardConfig.TargetGroups.member.1.Weight': '999',
      'Actions.member.2.ForwardConfig.TargetGroups.member.2.TargetGroupArn': red,
      'Actions.member.2.ForwardConfig.TargetGroups.member.2.Weight': '0',
      'Actions.member.2.ForwardConfig.TargetGroupStickinessConfig.Enabled': 'true',
      'Actions.member.2.ForwardConfig.TargetGroupStickinessConfig.DurationSeconds': '300',
    });
  });

  it('changes a default action through its listener', async () => {
    aws.on('ModifyListener', listenersReply('ModifyListener', forwardsXml(500, 500)));

    await port.writeWeights(access, await port.readRoute(access, listenerArn), half);
    const keys = [...(aws.received('ModifyListener')[0]?.params.keys() ?? [])].map((key) => key.split('.')[0]);
    expect(new Set(keys)).toEqual(new Set(['Action', 'Version', 'ListenerArn', 'DefaultActions']));
    expect(aws.received('ModifyRule')).toHaveLength(0);
  });

  it('is not verified when the reply shows other weights, or no route at all', async () => {
    const base = await port.readRoute(access, ruleArn);
    aws.on('ModifyRule', rulesReply('ModifyRule', forwardsXml(90, 10)));
    expect(await port.writeWeights(access, base, half)).toMatchObject({
      verified: false,
      unverified: 'the reply showed the weights otherwise than sent',
      live: { action: { weights: [{ weight: 10 }, { weight: 90 }] } },
    });

    aws.on('ModifyRule', awsResult('ModifyRule', '<Rules/>'));
    expect(await port.writeWeights(access, base, half)).toMatchObject({ verified: false, live: null });
  });

  it('is not verified when the reply shows anything else of the actions otherwise', async () => {
    const login = (client: string): string =>
      `<Type>authenticate-oidc</Type><Order>1</Order><AuthenticateOidcConfig><ClientId>${client}</ClientId></AuthenticateOidcConfig>`;
    const sticky = (seconds: number): string =>
      `<TargetGroupStickinessConfig><Enabled>true</Enabled><DurationSeconds>${seconds}</DurationSeconds></TargetGroupStickinessConfig>`;
    aws.on('DescribeRules', rulesReply('DescribeRules', members(login('shop'), forwardXml(90, 10, sticky(60), 2))));
    const base = await port.readRoute(access, ruleArn);

    aws.on('ModifyRule', rulesReply('ModifyRule', members(login('shop'), forwardXml(500, 500, sticky(61), 2))));
    expect(await port.writeWeights(access, base, half)).toMatchObject({
      verified: false,
      unverified: 'the reply showed the stickiness otherwise than sent',
    });
    aws.on('ModifyRule', rulesReply('ModifyRule', members(login('other'), forwardXml(500, 500, '', 2))));
    expect(await port.writeWeights(access, base, half)).toMatchObject({
      verified: false,
      unverified: 'the reply showed the stickiness and the other actions otherwise than sent',
    });
    aws.on('ModifyRule', rulesReply('ModifyRule', members(login('shop'), forwardXml(500, 500, sticky(60), 2))));
    expect(await port.writeWeights(access, base, half)).toMatchObject({ verified: true, unverified: null });
  });

  it('has a connection of its own, so that one which AWS just closed cannot make its outcome unknown', async () => {
    aws.on('ModifyRule', rulesReply('ModifyRule', forwardsXml(500, 500)));
    await port.writeWeights(access, await port.readRoute(access, ruleArn), half);

    expect(aws.received('ModifyRule').map(({ keepsAlive }) => keepsAlive)).toEqual([false]);
    expect(aws.received('DescribeRules').map(({ keepsAlive }) => keepsAlive)).toEqual([true]);
  });

  it('is sent once, whatever comes back', async () => {
    const base = await port.readRoute(access, ruleArn);
    for (const reply of [
      awsError('Throttling', 'Rate exceeded'),
      awsError('InternalFailure', 'oops', 500),
      'reset',
    ] as const) {
      const sent = aws.received('ModifyRule').length;
      aws.on('ModifyRule', reply);
      await expect(port.writeWeights(access, base, half)).rejects.toMatchObject({
        name: 'ExternalFailure',
        kind: 'transient',
      });
      expect(aws.received('ModifyRule')).toHaveLength(sent + 1);
    }
  });
});

describe('a failing write', () => {
  it.each<[string, AwsReply, object]>([
    [
      'AWS refuses it for its rate',
      awsError('Throttling', 'Rate exceeded'),
      { kind: 'transient', code: 'Throttling', ambiguous: false, requestId: 'r-err' },
    ],
    [
      'AWS spells the throttling otherwise',
      awsError('ThrottlingException', 'Rate exceeded'),
      { kind: 'transient', code: 'ThrottlingException', ambiguous: false },
    ],
    [
      'AWS throttles with a 503',
      awsError('RequestLimitExceeded', 'Rate exceeded', 503),
      { kind: 'transient', ambiguous: false },
    ],
    [
      'AWS finds it invalid',
      awsError('ValidationError', 'Weight 1000'),
      { kind: 'terminal', code: 'ValidationError', ambiguous: false },
    ],
    [
      'the rule is gone',
      awsError('RuleNotFound', 'gone'),
      { kind: 'terminal', code: 'RuleNotFound', ambiguous: false },
    ],
    [
      'the target group serves another',
      awsError('TargetGroupAssociationLimit', 'in use'),
      { kind: 'terminal', code: 'TargetGroupAssociationLimit' },
    ],
    [
      'it may not',
      awsError('AccessDenied', 'not authorized', 403),
      { kind: 'terminal', code: 'AccessDenied', ambiguous: false },
    ],
    [
      'AWS has a code we never saw, 4xx',
      awsError('SomethingNew', 'hm', 409),
      { kind: 'terminal', code: 'SomethingNew', ambiguous: false },
    ],
    [
      'AWS has a code we never saw, 5xx',
      awsError('SomethingBroken', 'hm', 500),
      { kind: 'transient', code: 'SomethingBroken', ambiguous: true },
    ],
    [
      'a proxy answers 502',
      { status: 502, body: '<html>Bad Gateway</html>' },
      { kind: 'transient', code: 'Http502', ambiguous: true },
    ],
    [
      'a proxy answers 200 with a page',
      { status: 200, body: '<html><body>log in<br></body></html>' },
      { kind: 'transient', code: 'UnreadableReply', ambiguous: true },
    ],
    ['the connection is reset', 'reset', { kind: 'transient', code: 'ECONNRESET', ambiguous: true }],
    ['no answer comes', 'hang', { kind: 'transient', code: 'Timeout', ambiguous: true }],
    ['the answer stops in the middle', 'half', { kind: 'transient', code: 'Timeout', ambiguous: true }],
  ])('says what it is when %s', async (_when, reply, expected) => {
    const base = await port.readRoute(access, ruleArn);
    aws.on('ModifyRule', reply);

    await expect(port.writeWeights(access, base, half, { timeoutMs: 250 })).rejects.toMatchObject({
      name: 'ExternalFailure',
      system: 'aws',
      ...expected,
    });
  });

  it('did not happen when nobody listens', async () => {
    const base = await port.readRoute(access, ruleArn);
    await aws.stop();
    await expect(port.writeWeights(access, base, half)).rejects.toMatchObject({
      kind: 'transient',
      code: 'ECONNREFUSED',
      ambiguous: false,
    });
    aws = await ScriptedAws.start();
  });

  it('is unknown when the caller gives up while it is under way', async () => {
    const base = await port.readRoute(access, ruleArn);
    const caller = new AbortController();
    aws.on('ModifyRule', () => {
      caller.abort();
      return 'hang';
    });

    await expect(port.writeWeights(access, base, half, { signal: caller.signal })).rejects.toMatchObject({
      code: 'Aborted',
      kind: 'transient',
      ambiguous: true,
    });
  });

  it('names the call, the rule and the way on, and never the secret', async () => {
    const base = await port.readRoute(access, ruleArn);
    aws.on('ModifyRule', awsError('TooManyActions', 'six'));

    const error = await port.writeWeights(access, base, half).catch((failure: Error) => failure);
    expect(error).toMatchObject({
      message: `ModifyRule (${ruleArn}) failed with TooManyActions: six. An action forwards to at most 5 target groups. Take one out first.`,
    });
    expect(JSON.stringify(error)).not.toContain('very-secret');
  });
});

describe('reading', () => {
  it('asks for the tags of twenty at a time, and for many rules in one call', async () => {
    const rules = Array.from({ length: 45 }, (_, i) => `${ruleArn.slice(0, -2)}${10 + i}`);
    aws.on('DescribeRules', ({ params }) => {
      const arns = [...params].filter(([key]) => key.startsWith('RuleArns')).map(([, arn]) => arn);
      return awsResult(
        'DescribeRules',
        `<Rules>${members(...arns.map((arn) => ruleXml(arn, forwardsXml(1, 1))))}</Rules>`,
      );
    });

    const routes = await port.readRoutes(access, rules);
    expect([...routes.values()].every((route) => 'action' in route)).toBe(true);
    expect(aws.received('DescribeRules')).toHaveLength(3);
    expect(aws.received('DescribeListeners')).toHaveLength(1);
    expect(aws.received('DescribeTags')).toHaveLength(3); // 45 rules, a listener and a load balancer
    const sizes = aws
      .received('DescribeTags')
      .map(({ params }) => [...params.keys()].filter((key) => key.startsWith('ResourceArns')).length);
    expect(Math.max(...sizes)).toBe(20);
  });

  it('follows every page', async () => {
    aws.on(
      'GetCallerIdentity',
      awsResult('GetCallerIdentity', '<Account>111122223333</Account><Arn>arn:aws:iam::111122223333:user/sluice</Arn>'),
    );
    aws.on('DescribeLoadBalancers', ({ params }) => {
      const page = Number(params.get('Marker') ?? 0);
      const next = page < 2 ? `<NextMarker>${page + 1}</NextMarker>` : '';
      return awsResult(
        'DescribeLoadBalancers',
        `<LoadBalancers>${members('<LoadBalancerName>a</LoadBalancerName>', '<LoadBalancerName>b</LoadBalancerName>')}</LoadBalancers>${next}`,
      );
    });

    expect(await port.check(access)).toEqual({
      accountId: '111122223333',
      arn: 'arn:aws:iam::111122223333:user/sluice',
      loadBalancers: 6,
    });
  });

  it('does not go round in circles when a page points back', async () => {
    aws.on(
      'GetCallerIdentity',
      awsResult('GetCallerIdentity', '<Account>111122223333</Account><Arn>arn:aws:iam::1:user/x</Arn>'),
    );
    aws.on(
      'DescribeLoadBalancers',
      awsResult('DescribeLoadBalancers', '<LoadBalancers/><NextMarker>again</NextMarker>'),
    );

    await expect(port.check(access)).rejects.toMatchObject({ code: 'RepeatedMarker', kind: 'transient' });
    expect(aws.received('DescribeLoadBalancers')).toHaveLength(2);
  });

  it('tries a throttled read again', async () => {
    let asked = 0;
    aws.on('DescribeListeners', () => {
      asked += 1;
      return asked === 1
        ? awsError('Throttling', 'Rate exceeded')
        : listenersReply('DescribeListeners', forwardsXml(1, 1));
    });

    expect(await port.readRoute(access, listenerArn)).toMatchObject({ isDefault: true });
    expect(asked).toBe(2);
  });

  it('takes an empty success for no answer, never for "not there" or "no targets"', async () => {
    aws.on('DescribeRules', { status: 200, body: '' }).on('DescribeTargetHealth', { status: 200, body: '<html/>' });

    await expect(port.readRoute(access, ruleArn)).rejects.toMatchObject({ code: 'UnreadableReply', kind: 'transient' });
    await expect(port.targetHealth(access, red)).rejects.toMatchObject({ code: 'UnreadableReply', kind: 'transient' });
  });

  it('takes a failed look at the tags for a failure, never for "nobody owns it"', async () => {
    aws.on('DescribeTags', awsError('AccessDenied', 'not authorized', 403));
    await expect(port.readRoute(access, ruleArn)).rejects.toMatchObject({ code: 'AccessDenied', kind: 'terminal' });
  });

  it('points from a default rule to its listener', async () => {
    aws.on('DescribeRules', rulesReply('DescribeRules', forwardsXml(1, 1), '<IsDefault>true</IsDefault>'));
    await expect(port.readRoute(access, ruleArn)).rejects.toMatchObject({
      code: 'DefaultRule',
      message: expect.stringContaining(listenerArn),
    });
  });

  it('counts targets by state and reason; what it does not know is unavailable', async () => {
    const target = (state: string, reason = ''): string =>
      `<Target><Id>10.0.0.1</Id></Target><TargetHealth><State>${state}</State>${reason && `<Reason>${reason}</Reason>`}</TargetHealth>`;
    const targets = [
      target('healthy'),
      target('healthy'),
      target('unhealthy', 'Target.Timeout'),
      target('unhealthy', 'Target.Timeout'),
      target('unhealthy.draining', 'Target.FailedHealthChecks'),
      target('initial', 'Elb.InitialHealthChecking'),
      target('draining', 'Target.DeregistrationInProgress'),
      target('unused', 'Target.NotInUse'),
      target('unavailable'),
      target('brand-new'),
    ];
    aws.on(
      'DescribeTargetHealth',
      awsResult('DescribeTargetHealth', `<TargetHealthDescriptions>${members(...targets)}</TargetHealthDescriptions>`),
    );

    expect(await port.targetHealth(access, red)).toEqual({
      targetGroupArn: red,
      healthy: 2,
      unhealthy: 3,
      initial: 1,
      draining: 1,
      unused: 1,
      unavailable: 2,
      total: 10,
      reasons: {
        'Target.Timeout': 2,
        'Target.FailedHealthChecks': 1,
        'Elb.InitialHealthChecking': 1,
        'Target.DeregistrationInProgress': 1,
        'Target.NotInUse': 1,
      },
    });
  });

  it('ends by its deadline, all its requests together', async () => {
    aws.on('DescribeTags', 'hang');
    await expect(port.readRoute(access, ruleArn, { timeoutMs: 200 })).rejects.toMatchObject({
      code: 'Timeout',
      kind: 'transient',
      ambiguous: false,
    });
  });
});
