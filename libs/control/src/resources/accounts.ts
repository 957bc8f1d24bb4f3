import { randomUUID } from 'node:crypto';
import { Conflict, actorText } from '@sluice/domain';
import type { Caller, Ids } from '../context.js';
import type { ProveAccount } from '../gateways/prove-account.js';
import type { ExternalFailure } from '../ports/external-failure.js';
import type { GatewayStanding } from '../ports/gateway-store.js';
import { shownAccount } from '../stores/recorded-changes.js';
import type { AccountRecord, ResourceStore } from '../stores/resource-store.js';
import { accountCredentials } from './account-access.js';
import { Checks, knownId } from './checks.js';
import type { EndpointPolicy } from './endpoint-policy.js';
import type { MutationOptions } from './options.js';
import type { Sealed, Sealer } from './sealer.js';
import { expectVersion, keepProject, own, projectFilter } from './tenancy.js';
import { defaultApiBudget, type Account, type ApiBudget, type Page, type PageRequest } from './types.js';

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
  /** What is missing gets its default. */
  readonly apiBudget?: Partial<ApiBudget>;
}

/** Only what is present changes, within `apiBudget` too. */
export interface UpdateAccount {
  readonly name?: string;
  readonly endpoint?: string | null;
  readonly roleArn?: string | null;
  readonly credentials?: AwsCredentials | null;
  readonly apiBudget?: Partial<ApiBudget>;
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

export interface AccountGateway {
  readonly awsAccountId: string;
  readonly region: string;
  /** null = the account's number isn't proven, so nothing goes through any gateway. */
  readonly gateway: GatewayStanding | null;
}

export interface AccountOptions {
  /** Whether an account may use the process's own credentials. */
  readonly allowProcessCredentials: boolean;
}

/** AWS accounts. Credentials go in and are never shown again. */
export class Accounts {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly sealer: Sealer,
    private readonly proof: ProveAccount,
    private readonly endpoints: EndpointPolicy,
    private readonly options: AccountOptions,
  ) {}

  async create(caller: Caller, input: CreateAccount, options: MutationOptions = {}): Promise<Account> {
    const checks = new Checks();
    checks.line('awsAccountId', input.awsAccountId, 12, /^\d{12}$/, 'must be 12 digits');
    checks.line('region', input.region, 32, /^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a Region such as eu-central-1');
    this.#check(checks, { credentials: null, ...input });
    checks.done();
    const created = await this.store.transaction(
      caller.actor,
      async (tx) => {
        await keepProject(tx, caller, input.projectId);
        const id = this.ids.next('acc');
        const account = await tx.accounts.insert({
          id,
          projectId: input.projectId,
          name: input.name,
          awsAccountId: input.awsAccountId,
          region: input.region,
          endpoint: input.endpoint ?? null,
          roleArn: input.roleArn ?? null,
          externalId: `sluice-${randomUUID()}`,
          ...this.#seal(id, input.credentials ?? null),
          apiBudget: budgetOver(defaultApiBudget, input.apiBudget),
          gatewayId: null,
          check: null,
          createdBy: actorText(caller.actor),
        });
        return account;
      },
      options,
    );
    return options.dryRun ? shownAccount(created) : this.#proven(caller, created);
  }

  async list(caller: Caller, filter: { readonly projectId?: string }, page: PageRequest): Promise<Page<Account>> {
    const { items, next } = await this.store.read.accounts.page(projectFilter(caller, filter.projectId), page);
    return { items: items.map(shownAccount), next };
  }

  async get(caller: Caller, id: string): Promise<Account> {
    return shownAccount(own(caller, 'account', id, await this.store.read.accounts.find(knownId('account', id))));
  }

  /** What its gateway may spend and spends of AWS's limits, from what its owner published. Asks AWS nothing. */
  async gateway(caller: Caller, id: string): Promise<AccountGateway> {
    const { awsAccountId, region } = await this.get(caller, id);
    return { awsAccountId, region, gateway: await this.store.read.engine.gatewayOf(id) };
  }

  async update(caller: Caller, id: string, patch: UpdateAccount, options: MutationOptions = {}): Promise<Account> {
    knownId('account', id);
    const checks = new Checks();
    this.#check(checks, patch);
    checks.done();
    const reachedOtherwise =
      patch.endpoint !== undefined || patch.roleArn !== undefined || patch.credentials !== undefined;
    const changed = await this.store.transaction(
      caller.actor,
      async (tx) => {
        const account = own(caller, 'account', id, await tx.accounts.lock(id, 'change'));
        expectVersion(account, options);
        if (reachedOtherwise) await tx.gateways.leave(id);
        const updated = await tx.accounts.update(id, {
          ...(patch.name !== undefined && { name: patch.name }),
          ...(patch.endpoint !== undefined && { endpoint: patch.endpoint }),
          ...(patch.roleArn !== undefined && { roleArn: patch.roleArn }),
          ...(patch.credentials !== undefined && this.#seal(id, patch.credentials)),
          ...(patch.apiBudget !== undefined && { apiBudget: budgetOver(account.apiBudget, patch.apiBudget) }),
          ...(reachedOtherwise && { check: null }),
        });
        return updated;
      },
      options,
    );
    return reachedOtherwise && !options.dryRun ? this.#proven(caller, changed) : shownAccount(changed);
  }

  /** Conflict while clusters, routes or provisioned resources stand on it. */
  async remove(caller: Caller, id: string, options: MutationOptions = {}): Promise<void> {
    knownId('account', id);
    await this.store.transaction(
      caller.actor,
      async (tx) => {
        const account = own(caller, 'account', id, await tx.accounts.lock(id, 'change'));
        expectVersion(account, options);
        const routes = await tx.routes.count({ accountId: id });
        const clusters = await tx.clusters.count({ accountId: id });
        const recorded = await tx.provisioned.all({ accountId: id });
        const provisioned = recorded.filter((one) => one.createdByUs && one.removedAt === null).length;
        if (routes + clusters + provisioned > 0) {
          throw new Conflict(
            'AccountInUse',
            `${routes} routes, ${clusters} clusters and ${provisioned} provisioned resources stand on this account; remove them first`,
            { routes, clusters, provisioned },
          );
        }
        for (const adoptedOrGone of recorded) await tx.provisioned.remove(adoptedOrGone.id);
        await tx.accounts.remove(id);
      },
      options,
    );
  }

  /** Asks AWS who we are there and whether we may read load balancers; the answer is kept with the account. */
  async check(caller: Caller, id: string): Promise<AccountCheckResult> {
    own(caller, 'account', id, await this.store.read.accounts.find(knownId('account', id)));
    const { account, answer, refusal } = await this.proof.ask(caller.actor, id, 15_000);
    return {
      account: shownAccount(account),
      ok: refusal === null,
      message: account.check?.message ?? '',
      advice: refusal && adviceFor(account, refusal),
      identity: answer && { accountId: answer.accountId, arn: answer.arn },
      loadBalancers: answer && answer.loadBalancers,
    };
  }

  /** At once, so that its check and its gateway are there; what fails is told in its check, and tried again by a worker. */
  async #proven(caller: Caller, account: AccountRecord): Promise<Account> {
    try {
      return shownAccount((await this.proof.ask(caller.actor, account.id)).account);
    } catch {
      // the account is stored whatever came of asking; the worker's next try tells what was wrong
      return shownAccount(account);
    }
  }

  #check(checks: Checks, input: UpdateAccount & { readonly name?: string }): void {
    if (input.name !== undefined || 'projectId' in input) checks.name('name', input.name);
    if (input.endpoint != null)
      checks.add(
        typeof input.endpoint === 'string'
          ? this.endpoints.awsEndpoint('endpoint', input.endpoint)
          : { field: 'endpoint', message: 'must be a URL' },
      );
    if (input.roleArn != null)
      checks.line('roleArn', input.roleArn, 512, /^arn:[a-z0-9-]+:iam::\d{12}:role\/\S+$/, "must be a role's ARN");
    if (input.credentials != null) {
      checks.line(
        'credentials.accessKeyId',
        input.credentials.accessKeyId,
        128,
        /^\w+$/,
        'must be letters, digits and _',
      );
      checks.line('credentials.secretAccessKey', input.credentials.secretAccessKey, 256);
    } else if (input.credentials === null && !this.options.allowProcessCredentials) {
      checks.fail(
        'credentials',
        "are needed: this server's operator has not allowed accounts to use the server's own credentials",
      );
    }
    if (input.apiBudget !== undefined) {
      const given = budgetOver(defaultApiBudget, input.apiBudget);
      checks.number('apiBudget.modifyPerSecond', given.modifyPerSecond, 0.1, 50, false);
      checks.number('apiBudget.modifyBurst', given.modifyBurst, 1, 200);
      checks.number('apiBudget.readPerSecond', given.readPerSecond, 0.5, 100, false);
      checks.number('apiBudget.readBurst', given.readBurst, 1, 200);
    }
  }

  #seal(
    accountId: string,
    credentials: AwsCredentials | null,
  ): { credentials: Account['credentials']; sealedCredentials: Sealed | null } {
    if (credentials === null) return { credentials: 'process', sealedCredentials: null };
    const { accessKeyId, secretAccessKey } = credentials;
    return {
      credentials: 'stored',
      sealedCredentials: this.sealer.seal(
        accountCredentials(accountId),
        JSON.stringify({ accessKeyId, secretAccessKey }),
      ),
    };
  }
}

function budgetOver(base: ApiBudget, given: Partial<ApiBudget> = {}): ApiBudget {
  return {
    modifyPerSecond: given.modifyPerSecond ?? base.modifyPerSecond,
    modifyBurst: given.modifyBurst ?? base.modifyBurst,
    readPerSecond: given.readPerSecond ?? base.readPerSecond,
    readBurst: given.readBurst ?? base.readBurst,
  };
}

function adviceFor(account: AccountRecord, error: ExternalFailure | Conflict): string {
  if (error instanceof Conflict)
    return error.reason === 'AccountNumberDiffers'
      ? 'Correct the role or the credentials, or register this account under its own number.'
      : 'Store the credentials again.';
  if (error.kind === 'transient')
    return 'AWS could not be asked just now; check the endpoint and the network, then try again.';
  if (account.roleArn !== null) {
    return `Check that role ${account.roleArn} exists, that its trust policy lets our credentials call sts:AssumeRole under the condition sts:ExternalId = ${account.externalId}, and that its policy allows elasticloadbalancing:Describe*.`;
  }
  return 'Check the access key and that its policy allows elasticloadbalancing:Describe*.';
}
