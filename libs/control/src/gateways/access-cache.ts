import { NotFound } from '@sluice/domain';
import type { AwsAccess } from '../ports/load-balancer.js';
import type { Timers } from '../ports/timers.js';

/** An account's row as far as it matters how often it is opened. */
interface Versioned {
  readonly version: number;
}

/**
 * How accounts are reached, without unsealing credentials for every read: opened once per version of the account's row, which
 * is looked up at most every `lookUpMs` (default 5 000). What failed is tried again by the next caller.
 */
export class AccessCache<A extends Versioned> {
  private readonly known = new Map<string, { readonly version: number; readonly access: AwsAccess; at: number }>();
  private readonly looking = new Map<string, Promise<AwsAccess>>();

  constructor(
    private readonly timers: Timers,
    private readonly find: (accountId: string) => Promise<A | null>,
    private readonly open: (account: A) => AwsAccess,
    private readonly lookUpMs = 5_000,
  ) {}

  /** @throws NotFound when there is no such account, and whatever opening it throws. */
  of(accountId: string): Promise<AwsAccess> {
    const known = this.known.get(accountId);
    if (known && this.timers.now() - known.at < this.lookUpMs) return Promise.resolve(known.access);
    const looking = this.looking.get(accountId) ?? this.look(accountId).finally(() => this.looking.delete(accountId));
    this.looking.set(accountId, looking);
    return looking;
  }

  private async look(accountId: string): Promise<AwsAccess> {
    const at = this.timers.now();
    const account = await this.find(accountId);
    const known = this.known.get(accountId);
    if (account && known?.version === account.version) {
      known.at = at;
      return known.access;
    }
    this.known.delete(accountId);
    if (!account) throw new NotFound('account', accountId);
    const access = this.open(account);
    this.known.set(accountId, { version: account.version, access, at });
    return access;
  }
}
