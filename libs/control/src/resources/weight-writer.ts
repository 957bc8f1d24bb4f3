import type { Caller } from '../context.js';

export interface Attachment {
  readonly routeId: string;
  readonly targetGroupArns: readonly string[];
  readonly reason: string;
}

/** Asks the engine for a write to a forward action. Nothing but the engine writes weights. */
export abstract class WeightWriter {
  /**
   * Decides that these target groups are added to the route's action at weight 0 (a decision and an intent, durable;
   * target groups already there are left as they are). Returns before AWS has been called. Conflict `RouteIsBusy` while
   * a rollout moves the route or another write is outstanding.
   */
  abstract requestAttach(caller: Caller, request: Attachment): Promise<{ readonly decisionId: string }>;

  /** The reverse: takes target groups that have weight 0 out of the action. Conflict when one has weight. */
  abstract requestDetach(caller: Caller, request: Attachment): Promise<{ readonly decisionId: string }>;
}
