import { Conflict } from '@sluice/domain';
import type { ClusterAccess, ClusterAgent } from '../ports/cluster-agent.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { ClusterRecord, ResourceTransaction } from '../stores/resource-store.js';
import type { StoredConnection } from './cluster-connections.js';

/** Who answered: the UID of its kube-system namespace, or why that could not be learnt. */
export type Identity = { readonly uid: string } | { readonly uid: null; readonly why: string };

/**
 * Which cluster a record really means. Addresses, CAs and credentials change; the UID of kube-system stays as long as the
 * cluster lives. One cluster under two records would be taken out under one of them and go on serving under the other.
 */
export class ClusterIdentity {
  constructor(
    private readonly agent: ClusterAgent,
    private readonly allowShared: boolean,
  ) {}

  /** Asks the cluster; that it does not answer, or does not let us look, is an answer too. */
  async ask(access: ClusterAccess): Promise<Identity> {
    try {
      const uid = await this.agent.identify(access);
      return uid === null ? { uid, why: 'its credentials may not get namespace kube-system' } : { uid };
    } catch (error) {
      if (error instanceof ExternalFailure) return { uid: null, why: `${error.code}: ${error.message}` };
      throw error;
    }
  }

  /** What to store when the connection is replaced. @throws Conflict when it would lead to a cluster that isn't this one. */
  async afterConnecting(
    tx: ResourceTransaction,
    cluster: ClusterRecord,
    connection: StoredConnection,
    found: Identity,
  ): Promise<string | null> {
    const bindings = await boundIn(tx, cluster.id);
    if (found.uid === null) {
      const moved = connection.server !== cluster.server || connection.caPem !== cluster.caPem;
      if (!moved) return cluster.kubeSystemUid;
      if (bindings === 0 || cluster.kubeSystemUid === null) return null;
      throw new Conflict(
        'ClusterUnidentified',
        `the cluster has ${bindings} bindings, and whether the new address leads to it cannot be told: ${found.why}; put that right and send it again, or remove the bindings first`,
        { bindings },
      );
    }
    const refusal = await this.whyNot(tx, cluster, found.uid);
    if (refusal !== null) throw refusal;
    return found.uid;
  }

  /** Why this record must not stand for the cluster with this UID; null = it may. */
  async whyNot(tx: ResourceTransaction, cluster: ClusterRecord, uid: string): Promise<Conflict | null> {
    const bindings = await boundIn(tx, cluster.id);
    if (bindings > 0 && cluster.kubeSystemUid !== null && cluster.kubeSystemUid !== uid)
      return new Conflict(
        'AnotherCluster',
        `another cluster answers there: its kube-system is ${uid}, that of ${cluster.name} is ${cluster.kubeSystemUid}, and ${bindings} bindings are in it; register the other one as a cluster of its own, or remove these bindings first`,
        { kubeSystemUid: cluster.kubeSystemUid, answered: uid, bindings },
      );
    // or two at once, in two projects, would both find nobody
    await tx.exclusively(`cluster ${uid}`);
    const others = (await tx.clusters.all({ kubeSystemUid: uid })).filter((other) => other.id !== cluster.id);
    const here = others.find((other) => other.projectId === cluster.projectId);
    if (here !== undefined)
      return new Conflict(
        'ClusterRegisteredTwice',
        `this is the same cluster as ${here.name} of this project (kube-system ${uid}): work with that one, or remove it first`,
        { clusterId: here.id, kubeSystemUid: uid },
      );
    if (others.length === 0 || this.allowShared) return null;
    return new Conflict(
      'ClusterRegisteredTwice',
      `this cluster (kube-system ${uid}) is registered in another project already; let one project have it, or ask the operator of this server to set SLUICE_ALLOW_SHARED_CLUSTERS=true`,
      { kubeSystemUid: uid },
    );
  }
}

async function boundIn(tx: ResourceTransaction, clusterId: string): Promise<number> {
  return (await tx.bindings.all({ clusterId })).filter(({ state }) => state !== 'Removed').length;
}
