import { beforeEach, describe, expect, it } from '@jest/globals';
import { InMemoryLoadBalancer } from '@sluice/testing';
import type { AwsAccess } from '../ports/load-balancer.js';
import { servingActions } from './serving-actions.js';

const access: AwsAccess = {
  accountId: '000000000000',
  region: 'eu-west-1',
  endpoint: null,
  credentials: null,
  role: null,
};

describe('who sends requests to a target group', () => {
  let aws: InMemoryLoadBalancer;
  let red: string;
  let balancer: string;
  const group = (name: string) =>
    aws.world.putTargetGroup({
      name,
      protocol: 'HTTP',
      port: 80,
      targetType: 'ip',
      vpcId: 'v',
      healthCheck: {},
      tags: {},
    }).arn;
  const listener = (port: number, action: Parameters<typeof forward>[0] | null) =>
    aws.world.putListener({
      loadBalancerArn: balancer,
      port,
      protocol: 'HTTP',
      action: action && forward(action),
      tags: {},
    }).arn;
  const forward = (weights: Record<string, number>, stickySeconds = 0) => ({
    weights: Object.entries(weights).map(([targetGroupArn, weight]) => ({ targetGroupArn, weight })),
    stickiness: { enabled: stickySeconds > 0, durationSeconds: stickySeconds },
    otherActions: [],
  });

  beforeEach(() => {
    aws = new InMemoryLoadBalancer();
    red = group('red');
    balancer = aws.world.putLoadBalancer({
      name: 'shop',
      type: 'application',
      scheme: 'internal',
      subnets: [],
      securityGroups: [],
      tags: {},
    }).arn;
  });

  it('is every default action and rule of its load balancer that names it, with its share', async () => {
    const black = group('black');
    const http = listener(80, { [red]: 0, [black]: 3 });
    const https = listener(443, { [black]: 1 });
    listener(8080, null);
    const rule = aws.world.putRule({
      listenerArn: https,
      priority: 1,
      conditions: { paths: ['/*'] },
      action: forward({ [red]: 1, [black]: 3 }, 60),
      tags: {},
    }).arn;
    expect(await servingActions(aws, access, red)).toEqual([
      expect.objectContaining({ routeArn: http, share: 0, stickinessMs: 0 }),
      expect.objectContaining({ routeArn: rule, listenerArn: https, share: 250, stickinessMs: 60_000 }),
    ]);
  });

  it('is nobody when the target group stands nowhere, or is gone', async () => {
    expect(await servingActions(aws, access, red)).toEqual([]);
    aws.world.targetGroups.delete(red);
    expect(await servingActions(aws, access, red)).toEqual([]);
  });

  it('is not known in an outage', async () => {
    listener(80, { [red]: 1 });
    aws.faults.outage = { code: 'AccessDenied', kind: 'terminal' };
    await expect(servingActions(aws, access, red)).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  it('is asked by requests that can be counted: one for the group, one per load balancer, one per listener', async () => {
    listener(80, { [red]: 1 });
    listener(443, { [red]: 1 });
    const asked: string[] = [];
    await servingActions(aws, access, red, { take: async (operation) => void asked.push(operation) });
    expect(asked).toEqual(['DescribeTargetGroups', 'DescribeListeners', 'DescribeRules', 'DescribeRules']);
  });
});
