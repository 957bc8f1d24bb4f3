import { join } from 'node:path';
import type { Faults } from '../shared/faults.js';
import type { ClusterOptions, RunningCluster } from './cluster-options.js';
import { realAssets, startRealCluster } from './real-clusters.js';
import { startSandboxCluster } from './sandbox-cluster.js';

export interface StartClustersOptions {
  /** State of cluster `n` is kept in `<dir>/clusters/<n>/`. */
  readonly dir: string;
  readonly names: readonly string[];
  /** Those that also serve TargetGroupBinding as EKS Auto Mode does (`eks.amazonaws.com/v1`). */
  readonly autoMode?: readonly string[];
  readonly faults: Faults;
  /** First port to try at a first start, the next cluster takes the next; each remembers its own afterwards. */
  readonly port?: number;
}

export interface RunningClusters {
  /** Cluster name to the administrator's kubeconfig file. */
  readonly kubeconfigs: Record<string, string>;
  /** Cluster name to the kubeconfig file of user `sluice`, who may do only what Sluice needs. */
  readonly sluiceKubeconfigs: Record<string, string>;
  stop(): Promise<void>;
}

/**
 * Starts every cluster: the sandbox's own, or real etcd and kube-apiserver when the environment's KUBEBUILDER_ASSETS
 * names the folder that has them.
 */
export async function startClusters(options: StartClustersOptions): Promise<RunningClusters> {
  const running = new Map<string, RunningCluster>();
  const stop = async (): Promise<void> =>
    void (await Promise.all([...running.values()].map((cluster) => cluster.stop())));
  try {
    await Promise.all(
      options.names.map(async (name, index) => running.set(name, await startOne(options, name, index))),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const files = (user: 'admin' | 'sluice') =>
    Object.fromEntries(options.names.map((name) => [name, running.get(name)?.kubeconfigs[user] ?? '']));
  return { kubeconfigs: files('admin'), sluiceKubeconfigs: files('sluice'), stop };
}

function startOne(
  { dir, autoMode = [], faults, port }: StartClustersOptions,
  name: string,
  index: number,
): Promise<RunningCluster> {
  const cluster: ClusterOptions = {
    name,
    dir: join(dir, 'clusters', name),
    faults,
    bindings: autoMode.includes(name) ? ['openSource', 'autoMode'] : ['openSource'],
    ...(port === undefined || port === 0 ? {} : { port: port + index }),
  };
  const assets = realAssets();
  return assets === undefined ? startSandboxCluster(cluster) : startRealCluster(assets, cluster);
}
