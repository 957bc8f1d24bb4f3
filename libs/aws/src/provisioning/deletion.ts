import {
  DeleteListenerCommand,
  DeleteLoadBalancerCommand,
  DeleteRuleCommand,
  DeleteTargetGroupCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ExternalFailure } from '@sluice/control';
import type { AwsCall } from '../clients/aws-call.js';

export function deleteRule(call: AwsCall, arn: string): Promise<void> {
  return unlessGone('RuleNotFound', () =>
    call.write('DeleteRule', arn, (client, http) => client.send(new DeleteRuleCommand({ RuleArn: arn }), http)),
  );
}

export function deleteListener(call: AwsCall, arn: string): Promise<void> {
  return unlessGone('ListenerNotFound', () =>
    call.write('DeleteListener', arn, (client, http) =>
      client.send(new DeleteListenerCommand({ ListenerArn: arn }), http),
    ),
  );
}

export function deleteTargetGroup(call: AwsCall, arn: string): Promise<void> {
  return unlessGone('TargetGroupNotFound', () =>
    call.write('DeleteTargetGroup', arn, (client, http) =>
      client.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }), http),
    ),
  );
}

export function deleteLoadBalancer(call: AwsCall, arn: string): Promise<void> {
  return unlessGone('LoadBalancerNotFound', () =>
    call.write('DeleteLoadBalancer', arn, (client, http) =>
      client.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }), http),
    ),
  );
}

async function unlessGone(goneCode: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ExternalFailure && error.code === goneCode)) throw error;
  }
}
