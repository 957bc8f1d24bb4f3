import type { Weights } from '@sluice/domain';
import type { FactWrite } from '../ports/fact-store.js';
import type { GatewayFence } from '../ports/gateway-store.js';
import type { Intent } from './intent.js';

export type Settlement =
  | {
      readonly state: 'applied';
      readonly message: string;
      readonly live: Weights;
      readonly requestId: string | null;
      /** The write's own reply, as the newest look at the route: stored with the settlement. */
      readonly look?: FactWrite | null;
    }
  | {
      readonly state: 'failed';
      readonly reason: string;
      readonly message: string;
      readonly live: Weights | null;
      readonly requestId: string | null;
    }
  | { readonly state: 'superseded'; readonly reason?: string; readonly message: string };

export interface Why {
  readonly reason: string;
  readonly message: string;
}

/** What is to be sent next, most urgent first; `inMs`: when the earliest deferred one is due again (null = none waits). */
export interface NextIntents {
  readonly intents: readonly Intent[];
  readonly inMs: number | null;
}

/**
 * `sent`: durable, may go out now. `covered`: a guard has moved, it has been ended as superseded. `gone`: fenced, or ended
 * by somebody else meanwhile.
 */
export type Marked = 'sent' | 'covered' | 'gone';

/** Intents of one gateway. Every method that changes one carries the fence and changes nothing when it no longer holds. */
export abstract class LaneStore {
  /** Those of these gateways where something may be sent by now or is on its way: one question for all that a replica owns. */
  abstract busy(gatewayIds: readonly string[]): Promise<readonly string[]>;
  /** Sent, but by nobody who still waits for the answer: to be settled by reading. */
  abstract orphans(fence: GatewayFence, inFlightIds: readonly string[]): Promise<readonly Intent[]>;
  /**
   * Pending ones whose route has nothing in flight, by priority, then by listener. An emergency waits for no settlement:
   * only routes in `busyRouteIds` (an open socket) keep it back.
   */
  abstract next(fence: GatewayFence, busyRouteIds: readonly string[], most: number): Promise<NextIntents>;
  /** Which of these, sent by now, something newer covers: their calls are broken off where they still can be. */
  abstract covered(fence: GatewayFence, intentIds: readonly string[]): Promise<readonly string[]>;
  /** pending -> sent with the weights that go out, guards locked and compared in the same statement. */
  abstract markSent(fence: GatewayFence, intentId: string, deadlineMs: number, after: Weights): Promise<Marked>;
  /** Back to pending, or still pending with a reason, until `delayMs` have gone by; ends it instead where something newer covers it. */
  abstract defer(fence: GatewayFence, intentId: string, delayMs: number, why: Why): Promise<boolean>;
  /** Says why an intent that is in flight isn't settled yet. Nothing happens when that was said before. */
  abstract remark(fence: GatewayFence, intentId: string, why: Why): Promise<void>;
  /** Ends an intent, and with its last one the decision; tells its rollout. False: fenced. */
  abstract settle(fence: GatewayFence, intentId: string, outcome: Settlement): Promise<boolean>;
}
