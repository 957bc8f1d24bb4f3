import type { Provider } from '@nestjs/common';
import {
  BindingRefresh,
  Clusters,
  DriftSweep,
  Engine,
  IntentExecutor,
  Lanes,
  LaneStore,
  LoadBalancer,
  Observer,
  ReconcileRollout,
  RolloutStore,
  RouteWriteStore,
  Signals,
  Waker,
  defaultLaneSettings,
  type Caller,
} from '@sluice/control';
import { PinoLogger } from 'nestjs-pino';
import { CONFIG, type Config } from '../config.js';
import { EngineMetrics } from './engine-metrics.js';
import { replicaName } from './replica.js';
import { ACCESS, type Access } from '../use-cases.js';

const worker: Caller = { actor: 'system:agent-liveness', role: 'admin', projectId: null };

/** The engine, from its parts. */
export const engineProvider: Provider = {
  provide: Engine,
  useFactory: (
    config: Config,
    rollouts: RolloutStore,
    laneStore: LaneStore,
    writes: RouteWriteStore,
    loadBalancer: LoadBalancer,
    access: Access,
    signals: Signals,
    clusters: Clusters,
    logger: PinoLogger,
    metrics: EngineMetrics,
    bindings: BindingRefresh,
  ) => {
    const log = {
      info: (message: string, fields: Readonly<Record<string, unknown>>) =>
        logger.info({ context: 'engine', ...fields }, message),
      warn: (message: string, fields: Readonly<Record<string, unknown>>) =>
        logger.warn({ context: 'engine', ...fields }, message),
    };
    const settings = { ...defaultLaneSettings, leaseMs: config.leaseMs, writeTimeoutMs: config.writeTimeoutMs };
    const lanes = new Lanes({
      owner: replicaName,
      store: laneStore,
      signals,
      access,
      settings,
      log,
      executor: (bucket) =>
        new IntentExecutor({
          store: laneStore,
          loadBalancer,
          bucket,
          writeTimeoutMs: settings.writeTimeoutMs,
          onCall: (call) => metrics.called(call),
        }),
    });
    const waker = new Waker(rollouts, new ReconcileRollout(rollouts, new Observer(loadBalancer, access)), signals, log);
    return new Engine({
      lanes,
      waker,
      sweep: new DriftSweep(writes, loadBalancer, access, log),
      agents: (accountIds) => checkClusters(clusters, accountIds),
      bindings: async (accountIds) => {
        for (const { clusterId, code } of await bindings.run(accountIds))
          log.warn('bindings could not be read back', { clusterId, code });
      },
    });
  },
  inject: [
    CONFIG,
    RolloutStore,
    LaneStore,
    RouteWriteStore,
    LoadBalancer,
    ACCESS,
    Signals,
    Clusters,
    PinoLogger,
    EngineMetrics,
    BindingRefresh,
  ],
};

/** Asks the clusters of these accounts whether they answer, a few at a time; each answer is recorded on the cluster. */
async function checkClusters(clusters: Clusters, accountIds: readonly string[]): Promise<void> {
  for (let cursor: string | null = null; ;) {
    const page: Awaited<ReturnType<Clusters['list']>> = await clusters.list(worker, {}, { limit: 50, cursor });
    const present = page.items.filter((cluster) => cluster.retired === null && accountIds.includes(cluster.accountId));
    for (let i = 0; i < present.length; i += 5)
      await Promise.allSettled(present.slice(i, i + 5).map((cluster) => clusters.check(worker, cluster.id)));
    if (page.next === null) return;
    cursor = page.next;
  }
}
