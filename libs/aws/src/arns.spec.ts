import { describe, expect, it } from '@jest/globals';
import { parseElbArn, parseRouteArn } from './arns.js';

const prefix = 'arn:aws:elasticloadbalancing:eu-west-1:111122223333';

describe('an ARN of ELBv2', () => {
  it('tells a rule’s listener and load balancer', () => {
    expect(
      parseRouteArn(`${prefix}:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`),
    ).toEqual({
      kind: 'rule',
      arn: `${prefix}:listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee`,
      listenerArn: `${prefix}:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2`,
      loadBalancerArn: `${prefix}:loadbalancer/app/shop/50dc6c495c0c9188`,
    });
  });

  it('tells network from application load balancers, in every partition', () => {
    expect(
      parseElbArn('arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:loadbalancer/net/shop/50dc6c495c0c9188'),
    ).toMatchObject({ type: 'network' });
    expect(parseElbArn(`${prefix}:loadbalancer/app/shop/50dc6c495c0c9188`)).toMatchObject({ type: 'application' });
  });

  it.each([
    '',
    'shop',
    'arn:aws:s3:::bucket',
    `${prefix}:listener/app/shop/50dc6c495c0c9188`,
    `${prefix}:listener/gwy/shop/50dc6c495c0c9188/f2f7dc8efc522ab2`,
    `${prefix}:listener/app//50dc6c495c0c9188/f2f7dc8efc522ab2`,
    `${prefix}:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/more/still`,
    `${prefix}:targetgroup/shop`,
  ])('is refused with InvalidArn when it is %j', (arn) => {
    expect(() => parseElbArn(arn)).toThrow(expect.objectContaining({ code: 'InvalidArn', kind: 'terminal' }));
  });

  it('is no route when it is a target group or a load balancer', () => {
    expect(() => parseRouteArn(`${prefix}:targetgroup/red/50dc6c495c0c9188`)).toThrow(/is a target group/);
    expect(() => parseRouteArn(`${prefix}:loadbalancer/app/shop/50dc6c495c0c9188`)).toThrow(/is a load balancer/);
  });
});
