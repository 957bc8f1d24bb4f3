import type { DriftSweep } from './lanes/drift-sweep.js';
import type { Lanes } from './lanes/lanes.js';
import type { Waker } from './rollouts/waker.js';

/** The worker's part of a replica: wakes rollouts, owns lanes, sweeps for drift. The periodic calls come from outside. */
export class Engine {
  constructor(
    private readonly parts: {
      readonly lanes: Lanes;
      readonly waker: Waker;
      readonly sweep: DriftSweep;
      /** Asks the agent of every cluster of these accounts and records the answer. */
      readonly agents: (accountIds: readonly string[]) => Promise<void>;
      /** Reads the bindings back in the clusters of these accounts. */
      readonly bindings: (accountIds: readonly string[]) => Promise<void>;
    },
  ) {}

  async start(): Promise<void> {
    await this.parts.lanes.start();
    this.parts.waker.start();
  }

  /** Stops deciding, ends the calls in flight, hands the lanes over. */
  async stop(): Promise<void> {
    await this.parts.waker.stop();
    await this.parts.lanes.stop();
  }

  renewLeases(): Promise<void> {
    return this.parts.lanes.renew();
  }

  claimLanes(): Promise<void> {
    return this.parts.lanes.claim();
  }

  async driftSweep(): Promise<void> {
    await this.parts.sweep.run(this.parts.lanes.ownedAccounts);
  }

  agentLiveness(): Promise<void> {
    return this.parts.agents(this.parts.lanes.ownedAccounts);
  }

  refreshBindings(): Promise<void> {
    return this.parts.bindings(this.parts.lanes.ownedAccounts);
  }
}
