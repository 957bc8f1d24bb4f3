import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AwsWorld, forward, keys, region } from '../testing/aws-world.js';
import { ec2Actions } from './ec2.js';
import { elbv2Actions } from './elbv2.js';

let world: AwsWorld;
const known: string[] = [];

beforeAll(async () => {
  world = await AwsWorld.start({
    buckets: {
      describe: { burst: 1e9, perSecond: 1 },
      modify: { burst: 1e9, perSecond: 1 },
      register: { burst: 1e9, perSecond: 1 },
    },
  });
  const group = await world.targetGroup('red');
  const balancer = await world.loadBalancer('main');
  const { ListenerArn } = await world.listener(balancer, [forward({ [group]: 1 })]);
  known.push(group, balancer, ListenerArn);
});
afterAll(() => world.stop());

const names = [
  'Name',
  'LoadBalancerArn',
  'ListenerArn',
  'TargetGroupArn',
  'RuleArn',
  'ResourceArns.member.1',
  'Tags.member.1.Key',
  'Tags.member.1.Value',
  'TagKeys.member.1',
  'Subnets.member.1',
  'SecurityGroups.member.1',
  'Protocol',
  'Port',
  'VpcId',
  'Priority',
  'Actions.member.1.Type',
  'Actions.member.1.TargetGroupArn',
  'DefaultActions.member.1.Type',
  'DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.TargetGroupArn',
  'DefaultActions.member.1.ForwardConfig.TargetGroups.member.1.Weight',
  'DefaultActions',
  'Conditions.member.1.Field',
  'Conditions.member.1.Values.member.1',
  'Targets.member.1.Id',
  'Targets.member.1.Port',
  'Attributes.member.1.Key',
  'Attributes.member.1.Value',
  'PageSize',
  'Marker',
  'Filter.1.Name',
  'Filter.1.Value.1',
  'GroupId',
  'GroupName',
  'IpProtocol',
  'IpPermissions.1.IpProtocol',
  'Matcher.HttpCode',
  'RulePriorities.member.1.RuleArn',
  'SubnetId.1',
  'VpcId.1',
];
const values = [
  '',
  '0',
  '-1',
  '1',
  '80',
  '1e3',
  '99999999999999999999',
  'true',
  'forward',
  'redirect',
  'HTTP',
  'TCP',
  'path-pattern',
  '/x',
  '__proto__',
  'constructor',
  'toString',
  'vpc-0123456789abcdef0',
  '10.0.0.1',
  '\u0000',
  '<&">',
  '💥',
];

describe('calls with any parameters', () => {
  it('are answered or refused, never broken', async () => {
    const calls = fc.record({
      action: fc.constantFrom(
        ...[
          ...Object.keys(elbv2Actions).map((name) => [name, '2015-12-01'] as const),
          ...Object.keys(ec2Actions).map((name) => [name, '2016-11-15'] as const),
          ['AssumeRole', '2011-06-15'] as const,
          ['toString', 'constructor'] as const,
        ],
      ),
      params: fc.array(
        fc.tuple(
          fc.constantFrom(...names),
          fc.oneof(
            fc.constantFrom(...values),
            fc.nat({ max: 2 }).map((index) => known[index] ?? ''),
            fc.string(),
          ),
        ),
        { maxLength: 7 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(calls, async ({ action: [Action, Version], params }) => {
        const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
        const response = await fetch(world.aws.endpoint, {
          method: 'POST',
          body: new URLSearchParams([['Action', Action], ['Version', Version], ...params]).toString(),
          headers: {
            'x-amz-date': date,
            authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${date.slice(0, 8)}/${region}/elasticloadbalancing/aws4_request, SignedHeaders=host, Signature=0`,
          },
        });
        const body = await response.text();
        expect(response.status).toBeLessThan(500);
        if (response.status >= 400) expect(body).toMatch(/<Code>\w+/);
      }),
      { numRuns: 1500 },
    );
  });
});
