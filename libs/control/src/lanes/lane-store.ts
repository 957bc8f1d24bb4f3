import type { Weights } from '@sluice/domain';
import type { ApiBudget } from '../resources/types.js';
import type { Intent } from './intent.js';

/** The right to write to one account, for a while. Both parts are in every intent that is sent under it. */
export interface Fence {
  readonly accountId: string;
  readonly epoch: bigint;
  readonly grantId: string;
}

export interface Grant extends Fence {
  /** From the moment the statement was sent: conservative. */
  readonly leaseMs: number;
  /** Wait-out: nothing is written before this many ms have gone by. */
  readonly writesInMs: number;
  readonly apiBudget: ApiBudget;
}

export type Settlement =
  | { readonly state: 'applied'; readonly message: string; readonly live: Weights; readonly requestId: string | null }
  | {
      readonly state: 'failed';
      readonly reason: string;
      readonly message: string;
      readonly live: Weights | null;
      readonly requestId: string | null;
    }
  | { readonly state: 'superseded'; readonly message: string };

/** Lanes and intents. Every method that changes an intent carries the fence and changes nothing when it no longer holds. */
export abstract class LaneStore {
  /** Takes every lane without a living owner: owner, lease, epoch and grant id in one statement, by Postgres's clock. */
  abstract claim(owner: string, leaseMs: number, waitOutMs: number): Promise<readonly Grant[]>;
  /** Answers the accounts whose lease was prolonged; the others are lost. */
  abstract renew(
    fences: readonly Fence[],
    leaseMs: number,
  ): Promise<readonly { accountId: string; apiBudget: ApiBudget }[]>;
  /** Hands a lane over at once (after the calls in flight have ended). */
  abstract release(fence: Fence): Promise<void>;

  /** Sent, but by nobody who still waits for the answer: to be settled by reading before anything else is written. */
  abstract orphans(fence: Fence, inFlightIds: readonly string[]): Promise<readonly Intent[]>;
  /** The most urgent pending intent whose route has nothing in flight, or when the next one may be due (ms), or null. */
  abstract next(fence: Fence, busyRouteIds: readonly string[]): Promise<{ intent: Intent } | { inMs: number } | null>;
  /** pending -> sent, durable before the call. False: superseded, paused or fenced meanwhile. */
  abstract markSent(fence: Fence, intentId: string, deadlineMs: number, after: Weights): Promise<boolean>;
  /** Back to pending after an attempt that had no effect. */
  abstract putBack(
    fence: Fence,
    intentId: string,
    delayMs: number,
    why: { reason: string; message: string },
  ): Promise<boolean>;
  /** Says why an intent that is in flight isn't settled yet; its rollout tells it. Nothing happens when that was said before. */
  abstract remark(fence: Fence, intentId: string, why: { reason: string; message: string }): Promise<void>;
  /** Ends an intent, its decision and, with the last one of a step, starts the hold. False: fenced. */
  abstract settle(fence: Fence, intentId: string, outcome: Settlement): Promise<boolean>;
}
