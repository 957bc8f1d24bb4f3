import type { AwsAccess } from '../ports/load-balancer.js';

/** How the engine reaches an account: unsealed credentials, role, endpoint. NotFound when there is no such account. */
export class AccountAccess {
  access(_accountId: string): Promise<AwsAccess> { throw new Error('being written'); }
}
