import type { Weights } from '@sluice/domain';
import { sameWeights } from '@sluice/domain';
import type { LaneLog } from '../lanes/lane.js';

/** A route whose live weights nothing explains, or that was said to have drifted, as the newest looks show it. */
export interface DriftCandidate {
  readonly routeId: string;
  readonly name: string;
  readonly expected: Weights;
  /** What the last two looks at least agree on. */
  readonly live: Weights;
  readonly drifted: Weights | null;
  /** It is what a write of ours in doubt would have done, sent within five minutes and older than the one that explains the route. */
  readonly isLateEffect: boolean;
}

export abstract class DriftStore {
  /**
   * Routes of these accounts without a write under way, whose last looks (at least two that agree, the newer one begun
   * after the last write was settled) differ from what explains them, or that are marked as drifted.
   */
  abstract candidates(accountIds: readonly string[]): Promise<readonly DriftCandidate[]>;
  /** Marks or clears drift, unless `expected` or the write state has changed. Says whether that changed anything. */
  abstract mark(routeId: string, expected: Weights, drift: { live: Weights; message: string } | null): Promise<boolean>;
  /** Proposes the explained weights over these live ones, once; false where that was done or something has changed. */
  abstract repair(routeId: string, expected: Weights, live: Weights): Promise<boolean>;
}

/** Says of every registered route, whatever rollout has it, when its live weights are explained by no decision. It asks AWS nothing: it compares looks with the ledger. */
export class DriftWatch {
  constructor(
    private readonly store: DriftStore,
    private readonly log: Pick<LaneLog, 'warn'>,
  ) {}

  async run(accountIds: readonly string[]): Promise<void> {
    if (accountIds.length === 0) return;
    for (const route of await this.store.candidates(accountIds)) {
      if (route.isLateEffect && (await this.store.repair(route.routeId, route.expected, route.live))) {
        this.log.warn('a write in doubt took effect late; it is put right', {
          routeId: route.routeId,
          name: route.name,
        });
        continue;
      }
      const drift = sameWeights(route.live, route.expected)
        ? null
        : {
            live: route.live,
            message:
              'Live weights are not what Sluice last wrote, adopted or read at registration: somebody else changed them.',
          };
      if (drift === null && route.drifted === null) continue;
      if (drift && route.drifted && sameWeights(route.drifted, drift.live)) continue;
      if (await this.store.mark(route.routeId, route.expected, drift))
        this.log.warn(drift ? 'route has drifted' : 'drift is gone', { routeId: route.routeId, name: route.name });
    }
  }
}
