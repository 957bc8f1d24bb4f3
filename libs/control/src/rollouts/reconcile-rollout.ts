import { decide, decided } from '@sluice/domain';
import type { CommitResult, RolloutStore } from './rollout-store.js';
import type { StartRollout } from './start-rollout.js';

/** Whoever loses more often than this against others leaves it to the next wake-up. */
const mostTries = 5;

/**
 * Load, decide, commit, for one rollout. Whoever wakes it may do this; the commit is a compare-and-set on its version and
 * on the guards, so one wins. The others decide again at once, because the winner need not have seen what woke them.
 * Nothing outside Postgres is asked.
 */
export class ReconcileRollout {
  constructor(
    private readonly store: RolloutStore,
    private readonly start: StartRollout,
  ) {}

  async run(id: string): Promise<void> {
    for (let tries = 0; tries < mostTries; tries += 1) if ((await this.decideOnce(id)) !== 'moved') return;
  }

  private async decideOnce(id: string): Promise<CommitResult | 'nothing'> {
    const loaded = await this.store.load(id);
    if (!loaded) return 'nothing';
    const { rollout, seen, now } = loaded;
    if (rollout.state === 'Scheduled' && rollout.startAt !== null && rollout.startAt <= now)
      return this.start.due(loaded);
    // whoever waits for a person, or has ended, keeps the reason it was given
    if (rollout.state !== 'Running' && rollout.state !== 'RollingBack') return 'nothing';
    return this.store.commit(loaded, decided(rollout, seen, decide(rollout, seen, now), now));
  }
}
