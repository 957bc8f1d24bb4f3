import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultBodies, Faults } from '../shared/faults.js';
import { AwsError } from './aws-error.js';
import type { ActionHandler } from './call.js';
import { expiredToken, type Caller } from './identities.js';
import { TokenBuckets } from './token-buckets.js';

/** The AWS faults, each at its place in the handling of a call. The sandbox's own parts (`internal`) never meet them. */
export class AwsFaults {
  private readonly buckets = new TokenBuckets();

  constructor(private readonly faults: Faults) {}

  /** Once the caller is known, before anything else. */
  async delay(action: string, caller: Caller): Promise<void> {
    const latency = this.faults.get('aws.latency');
    if (latency !== undefined && concerns(latency, action, caller)) await sleep(latency.ms);
  }

  /** Before the action runs. @throws AwsError */
  refuse(action: string, caller: Caller, nowMs: number): void {
    if (caller.temporary && this.faults.get('aws.expiredToken') !== undefined) throw expiredToken();
    const denied = this.faults.get('aws.accessDenied');
    if (denied !== undefined && concerns(denied, action, caller))
      throw new AwsError('AccessDenied', `User: ${caller.arn} is not authorized to perform: ${action}`, 403);
    const throttle = this.faults.get('aws.throttle');
    if (throttle !== undefined && concerns(throttle, action, caller) && this.throttled(throttle, caller, nowMs))
      throw throttling();
    const broken = this.faults.get('aws.serverError');
    if (broken !== undefined && concerns(broken, action, caller) && Math.random() < (broken.probability ?? 1)) {
      throw new AwsError(
        'InternalFailure',
        'The request processing has failed because of an unknown error, exception or failure.',
        500,
      );
    }
  }

  /** Whether the reply of a call that took effect is to be lost. Counts down and ends the fault by itself. */
  dropsReply(action: string, handler: ActionHandler, caller: Caller): boolean {
    return handler.mutates && this.spend('aws.successThenTimeout', action, caller) !== undefined;
  }

  /** How much later a call is to take effect, its connection being dropped now; undefined for at once. Counts down likewise. */
  lateByMs(action: string, handler: ActionHandler, caller: Caller): number | undefined {
    return handler.mutates ? this.spend('aws.timeoutThenLateApply', action, caller)?.ms : undefined;
  }

  /** A reply as the caller is to see it. */
  shown(result: object): object {
    return this.faults.get('aws.newerActions') === undefined ? result : withNewerActions(result);
  }

  private spend<N extends 'aws.successThenTimeout' | 'aws.timeoutThenLateApply'>(
    name: N,
    action: string,
    caller: Caller,
  ): FaultBodies[N] | undefined {
    const fault = this.faults.get(name);
    if (fault === undefined || !concerns(fault, action, caller)) return undefined;
    if (fault.count === 1) this.faults.clear(name);
    else if (fault.count !== undefined) this.faults.set(name, { ...fault, count: fault.count - 1 });
    return fault;
  }

  private throttled(fault: { probability?: number; ratePerSecond?: number }, caller: Caller, nowMs: number): boolean {
    if (fault.ratePerSecond === undefined) return Math.random() < (fault.probability ?? 1);
    if (Math.random() < (fault.probability ?? 0)) return true;
    return !this.buckets.take(
      `${caller.account}/${caller.regionName}`,
      { burst: Math.max(1, fault.ratePerSecond), perSecond: fault.ratePerSecond },
      nowMs,
    );
  }
}

/** What an AWS that has moved on shows of forward actions. */
function withNewerActions(value: object): object {
  if (Array.isArray(value)) return value.map((one: unknown) => (isObject(one) ? withNewerActions(one) : one));
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => {
      if (!isObject(inner)) return [name, inner];
      const shown = withNewerActions(inner);
      return [name, name === 'ForwardConfig' ? { ...shown, FailoverConfig: { Mode: 'standby' } } : shown];
    }),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

export function throttling(): AwsError {
  return new AwsError('Throttling', 'Rate exceeded');
}

function concerns(fault: { actions?: string[]; accounts?: string[] }, action: string, { account }: Caller): boolean {
  return (fault.actions?.includes(action) ?? true) && (fault.accounts?.includes(account) ?? true);
}
