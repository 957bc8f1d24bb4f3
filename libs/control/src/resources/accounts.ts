import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Account, ApiBudget, Page, PageRequest } from './types.js';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface CreateAccount {
  readonly projectId: string;
  readonly name: string;
  /** 12 digits. */
  readonly awsAccountId: string;
  readonly region: string;
  readonly endpoint?: string | null;
  readonly roleArn?: string | null;
  /** Sealed at rest, never shown again. null = the process's own credentials. */
  readonly credentials?: AwsCredentials | null;
  readonly apiBudget?: ApiBudget;
}

/** Only what is present changes. */
export interface UpdateAccount {
  readonly name?: string;
  readonly endpoint?: string | null;
  readonly roleArn?: string | null;
  readonly credentials?: AwsCredentials | null;
  readonly apiBudget?: ApiBudget;
}

export interface AccountCheckResult {
  readonly account: Account;
  readonly ok: boolean;
  readonly message: string;
  /** What to do about it; null when all is well. */
  readonly advice: string | null;
  /** Who AWS says we are; null when it could not be asked. */
  readonly identity: { readonly accountId: string; readonly arn: string } | null;
  readonly loadBalancers: number | null;
}

export class Accounts {
  create(_caller: Caller, _input: CreateAccount, _options: MutationOptions = {}): Promise<Account> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string }, _page: PageRequest): Promise<Page<Account>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Account> { throw new Error('being written'); }
  update(_caller: Caller, _id: string, _patch: UpdateAccount, _options: MutationOptions = {}): Promise<Account> { throw new Error('being written'); }
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
  check(_caller: Caller, _id: string): Promise<AccountCheckResult> { throw new Error('being written'); }
}
