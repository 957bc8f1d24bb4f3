import type { Clock } from './context.js';
import type { DriftStore } from './drift/drift-watch.js';
import { DriftWatch } from './drift/drift-watch.js';
import { Engine } from './engine.js';
import { Gateway } from './gateways/gateway.js';
import { GatewayReader } from './gateways/gateway-reader.js';
import { Gateways, type GatewaySettings } from './gateways/gateways.js';
import { ReadBudget } from './gateways/read-budget.js';
import type { ReaderSettings } from './gateways/reader-settings.js';
import { ApiBucket } from './lanes/api-bucket.js';
import { IntentExecutor, type ExecutorParts } from './lanes/intent-executor.js';
import { Lane, type LaneLog } from './lanes/lane.js';
import type { LaneStore } from './lanes/lane-store.js';
import type { LaneSettings } from './lanes/settings.js';
import type { FactStore } from './ports/fact-store.js';
import type { GatewayGrant, GatewayStore } from './ports/gateway-store.js';
import type { AwsAccess, LoadBalancer } from './ports/load-balancer.js';
import type { Timers } from './ports/timers.js';
import { ReconcileRollout } from './rollouts/reconcile-rollout.js';
import type { RolloutStore, Signals } from './rollouts/rollout-store.js';
import { StartRollout } from './rollouts/start-rollout.js';
import { Waker } from './rollouts/waker.js';

export interface EngineParts {
  /** By what name this process owns gateways. */
  readonly owner: string;
  readonly rollouts: RolloutStore;
  readonly gateways: GatewayStore;
  readonly lanes: LaneStore;
  readonly facts: FactStore;
  readonly drift: DriftStore;
  readonly loadBalancer: LoadBalancer;
  readonly access: (accountId: string) => Promise<AwsAccess>;
  readonly signals: Signals;
  readonly timers: Timers;
  /** Postgres's present. */
  readonly clock: Clock;
  readonly settings: GatewaySettings & ReaderSettings & LaneSettings;
  readonly log: LaneLog;
  readonly agents: (accountIds: readonly string[]) => Promise<void>;
  readonly bindings: (accountIds: readonly string[]) => Promise<void>;
  readonly hooks?: Pick<ExecutorParts, 'onCall' | 'onSettled' | 'crashPoint'>;
}

/** The worker of one replica, from its parts. */
export function createEngine(parts: EngineParts): Engine {
  const owned = new Set<Gateway>();
  const gateways = new Gateways({
    ...parts,
    store: parts.gateways,
    busy: (gatewayIds) => parts.lanes.busy(gatewayIds),
    create: (grant, requestedAt) => {
      const gateway = openGateway(parts, grant, requestedAt, () => owned.delete(gateway));
      owned.add(gateway);
      return gateway;
    },
  });
  parts.signals.on('wants', (payload) => {
    const concerns = ({ fence }: Gateway) => ['', 'retry', fence.gatewayId].includes(payload);
    for (const gateway of owned) if (concerns(gateway)) gateway.wantsChanged(payload === 'retry');
  });
  const reconcile = new ReconcileRollout(parts.rollouts, new StartRollout(parts.rollouts));
  return new Engine({
    gateways,
    waker: new Waker(parts.rollouts, reconcile, parts.signals, parts.timers, parts.log),
    drift: new DriftWatch(parts.drift, parts.log),
    agents: parts.agents,
    bindings: parts.bindings,
  });
}

/** Takes one gateway up: its lane and its reader, each with its own budget, under the one lease. */
function openGateway(parts: EngineParts, grant: GatewayGrant, requestedAt: number, onClosed: () => void): Gateway {
  const { settings, timers, clock, loadBalancer, access, log } = parts;
  const fence = { gatewayId: grant.gatewayId, epoch: grant.epoch, grantId: grant.grantId };
  const reads = new ReadBudget(timers, grant.budget);
  const reader = new GatewayReader({
    facts: parts.facts,
    fence,
    loadBalancer,
    access,
    budget: reads,
    timers,
    clock,
    settings,
    log,
    onLost: () => gateway.lost(),
  });
  const bucket = new ApiBucket(timers, grant.budget);
  const executor = new IntentExecutor({
    ...parts.hooks,
    store: parts.lanes,
    loadBalancer,
    looks: reader,
    bucket,
    access,
    timers,
    now: () => clock.now(),
    writeTimeoutMs: settings.writeTimeoutMs,
  });
  const lane = new Lane(grant, requestedAt, {
    store: parts.lanes,
    executor,
    looks: reader,
    bucket,
    timers,
    settings,
    log,
  });
  const gateway = new Gateway({ fence, lane, reader, reads, bucket, timers, log, onClosed });
  gateway.open();
  return gateway;
}
