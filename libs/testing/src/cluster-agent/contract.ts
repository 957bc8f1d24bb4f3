import { afterAll, beforeAll, describe } from '@jest/globals';
import type { ClusterWorld } from './cluster-world.js';
import { applyContract } from './contract-apply.js';
import { readContract } from './contract-read.js';
import { refusalContract } from './contract-refusals.js';
import { removeContract } from './contract-remove.js';

/** What a cluster under test can show beyond the port itself. */
export interface ClusterCapabilities {
  /** An API group that it does not serve; null if it serves both. */
  readonly unservedApi: 'elbv2.k8s.aws/v1beta1' | 'eks.amazonaws.com/v1' | null;
  /** Whether admission webhooks can stand in its way. */
  readonly webhooks: boolean;
}

/** A running world and how it ends. */
export interface StartedWorld {
  readonly world: ClusterWorld;
  stop(): Promise<void>;
}

/** What a test sees of its world: a namespace of its own for each test. */
export interface WorldInTest {
  readonly world: () => ClusterWorld;
  readonly freshNamespace: () => string;
  readonly capabilities: ClusterCapabilities;
}

/** The contract of the ClusterAgent port: everything a use case may rely on, whoever implements it. */
export function describeClusterAgentContract(
  name: string,
  setup: () => Promise<StartedWorld>,
  capabilities: ClusterCapabilities,
): void {
  describe(`the cluster agent on ${name}`, () => {
    let started: StartedWorld | null = null;
    let namespaces = 0;
    beforeAll(async () => {
      started = await setup();
    }, 180_000);
    afterAll(async () => {
      await started?.stop();
    }, 60_000);
    const inTest: WorldInTest = {
      world: () => {
        if (started === null) throw new Error(`${name} did not start`);
        return started.world;
      },
      freshNamespace: () => `ns-${(namespaces += 1)}-${Math.random().toString(36).slice(2, 8)}`,
      capabilities,
    };
    applyContract(inTest);
    refusalContract(inTest);
    readContract(inTest);
    removeContract(inTest);
  });
}
