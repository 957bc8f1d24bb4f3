import { performance } from 'node:perf_hooks';
import type { Decision, Observation, Reason } from '@sluice/domain';
import { countHold, decide } from '@sluice/domain';
import { changeFor, startChange } from './changes.js';
import type { Observer } from './observe.js';
import type { LoadedRollout, RolloutStore, StoredRollout } from './rollout-store.js';

const nothing: Observation = { routes: {}, health: {}, clusters: {}, writes: [] };

/** One stale or flapping read (F26, F28) must not stop a rollout: these have to be seen twice. */
const neededTwice: readonly Reason[] = ['LiveWeightsDiffer', 'ForeignTargetGroup', 'HealthLost'];

/**
 * Observe, decide, commit, for one rollout. Whoever wakes it may do this; the commit is a compare-and-set, so one wins
 * and the others' work is thrown away. Nothing is called inside the commit.
 */
export class ReconcileRollout {
  constructor(
    private readonly store: RolloutStore,
    private readonly observer: Observer,
    /** What is seen once is read again after this long before anybody is called. Default 1 000. */
    private readonly confirmMs = 1_000,
  ) {}

  async run(id: string): Promise<Decision | null> {
    const loaded = await this.store.load(id);
    if (!loaded) return null;
    const loadedAt = performance.now();
    const toInstant = (monotonicMs: number) => Math.round(loaded.now + monotonicMs - loadedAt);
    const { rollout } = loaded;
    if (rollout.state === 'Scheduled' && rollout.startAt !== null && rollout.startAt <= loaded.now) {
      await this.store.commit(rollout, startChange('system:schedule', null, loaded.now));
      return null;
    }
    const decision = await this.decide(loaded, toInstant);
    await this.record(rollout, decision, toInstant(performance.now()));
    return decision;
  }

  private async decide(loaded: LoadedRollout, toInstant: (monotonicMs: number) => number): Promise<Decision> {
    const { rollout } = loaded;
    if (rollout.state !== 'Running' && rollout.state !== 'RollingBack') return decide(rollout, nothing, loaded.now);
    const seen = await this.observer.observe(loaded, toInstant, false);
    const first = decide(rollout, seen, toInstant(performance.now()));
    if ((first.kind !== 'block' && first.kind !== 'rollback') || !neededTwice.includes(first.reason)) return first;
    await new Promise((resolve) => setTimeout(resolve, this.confirmMs));
    const again = await this.observer.observe(loaded, toInstant, true);
    return decide(rollout, again, toInstant(performance.now()));
  }

  private async record(rollout: StoredRollout, decision: Decision, now: number): Promise<void> {
    if (decision.kind === 'hold' && decision.reason === rollout.reason && decision.message === rollout.message) {
      await this.store.tick(rollout, { ...countHold(rollout, now), wakeAt: decision.wakeAt });
      return;
    }
    await this.store.commit(rollout, changeFor(rollout, decision, now));
  }
}
