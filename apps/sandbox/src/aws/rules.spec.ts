import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateListenerCommand,
  CreateRuleCommand,
  type CreateRuleCommandInput,
  DeleteListenerCommand,
  DeleteRuleCommand,
  DescribeListenersCommand,
  DescribeRulesCommand,
  ModifyListenerCommand,
  ModifyRuleCommand,
  type RuleCondition,
  SetRulePrioritiesCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsWorld, forward, present, refusal } from '../testing/aws-world.js';

let world: AwsWorld;
let balancer: string;
let listener: string;
let red: string;

beforeAll(async () => {
  world = await AwsWorld.start();
  balancer = await world.loadBalancer('main');
  red = await world.targetGroup('red');
  listener = (await world.listener(balancer, [forward({ [red]: 1 })])).ListenerArn;
});
afterAll(() => world.stop());

const path = (value: string): RuleCondition => ({ Field: 'path-pattern', Values: [value] });
const create = (input: Partial<CreateRuleCommandInput>) =>
  world.elb.send(
    new CreateRuleCommand({
      ListenerArn: listener,
      Priority: 10,
      Conditions: [path('/x')],
      Actions: [forward({ [red]: 1 })],
      ...input,
    }),
  );
const rules = async () => present((await world.elb.send(new DescribeRulesCommand({ ListenerArn: listener }))).Rules);
const priorities = async () => (await rules()).map((rule) => rule.Priority);
const clear = async () => {
  for (const rule of await rules())
    if (!rule.IsDefault) await world.elb.send(new DeleteRuleCommand({ RuleArn: rule.RuleArn }));
};
const arnOf = async (priority: string) => present((await rules()).find((rule) => rule.Priority === priority)?.RuleArn);

describe('the default rule', () => {
  it('can be changed only through its listener', async () => {
    const RuleArn = await arnOf('default');
    expect(await refusal(world.elb.send(new ModifyRuleCommand({ RuleArn, Actions: [forward({ [red]: 2 })] })))).toBe(
      'OperationNotPermitted',
    );
    expect(await refusal(world.elb.send(new DeleteRuleCommand({ RuleArn })))).toBe('OperationNotPermitted');
    expect(
      await refusal(world.elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 1 }] }))),
    ).toBe('OperationNotPermitted');
    await world.elb.send(new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [forward({ [red]: 2 })] }));
    expect((await rules()).at(-1)?.Actions?.[0]?.ForwardConfig?.TargetGroups?.[0]?.Weight).toBe(2);
  });
});

describe('rules', () => {
  it('come by priority with the default last, and show path conditions in both spellings', async () => {
    await create({ Priority: 20, Conditions: [path('/b')] });
    await create({ Priority: 3, Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/a'] } }] });
    expect(await priorities()).toEqual(['3', '20', 'default']);
    expect((await rules())[0]?.Conditions).toEqual([
      { Field: 'path-pattern', Values: ['/a'], PathPatternConfig: { Values: ['/a'] } },
    ]);
    await clear();
  });

  it('have priorities of their own: one in use is refused', async () => {
    await create({ Priority: 5 });
    expect(await refusal(create({ Priority: 5 }))).toBe('PriorityInUse');
    expect(await refusal(create({ Priority: 50_001 }))).toBe('ValidationError');
    expect(await refusal(create({ Priority: 0 }))).toBe('ValidationError');
    await clear();
  });

  it('can change places in one call, and a conflict in the outcome changes nothing', async () => {
    const [a, b, c] = await Promise.all(
      [1, 2, 3].map(async (Priority) => present((await create({ Priority })).Rules?.[0]?.RuleArn)),
    );
    await world.elb.send(
      new SetRulePrioritiesCommand({
        RulePriorities: [
          { RuleArn: a, Priority: 2 },
          { RuleArn: b, Priority: 1 },
        ],
      }),
    );
    expect(await arnOf('1')).toBe(b);
    expect(await arnOf('2')).toBe(a);
    expect(
      await refusal(
        world.elb.send(
          new SetRulePrioritiesCommand({
            RulePriorities: [
              { RuleArn: a, Priority: 9 },
              { RuleArn: b, Priority: 3 },
            ],
          }),
        ),
      ),
    ).toBe('PriorityInUse');
    expect(await priorities()).toEqual(['1', '2', '3', 'default']);
    expect(await arnOf('3')).toBe(c);
    await clear();
  });

  it('keep their conditions when only the actions are modified', async () => {
    const RuleArn = present((await create({ Priority: 7, Conditions: [path('/keep')] })).Rules?.[0]?.RuleArn);
    await world.elb.send(
      new ModifyRuleCommand({
        RuleArn,
        Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
      }),
    );
    const [rule] = await rules();
    expect(rule?.Conditions?.[0]?.Values).toEqual(['/keep']);
    expect(rule?.Actions?.[0]?.Type).toBe('fixed-response');
    expect(await refusal(world.elb.send(new ModifyRuleCommand({ RuleArn, Actions: [] })))).toBe('ValidationError');
    await clear();
  });

  it('that are not there are RuleNotFound, whatever is asked', async () => {
    const RuleArn = `${(await arnOf('default')).slice(0, -4)}ffff`;
    expect(await refusal(world.elb.send(new DescribeRulesCommand({ RuleArns: [RuleArn] })))).toBe('RuleNotFound');
    expect(await refusal(world.elb.send(new ModifyRuleCommand({ RuleArn, Actions: [forward({ [red]: 1 })] })))).toBe(
      'RuleNotFound',
    );
    expect(await refusal(world.elb.send(new DeleteRuleCommand({ RuleArn })))).toBe('RuleNotFound');
  });

  it.each([
    ['six values', [{ Field: 'path-pattern', Values: ['/1', '/2', '/3', '/4', '/5', '/6'] }]],
    ['six wildcards', [{ Field: 'path-pattern', Values: ['/*/*/*', '/*/*/*'] }]],
    ['two conditions on the path', [path('/a'), path('/b')]],
    ['an unknown field', [{ Field: 'mood', Values: ['good'] }]],
    ['a condition without values', [{ Field: 'host-header' }]],
    ['a method in lower case', [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['get'] } }]],
    ['a source that is no CIDR block', [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.1'] } }]],
    ['a broken regular expression', [{ Field: 'path-pattern', RegexValues: ['('] }]],
  ] as [string, RuleCondition[]][])('are refused with %s', async (_what, Conditions) => {
    expect(await refusal(create({ Conditions }))).toBe('ValidationError');
  });

  it('keep and reset transforms', async () => {
    const { Rules } = await create({
      Priority: 8,
      Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/a', Replace: '/b' }] } }],
    });
    expect(Rules?.[0]?.Transforms?.[0]?.UrlRewriteConfig?.Rewrites).toEqual([{ Regex: '^/a', Replace: '/b' }]);
    const after = await world.elb.send(new ModifyRuleCommand({ RuleArn: Rules?.[0]?.RuleArn, ResetTransforms: true }));
    expect(after.Rules?.[0]?.Transforms ?? []).toEqual([]);
    await clear();
  });

  it('are at most a hundred on a load balancer', async () => {
    for (let priority = 1; priority <= 100; priority += 1) await create({ Priority: priority });
    expect(await refusal(create({ Priority: 101 }))).toBe('TooManyRules');
    const first = await world.elb.send(new DescribeRulesCommand({ ListenerArn: listener, PageSize: 60 }));
    const second = await world.elb.send(
      new DescribeRulesCommand({ ListenerArn: listener, PageSize: 60, Marker: first.NextMarker }),
    );
    expect([first.Rules?.length, second.Rules?.length, second.NextMarker]).toEqual([60, 41, undefined]);
    await clear();
  });
});

describe('listeners', () => {
  it('need a port of their own, yet the same one created again is the same one', async () => {
    const again = await world.elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer,
        Protocol: 'HTTP',
        Port: 80,
        DefaultActions: [forward({ [red]: 2 })],
      }),
    );
    expect(again.Listeners?.[0]?.ListenerArn).toBe(listener);
    expect(await refusal(world.listener(balancer, [forward({ [red]: 5 })]))).toBe('DuplicateListener');
    const other = await world.listener(balancer, [forward({ [red]: 1 })], 81);
    expect(await refusal(world.elb.send(new ModifyListenerCommand({ ListenerArn: other.ListenerArn, Port: 80 })))).toBe(
      'DuplicateListener',
    );
    await world.elb.send(new DeleteListenerCommand({ ListenerArn: other.ListenerArn }));
    expect(await refusal(world.elb.send(new DescribeListenersCommand({ ListenerArns: [other.ListenerArn] })))).toBe(
      'ListenerNotFound',
    );
  });

  it('speak protocols of their kind of load balancer', async () => {
    expect(
      await refusal(
        world.elb.send(
          new CreateListenerCommand({
            LoadBalancerArn: balancer,
            Protocol: 'TCP',
            Port: 90,
            DefaultActions: [forward({ [red]: 1 })],
          }),
        ),
      ),
    ).toBe('UnsupportedProtocol');
  });

  it('cannot be asked for without saying which', async () => {
    expect(await refusal(world.elb.send(new DescribeListenersCommand({})))).toBe('ValidationError');
    expect(await refusal(world.elb.send(new DescribeRulesCommand({})))).toBe('ValidationError');
  });
});
