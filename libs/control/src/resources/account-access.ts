import { Conflict, NotFound } from '@sluice/domain';
import type { AwsAccess } from '../ports/load-balancer.js';
import type { AccountRecord, ResourceStore } from '../stores/resource-store.js';
import type { AwsCredentials } from './accounts.js';
import { knownId } from './checks.js';
import type { SealedPlace, Sealer } from './sealer.js';

/** How the engine reaches an account: unsealed credentials, role, endpoint. */
export class AccountAccess {
  constructor(
    private readonly store: ResourceStore,
    private readonly sealer: Sealer,
  ) {}

  /** NotFound when there is no such account; Conflict `CredentialsUnreadable` when they can't be unsealed. */
  async access(accountId: string): Promise<AwsAccess> {
    const account = await this.store.read.accounts.find(knownId('account', accountId));
    if (!account) throw new NotFound('account', accountId);
    return this.of(account);
  }

  of(account: AccountRecord): AwsAccess {
    return {
      accountId: account.awsAccountId,
      region: account.region,
      endpoint: account.endpoint,
      credentials: account.sealedCredentials === null ? null : this.#unseal(account),
      role: account.roleArn === null ? null : { arn: account.roleArn, externalId: account.externalId },
    };
  }

  #unseal(account: AccountRecord): AwsCredentials {
    try {
      return JSON.parse(this.sealer.open(accountCredentials(account.id), account.sealedCredentials!)) as AwsCredentials;
    } catch (error) {
      throw new Conflict(
        'CredentialsUnreadable',
        error instanceof Error ? error.message : 'the credentials cannot be unsealed',
      );
    }
  }
}

export function accountCredentials(accountId: string): SealedPlace {
  return { table: 'accounts', row: accountId, column: 'credentials' };
}
