import type { Provider } from '@nestjs/common';
import {
  BindingRefresh,
  Clock,
  Clusters,
  DriftStore,
  Engine,
  FactStore,
  GatewayStore,
  LaneStore,
  LoadBalancer,
  RolloutStore,
  Signals,
  Timers,
  createEngine,
  defaultGatewaySettings,
  defaultLaneSettings,
  defaultReaderSettings,
  type Caller,
} from '@sluice/control';
import { engineActor } from '@sluice/domain';
import { PinoLogger } from 'nestjs-pino';
import { CONFIG, type Config } from '../config.js';
import { ACCESS, type Access } from '../use-cases.js';
import { EngineMetrics } from './engine-metrics.js';
import { replicaName } from './replica.js';

const worker: Caller = { actor: engineActor('agent-liveness'), role: 'admin', projectId: null };

/** The engine, from its parts. */
export const engineProvider: Provider = {
  provide: Engine,
  useFactory: (
    config: Config,
    rollouts: RolloutStore,
    gateways: GatewayStore,
    lanes: LaneStore,
    facts: FactStore,
    drift: DriftStore,
    loadBalancer: LoadBalancer,
    access: Access,
    signals: Signals,
    timers: Timers,
    clock: Clock,
    clusters: Clusters,
    logger: PinoLogger,
    metrics: EngineMetrics,
    bindings: BindingRefresh,
  ) => {
    const log = logOf(logger);
    return createEngine({
      owner: replicaName,
      rollouts,
      gateways,
      lanes,
      facts,
      drift,
      loadBalancer,
      access,
      signals,
      timers,
      clock,
      log,
      settings: {
        ...defaultGatewaySettings,
        ...defaultReaderSettings,
        ...defaultLaneSettings,
        leaseMs: config.leaseMs,
        writeTimeoutMs: config.writeTimeoutMs,
        minPeriodMs: config.watchPeriodMs,
      },
      agents: (accountIds) => checkClusters(clusters, accountIds),
      bindings: async (accountIds) => {
        for (const { clusterId, code } of await bindings.run(accountIds))
          log.warn('bindings could not be read back', { clusterId, code });
      },
      hooks: { onCall: (call) => metrics.called(call), onSettled: (state) => metrics.settled(state) },
    });
  },
  inject: [
    CONFIG,
    RolloutStore,
    GatewayStore,
    LaneStore,
    FactStore,
    DriftStore,
    LoadBalancer,
    ACCESS,
    Signals,
    Timers,
    Clock,
    Clusters,
    PinoLogger,
    EngineMetrics,
    BindingRefresh,
  ],
};

/** Errors under the key that the logger knows how to write without secrets. */
function logOf(logger: PinoLogger) {
  type Fields = Readonly<Record<string, unknown>>;
  const fieldsOf = ({ error, ...fields }: Fields) => ({
    context: 'engine',
    ...fields,
    ...(error === undefined ? {} : { err: error }),
  });
  return {
    info: (message: string, fields: Fields) => logger.info(fieldsOf(fields), message),
    warn: (message: string, fields: Fields) => logger.warn(fieldsOf(fields), message),
  };
}

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
