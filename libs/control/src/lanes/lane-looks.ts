import type { Ownership } from '@sluice/domain';
import type { ReadsForSends, WrittenLately } from '../gateways/reads-for-sends.js';
import type { ActionFact, FactWrite, WatchedHealth } from '../ports/fact-store.js';

/** What the write half of a gateway asks of its read half. */
export interface LaneLooks extends ReadsForSends {
  /** The newest look of the watch; null = never looked. */
  watchedHealth(accountId: string, targetGroupArn: string): WatchedHealth | null;
  /** Who the newest tags say owns a route; null = never read. */
  ownerOf(accountId: string, routeArn: string): Ownership | null;
  /** The newest stored action, for an emergency whose own read AWS refuses; `ageMs` since its request began. */
  lastAction(accountId: string, routeArn: string): { readonly action: ActionFact; readonly ageMs: number } | null;
  /** A write goes out: from now on what stood before an earlier one may be what this one made of the route. */
  sending(accountId: string, routeArn: string): void;
  /**
   * A write was verified: what stood before it is no news for a minute. What it wrote, where the reply lists it, is a look
   * like any other, which is to be stored with the settlement.
   */
  wrote(accountId: string, routeArn: string, written: WrittenLately, live: ActionFact | null): FactWrite | null;
}
