import { Conflict, NotFound, type Ownership, type ReadPriority, type TargetHealth } from '@sluice/domain';
import type { Clock } from '../context.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { ActionFact } from '../ports/fact-store.js';
import type { AwsAccess, CallOptions, ExternalFailureLike, LoadBalancer } from '../ports/load-balancer.js';
import type { Timers } from '../ports/timers.js';
import { NoAccess } from './account-troubles.js';
import type { ReadBudget } from './read-budget.js';
import type { RouteToRead } from './reads-for-sends.js';
import type { ReadBatch, Seen, SeenByArn } from './shared-reads.js';
import type { WantedRoute } from './watch-list.js';

/** What a gateway reads of AWS. */
export type ReadAws = Pick<LoadBalancer, 'readActions' | 'ownershipOfRoutes' | 'targetHealth'>;

export interface RequestParts {
  readonly loadBalancer: ReadAws;
  /** Throws Conflict, NotFound or ExternalFailure where the account can't be reached at all. */
  readonly access: (accountId: string) => Promise<AwsAccess>;
  readonly budget: ReadBudget;
  readonly timers: Timers;
  readonly clock: Clock;
  /** Longest a request may take. */
  readonly timeoutMs: number;
  /** Aborted when the gateway is no longer ours. */
  readonly signal: AbortSignal;
}

/** Told of every request that ended. */
export type Report<T> = (accountId: string, shown: SeenByArn<T>) => void;

interface ByArn {
  readonly arn: string;
}
type Answers<T> = ReadonlyMap<string, T | ExternalFailureLike>;
type Ask<I, T> = (access: AwsAccess, items: readonly I[], options: CallOptions) => Promise<Answers<T>>;
type Began = Pick<Seen<unknown>, 'at' | 'clockAt'>;

/** Requests of a gateway: access, then the budget, then AWS; what AWS says about our rate goes back to the budget. */
export class GatewayRequests {
  constructor(private readonly parts: RequestParts) {}

  /** Rules or listeners, not both. */
  actions(report: Report<ActionFact>): ReadBatch<RouteToRead, ActionFact> {
    return this.batch((access, routes, options) => {
      const arns = routes.map((one) => one.arn);
      const request = routes[0]?.isDefault
        ? ({ kind: 'listeners', listenerArns: arns } as const)
        : ({ kind: 'rules', ruleArns: arns } as const);
      return this.parts.loadBalancer.readActions(access, request, options);
    }, report);
  }

  owners(report: Report<Ownership>): ReadBatch<WantedRoute, Ownership> {
    return this.batch((access, routes, options) => {
      const owned = routes.map(({ arn, listenerArn, loadBalancerArn }) => ({
        routeArn: arn,
        listenerArn,
        loadBalancerArn,
      }));
      return this.parts.loadBalancer.ownershipOfRoutes(access, owned, options);
    }, report);
  }

  /** One target group a request. */
  health(report: Report<TargetHealth>): ReadBatch<ByArn, TargetHealth> {
    const ask: Ask<ByArn, TargetHealth> = async (access, groups, options) => {
      const answers = groups.map(
        async ({ arn }) => [arn, await this.parts.loadBalancer.targetHealth(access, arn, options)] as const,
      );
      return new Map(await Promise.all(answers));
    };
    return this.batch(ask, report);
  }

  private batch<I extends ByArn, T>(ask: Ask<I, T>, report: Report<T>): ReadBatch<I, T> {
    return async (accountId, priority, items) => {
      const shown = await this.request(ask, accountId, priority, items);
      this.parts.signal.throwIfAborted();
      report(accountId, shown);
      return shown;
    };
  }

  private async request<I extends ByArn, T>(
    ask: Ask<I, T>,
    accountId: string,
    priority: ReadPriority,
    items: () => readonly I[],
  ): Promise<SeenByArn<T>> {
    const { budget, signal, timeoutMs } = this.parts;
    const access = await this.open(accountId);
    // no request, no token: who can't be reached costs the others nothing
    if (access instanceof ExternalFailure) return allFailed(items(), access, this.now());
    await budget.take(priority, accountId, signal);
    const list = items();
    const began = this.now();
    try {
      const take = this.afterTheFirst(priority, accountId);
      const answers = await ask(access, list, { signal, timeoutMs, take });
      const shown = new Map(list.map(({ arn }) => [arn, { outcome: outcomeOf(answers.get(arn), arn), ...began }]));
      this.learn([...shown.values()].map(({ outcome }) => (outcome.ok ? null : outcome.failure)));
      return shown;
    } catch (error) {
      if (!(error instanceof ExternalFailure)) throw error;
      this.learn([error]);
      return allFailed(list, error, began);
    }
  }

  /** What can't be opened is a failure of the account; anything else that goes wrong is ours. */
  private async open(accountId: string): Promise<AwsAccess | ExternalFailure> {
    try {
      return await this.parts.access(accountId);
    } catch (error) {
      if (error instanceof ExternalFailure) return error;
      if (error instanceof Conflict) return noAccess(error.reason, error);
      if (error instanceof NotFound) return noAccess('AccountNotFound', error);
      throw error;
    }
  }

  /** Only what AWS gave says that it gives more. */
  private learn(failures: readonly (ExternalFailure | null)[]): void {
    if (failures.some((one) => one?.throttled)) this.parts.budget.throttled();
    else if (failures.includes(null)) this.parts.budget.succeeded();
  }

  private now(): Began {
    return { at: this.parts.timers.now(), clockAt: this.parts.clock.now() };
  }

  /** The first request of a call has its token; each further one takes its own. */
  private afterTheFirst(priority: ReadPriority, accountId: string): () => Promise<void> {
    let isFirst = true;
    return async () => {
      if (!isFirst) await this.parts.budget.take(priority, accountId, this.parts.signal);
      isFirst = false;
    };
  }
}

function noAccess(code: string, cause: Error): NoAccess {
  return new NoAccess({ system: 'aws', kind: 'terminal', code, message: cause.message }, { cause });
}

function allFailed<T>(items: readonly ByArn[], failure: ExternalFailure, began: Began): SeenByArn<T> {
  return new Map(items.map(({ arn }) => [arn, { outcome: { ok: false, failure }, ...began }]));
}

function outcomeOf<T>(answer: T | ExternalFailureLike | undefined, arn: string): Seen<T>['outcome'] {
  if (answer !== undefined)
    return isFailure(answer) ? { ok: false, failure: answer.failure } : { ok: true, value: answer };
  const message = `AWS's reply doesn't list ${arn}; it is asked again`;
  return { ok: false, failure: new ExternalFailure({ system: 'aws', kind: 'transient', code: 'NotListed', message }) };
}

function isFailure<T>(answer: T | ExternalFailureLike): answer is ExternalFailureLike {
  return typeof answer === 'object' && answer !== null && 'failure' in answer;
}
