import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import type { AwsIdentity } from '@sluice/control';
import type { AwsCall } from './clients/aws-call.js';
import { unreadableReply } from './clients/paging.js';

/** Whose credentials the call has. AWS refuses this to nobody. */
export async function readIdentity(call: AwsCall, region: string): Promise<AwsIdentity> {
  const { Account: accountNumber, Arn: arn } = await call.identity('GetCallerIdentity', region, (client, http) =>
    client.send(new GetCallerIdentityCommand({}), http),
  );
  const partition = arn?.split(':')[1];
  if (accountNumber === undefined || arn === undefined || partition === undefined || partition === '')
    throw unreadableReply('GetCallerIdentity', region, 'account');
  return { partition, accountNumber, arn };
}
