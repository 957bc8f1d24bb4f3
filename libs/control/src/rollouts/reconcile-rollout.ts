import type { Decision } from '@sluice/domain';
import { decide, decided } from '@sluice/domain';
import type { RolloutStore } from './rollout-store.js';
import type { StartRollout } from './start-rollout.js';

/**
 * Load, decide, commit, for one rollout. Whoever wakes it may do this; the commit is a compare-and-set on its version and
 * on the guards, so one wins and the others' work is thrown away. Nothing outside Postgres is asked.
 */
export class ReconcileRollout {
  constructor(
    private readonly store: RolloutStore,
    private readonly start: StartRollout,
  ) {}

  async run(id: string): Promise<Decision | null> {
    const loaded = await this.store.load(id);
    if (!loaded) return null;
    const { rollout, seen, now } = loaded;
    if (rollout.state === 'Scheduled' && rollout.startAt !== null && rollout.startAt <= now) {
      await this.start.due(loaded);
      return null;
    }
    // whoever waits for a person, or has ended, keeps the reason it was given
    if (rollout.state !== 'Running' && rollout.state !== 'RollingBack') return null;
    const decision = decide(rollout, seen, now);
    await this.store.commit(loaded, decided(rollout, seen, decision, now));
    return decision;
  }
}
