import type { Faults } from '../shared/faults.js';
import type { RegionState } from './model.js';
import type { StateStore } from './state-store.js';

interface Snapshot {
  readonly atMs: number;
  readonly regions: Map<string, RegionState>;
}

/** While the fault `aws.staleReads` is on: keeps past states, and shows readers the one of so long ago. */
export class StaleReads {
  private snapshots: Snapshot[] = [];
  private readonly unsubscribe: () => void;

  constructor(
    private readonly faults: Faults,
    private readonly store: StateStore,
    private readonly nowMs: () => number,
  ) {
    this.unsubscribe = faults.onChange((name) => {
      if (name !== 'aws.staleReads') return;
      this.snapshots = [];
      this.remember();
    });
  }

  /** To be called after each change. */
  remember(): void {
    const fault = this.faults.get('aws.staleReads');
    if (fault === undefined) return;
    const regions = new Map(
      this.store
        .regions()
        .map(({ account, regionName, state }) => [`${account}/${regionName}`, structuredClone(state)]),
    );
    this.snapshots.push({ atMs: this.nowMs(), regions });
    const shown = this.snapshots.findLastIndex((snapshot) => snapshot.atMs <= this.nowMs() - fault.ms);
    this.snapshots.splice(0, Math.max(0, shown));
  }

  /** The state to read from instead of the present one, if the fault is on. */
  read(account: string, regionName: string): RegionState | undefined {
    const fault = this.faults.get('aws.staleReads');
    if (fault === undefined) return undefined;
    const old = this.snapshots.findLast((snapshot) => snapshot.atMs <= this.nowMs() - fault.ms) ?? this.snapshots[0];
    return old?.regions.get(`${account}/${regionName}`);
  }

  stop(): void {
    this.unsubscribe();
  }
}
