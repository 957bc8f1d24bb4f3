import { Conflict, engineActor, NotFound, type Actor } from '@sluice/domain';
import type { Clock, Ids } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { LoadBalancer } from '../ports/load-balancer.js';
import type { AccountAccess } from '../resources/account-access.js';
import type { AccountRecord, ResourceStore, ResourceTransaction } from '../stores/resource-store.js';

/** Who AWS says we are through an account record, and what we see there. */
export interface CallerIdentity {
  readonly accountId: string;
  readonly arn: string;
  readonly loadBalancers: number;
}

/** How asking went: an answer, or why there is none. `refusal`: why the record isn't, or can't be, proven by it. */
export interface Proof {
  readonly account: AccountRecord;
  readonly answer: CallerIdentity | null;
  readonly refusal: Conflict | ExternalFailure | null;
}

const defaultTimeoutMs = 5_000;
/** The job passes over what was asked within this, by whichever replica. */
const recentMs = 50_000;
const most = 200;
const concurrency = 8;
const prover = engineActor('accounts');

/**
 * Proves which real AWS account stands behind a record, by GetCallerIdentity through that record, and puts the record
 * behind that account's gateway. What isn't proven has no gateway: nothing of it is read or sent.
 */
export class ProveAccount {
  constructor(
    private readonly parts: {
      readonly store: ResourceStore;
      readonly ids: Ids;
      readonly clock: Clock;
      readonly loadBalancer: LoadBalancer;
      readonly accountAccess: AccountAccess;
    },
  ) {}

  /**
   * @throws Conflict `AccountNumberDiffers` when the record leads elsewhere than it says, `CredentialsUnreadable`;
   *   ExternalFailure when AWS refused or couldn't be asked. Whatever it was stands in the account's check, too.
   */
  async prove(accountId: string): Promise<void> {
    const { refusal } = await this.ask(prover, accountId);
    if (refusal) throw refusal;
  }

  /** Asks AWS and keeps what came of it with the account. A failure takes nothing away from a record that was proven before. */
  async ask(actor: Actor, accountId: string, timeoutMs = defaultTimeoutMs): Promise<Proof> {
    for (;;) {
      const account = await this.parts.store.read.accounts.find(accountId);
      if (!account) throw new NotFound('account', accountId);
      const found = await this.identify(account, timeoutMs);
      const kept = await this.parts.store.transaction(actor, (tx) => this.keep(tx, account, found));
      // reached otherwise by now: the answer is of another way in
      if (kept) return { ...found, account: kept };
    }
  }

  /**
   * Tries all that aren't proven, several at once: one that hangs or breaks holds up nobody. Returns those that still
   * aren't.
   * @throws what broke unexpectedly, after all were tried
   */
  async proveOpen(): Promise<readonly { readonly accountId: string; readonly code: string }[]> {
    const { gateways } = this.parts.store.read;
    await gateways.adoptIntents();
    const open = [...(await gateways.unproven(recentMs, most))];
    const refused: { accountId: string; code: string }[] = [];
    const broken: unknown[] = [];
    const worker = async () => {
      for (let id = open.shift(); id !== undefined; id = open.shift()) {
        try {
          const { refusal } = await this.ask(prover, id);
          if (refusal) refused.push({ accountId: id, code: codeOf(refusal) });
        } catch (error) {
          if (!(error instanceof NotFound)) broken.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    if (broken.length > 0) throw new AggregateError(broken, `${broken.length} accounts could not be asked for`);
    return refused;
  }

  private async identify(account: AccountRecord, timeoutMs: number): Promise<Omit<Proof, 'account'>> {
    try {
      const answer = await this.parts.loadBalancer.check(this.parts.accountAccess.of(account), { timeoutMs });
      return { answer, refusal: answer.accountId === account.awsAccountId ? null : numberDiffers(account, answer) };
    } catch (error) {
      if (error instanceof ExternalFailure || error instanceof Conflict) return { answer: null, refusal: error };
      throw error;
    }
  }

  /** null, and nothing kept, when the account is reached otherwise than it was asked. */
  private async keep(
    tx: ResourceTransaction,
    asked: AccountRecord,
    { answer, refusal }: Omit<Proof, 'account'>,
  ): Promise<AccountRecord | null> {
    const before = await tx.accounts.lock(asked.id, 'change');
    if (!before) throw new NotFound('account', asked.id);
    if (wayIn(before) !== wayIn(asked)) return null;
    const check = { at: new Date(this.parts.clock.now()).toISOString(), ...sentence(answer, refusal) };
    await tx.accounts.update(asked.id, { check });
    if (answer !== null) await this.move(tx, asked, answer, refusal !== null);
    await tx.gateways.noteAsked(asked.id);
    return tx.accounts.find(asked.id);
  }

  private move(
    tx: ResourceTransaction,
    { id, region }: AccountRecord,
    { arn, accountId }: CallerIdentity,
    isRefused: boolean,
  ): Promise<boolean> {
    if (isRefused) return tx.gateways.leave(id);
    const number = { partition: arn.split(':')[1] ?? 'aws', awsAccountId: accountId, region };
    return tx.gateways.join(id, number, this.parts.ids.next('gtw'));
  }
}

function numberDiffers(account: AccountRecord, { accountId, arn }: CallerIdentity): Conflict {
  return new Conflict(
    'AccountNumberDiffers',
    `the credentials of account ${account.name} lead into AWS account ${accountId}, not ${account.awsAccountId}; correct its role or credentials, or register AWS account ${accountId} under its own number`,
    { declared: account.awsAccountId, actual: accountId, arn },
  );
}

function sentence(answer: CallerIdentity | null, refusal: Proof['refusal']): { ok: boolean; message: string } {
  if (refusal)
    return {
      ok: false,
      message: refusal instanceof ExternalFailure ? `${refusal.code}: ${refusal.message}` : refusal.message,
    };
  return { ok: true, message: `reached as ${answer!.arn}; ${answer!.loadBalancers} load balancers are visible` };
}

/** Everything that decides where a record leads. */
function wayIn({ endpoint, roleArn, externalId, sealedCredentials }: AccountRecord): string {
  return JSON.stringify([endpoint, roleArn, externalId, sealedCredentials]);
}

function codeOf(refusal: Conflict | ExternalFailure): string {
  return refusal instanceof ExternalFailure ? refusal.code : refusal.reason;
}
