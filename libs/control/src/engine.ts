import type { DriftWatch } from './drift/drift-watch.js';
import type { Gateways } from './gateways/gateways.js';
import type { Waker } from './rollouts/waker.js';

/** The worker's part of a replica: decides rollouts, owns gateways. The periodic calls come from outside. */
export class Engine {
  constructor(
    private readonly parts: {
      readonly gateways: Gateways;
      readonly waker: Waker;
      readonly drift: DriftWatch;
      /** Asks the agent of every cluster of these accounts and records the answer. */
      readonly agents: (accountIds: readonly string[]) => Promise<void>;
      /** Reads the bindings back in the clusters of these accounts. */
      readonly bindings: (accountIds: readonly string[]) => Promise<void>;
    },
  ) {}

  async start(): Promise<void> {
    await this.parts.gateways.start();
    this.parts.waker.start();
  }

  /** Stops deciding, hands the gateways over, ends the calls in flight. */
  async stop(): Promise<void> {
    await Promise.all([this.parts.waker.stop(), this.parts.gateways.stop()]);
  }

  driftWatch(): Promise<void> {
    return this.parts.drift.run(this.parts.gateways.heldAccountIds);
  }

  agentLiveness(): Promise<void> {
    return this.parts.agents(this.parts.gateways.heldAccountIds);
  }

  refreshBindings(): Promise<void> {
    return this.parts.bindings(this.parts.gateways.heldAccountIds);
  }
}
