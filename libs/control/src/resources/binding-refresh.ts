import { isDeepStrictEqual } from 'node:util';
import { Conflict, engineActor } from '@sluice/domain';
import type { Clock } from '../context.js';
import type { ClusterAgent } from '../ports/cluster-agent.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { ClusterRecord, ResourceStore } from '../stores/resource-store.js';
import { seenPatch } from './binding-patches.js';
import type { ClusterAccessFactory } from './cluster-access.js';
import type { Binding } from './types.js';

const clustersAtOnce = 5;

/**
 * Reads bindings back without anybody asking, so that their states and problems stay true. Writes and tells only what
 * has changed. A cluster that can't be asked leaves its bindings as they were: an outage is never "not there".
 */
export class BindingRefresh {
  /** By id: those found in the middle of something in the run before. */
  private unsettled: ReadonlyMap<string, Binding> = new Map();

  constructor(
    private readonly store: ResourceStore,
    private readonly clock: Clock,
    private readonly clusterAccess: ClusterAccessFactory,
    private readonly agent: ClusterAgent,
  ) {}

  /**
   * Only clusters of these accounts, so that replicas don't read the same things. Answers which clusters could not be
   * asked, and why.
   */
  async run(accountIds: readonly string[]): Promise<readonly { readonly clusterId: string; readonly code: string }[]> {
    const before = this.unsettled;
    const unsettled = new Map<string, Binding>();
    this.unsettled = unsettled;
    const clusters = await Promise.all(accountIds.map((accountId) => this.store.read.clusters.all({ accountId })));
    const present = clusters.flat().filter((cluster) => cluster.retired === null);
    const failures: { clusterId: string; code: string }[] = [];
    for (let i = 0; i < present.length; i += clustersAtOnce) {
      const codes = await Promise.all(
        present.slice(i, i + clustersAtOnce).map((cluster) => this.#cluster(cluster, before, unsettled)),
      );
      codes.forEach((code, n) => code !== null && failures.push({ clusterId: present[i + n]!.id, code }));
    }
    return failures;
  }

  /** Null, or why the cluster could not be asked. */
  async #cluster(
    cluster: ClusterRecord,
    before: ReadonlyMap<string, Binding>,
    unsettled: Map<string, Binding>,
  ): Promise<string | null> {
    const bindings = (await this.store.read.bindings.all({ clusterId: cluster.id })).filter((binding) => {
      if (binding.state === 'Applied') return true;
      if (binding.state !== 'Pending' && binding.state !== 'Removing') return false;
      unsettled.set(binding.id, binding);
      // somebody may just be applying or removing it: looked at when it is still so the next time
      return isDeepStrictEqual(before.get(binding.id), binding);
    });
    if (bindings.length === 0) return null;
    try {
      const access = await this.clusterAccess.of(cluster);
      for (const binding of bindings)
        await this.#record(
          binding,
          seenPatch(binding, await this.agent.readBinding(access, binding.namespace, binding.name)),
        );
      return null;
    } catch (error) {
      if (error instanceof ExternalFailure) return error.code;
      if (error instanceof Conflict) return error.reason;
      throw error;
    }
  }

  /** Nothing, when it is as it was or somebody changed it while the cluster was asked. */
  async #record(seen: Binding, patch: ReturnType<typeof seenPatch>): Promise<void> {
    if (isDeepStrictEqual({ ...seen, ...patch }, seen)) return;
    await this.store.transaction(engineActor('bindings'), async (tx) => {
      if (!isDeepStrictEqual(await tx.bindings.lock(seen.id, 'change'), seen)) return;
      await tx.bindings.update(seen.id, { ...patch, observedAt: new Date(this.clock.now()).toISOString() });
    });
  }
}
