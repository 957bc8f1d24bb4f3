import type { Caller } from '../context.js';

/** Asks the engine for a write to a forward action. Nothing but the engine writes weights. */
export abstract class WeightWriter {
  /**
   * Decides that these target groups are added to the route's action at weight 0 (a decision and an intent, durable;
   * target groups already there are left as they are). Answers before AWS has been called.
   */
  abstract requestAttach(
    caller: Caller,
    request: { readonly routeId: string; readonly targetGroupArns: readonly string[]; readonly reason: string },
  ): Promise<{ readonly decisionId: string }>;
}
