import { NotFound } from '@sluice/domain';
import type { Caller } from '../context.js';
import type { Page, PageRequest } from '../resources/types.js';
import type { RolloutStore } from './rollout-store.js';
import { scope, sees } from './rollouts.js';
import type { DecisionView } from './types.js';

/** What was decided, why, by whom, and how it ended; newest first. */
export class Ledger {
  constructor(private readonly store: RolloutStore) {}

  list(
    caller: Caller,
    filter: {
      readonly projectId?: string | null;
      readonly rolloutId?: string | null;
      readonly routeId?: string | null;
    },
    page: PageRequest,
  ): Promise<Page<DecisionView>> {
    return this.store.decisions(
      {
        projectId: scope(caller, filter.projectId),
        rolloutId: filter.rolloutId ?? null,
        routeId: filter.routeId ?? null,
      },
      page,
    );
  }

  async get(caller: Caller, id: string): Promise<DecisionView> {
    const decision = await this.store.decision(id);
    if (!decision || !sees(caller, decision.projectId)) throw new NotFound('decision', id);
    return decision;
  }
}
