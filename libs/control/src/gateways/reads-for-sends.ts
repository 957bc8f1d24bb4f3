import type { Fact, ReadPriority, TargetHealth, Weights } from '@sluice/domain';
import type { ActionFact } from '../ports/fact-store.js';
import type { ExternalFailureLike } from '../ports/load-balancer.js';

/** A route as far as reading it goes. */
export interface RouteToRead {
  readonly arn: string;
  readonly isDefault: boolean;
  readonly listenerArn: string;
}

/** A forward action and when the request that showed it began (monotonic ms). */
export interface SendRead {
  readonly action: ActionFact;
  readonly at: number;
}

/** What the lane of a gateway asks of its reader. */
export interface ReadsForSends {
  /**
   * Reads up to 20 routes in as few requests as possible, none begun before `notBefore` (monotonic ms); callers at the same
   * time share them. What was seen is a look like any other. Every route asked for is in the reply, a failed one as its failure.
   */
  readForSend(
    accountId: string,
    routes: readonly RouteToRead[],
    notBefore: number,
    priority: ReadPriority,
  ): Promise<ReadonlyMap<string, SendRead | ExternalFailureLike>>;
  /** Reads one target group's health, in a request that has yet to begin. */
  healthNow(accountId: string, targetGroupArn: string, priority: ReadPriority): Promise<Fact<TargetHealth>>;
}

/** The newest verified write of a route. For a minute after it, until another one goes out, a look that shows `before` lags and is not news. */
export interface WrittenLately {
  readonly before: Weights;
  readonly after: Weights;
  /** Monotonic ms. */
  readonly atMs: number;
}
