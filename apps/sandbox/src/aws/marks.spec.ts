import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AddTagsCommand,
  ModifyListenerCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { AwsWorld, forward } from '../testing/aws-world.js';

let world: AwsWorld;
let balancer: string;
let listener: string;
let other: string;
let red: string;
let black: string;
let blue: string;
beforeAll(async () => {
  world = await AwsWorld.start();
  balancer = await world.loadBalancer('main');
  const another = await world.loadBalancer('another');
  [red, black, blue] = [
    await world.targetGroup('red'),
    await world.targetGroup('black'),
    await world.targetGroup('blue'),
  ];
  listener = (await world.listener(balancer, [forward({ [red]: 100, [black]: 0 })])).ListenerArn;
  other = (await world.listener(another, [forward({ [blue]: 1 })])).ListenerArn;
});
afterAll(() => world.stop());

interface State {
  readonly revision: number;
  readonly regions?: readonly { readonly marks: Readonly<Record<string, string>> }[];
}
const state = async (after = 0) =>
  (await (await fetch(`${world.aws.endpoint}/sandbox/state?after=${after}`)).json()) as State;
const marks = async () => (await state()).regions?.[0]?.marks ?? {};

describe('what the data plane is told has changed', () => {
  const changes: readonly [string, () => Promise<unknown>, () => string[]][] = [
    [
      "a listener's weights",
      () =>
        world.elb.send(
          new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [forward({ [red]: 1, [black]: 9 })] }),
        ),
      () => [listener],
    ],
    [
      "a listener's tags",
      () => world.elb.send(new AddTagsCommand({ ResourceArns: [other], Tags: [{ Key: 'a', Value: 'b' }] })),
      () => [other],
    ],
    [
      "a target group's attributes",
      () =>
        world.elb.send(
          new ModifyTargetGroupAttributesCommand({
            TargetGroupArn: red,
            Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: '30' }],
          }),
        ),
      () => [red],
    ],
    [
      "a load balancer's idle timeout",
      () =>
        world.elb.send(
          new ModifyLoadBalancerAttributesCommand({
            LoadBalancerArn: balancer,
            Attributes: [{ Key: 'idle_timeout.timeout_seconds', Value: '30' }],
          }),
        ),
      () => [listener],
    ],
    [
      'a target group that is used no more',
      () =>
        world.elb.send(new ModifyListenerCommand({ ListenerArn: listener, DefaultActions: [forward({ [red]: 1 })] })),
      () => [listener, black],
    ],
    // the last one: its health is checked from then on
    [
      "a target group's targets",
      () => world.elb.send(new RegisterTargetsCommand({ TargetGroupArn: blue, Targets: [{ Id: '10.0.1.9' }] })),
      () => [blue],
    ],
  ];
  it.each(changes)('%s', async (_what, change, expected) => {
    const before = await marks();
    await change();
    const after = await marks();
    expect(Object.keys(after).filter((arn) => after[arn] !== before[arn])).toEqual(expected());
  });

  it('nothing, to who knows the present revision', async () => {
    const { revision } = await state();
    expect(await state(revision)).toEqual({ revision });
  });
});
