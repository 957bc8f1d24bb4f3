import type { Fence, Settlement } from '@sluice/control';
import { PostgresLaneStore, type Database } from '@sluice/postgres';
import type { EngineMetrics } from './engine-metrics.js';

/** Counts what the lanes of this replica settle. */
export class MeasuredLaneStore extends PostgresLaneStore {
  constructor(
    pool: Database['pool'],
    private readonly metrics: EngineMetrics,
  ) {
    super(pool);
  }

  override async settle(fence: Fence, intentId: string, outcome: Settlement): Promise<boolean> {
    const settled = await super.settle(fence, intentId, outcome);
    if (settled) this.metrics.settled(outcome.state);
    return settled;
  }
}
