import type { Action, RuleCondition } from '@aws-sdk/client-elastic-load-balancing-v2';

/** What the data plane goes by: a picture of listeners, rules and targets as AWS described them at one time. */
export interface Routing {
  readonly listeners: readonly ListenerRouting[];
  readonly targetGroups: ReadonlyMap<string, TargetGroupRouting>;
}

export interface ListenerRouting {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly protocol: string;
  readonly port: number;
  /** Where the tag says that it listens. */
  readonly taggedUrl?: string;
  readonly idleTimeoutMs: number;
  /** By priority, the default rule last. */
  readonly rules: readonly RuleRouting[];
}

export interface RuleRouting {
  readonly conditions: readonly RuleCondition[];
  /** The action that ends the list; authentication before it is not performed. */
  readonly action: Action;
}

export interface TargetGroupRouting {
  readonly arn: string;
  /** Seconds that a client stays with its target, if the group says so (cookie AWSALB). */
  readonly stickySeconds?: number;
  /** Where new requests go: the healthy targets, or all registered ones if none is (fail open). Draining targets never. */
  readonly receivers: readonly Receiver[];
}

export interface Receiver {
  readonly id: string;
  readonly port: number;
}

const failOpenStates = new Set(['unhealthy', 'initial', 'unavailable', 'unhealthy.draining']);

/** Which targets get requests, as an ALB chooses: the healthy, or with none of them healthy every registered one that is in use. */
export function receiversOf(targets: readonly (Receiver & { state: string })[]): Receiver[] {
  const healthy = targets.filter((target) => target.state === 'healthy');
  return healthy.length > 0 ? healthy : targets.filter((target) => failOpenStates.has(target.state));
}
