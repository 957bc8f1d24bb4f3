import type { Clock, Ids } from '../context.js';
import type { ClusterAgent } from '../ports/cluster-agent.js';
import { Drains } from '../removal/drains.js';
import { ProveAccount } from '../gateways/prove-account.js';
import type { LoadBalancer } from '../ports/load-balancer.js';
import { CleanUp } from '../provisioning/clean-up.js';
import { NewRules } from '../provisioning/new-rules.js';
import { Provisioning } from '../provisioning/provisioning.js';
import type { ResourceStore } from '../stores/resource-store.js';
import { AccountAccess } from './account-access.js';
import { Accounts } from './accounts.js';
import { Backends, type BackendOptions } from './backends.js';
import { BindingRefresh } from './binding-refresh.js';
import { Bindings } from './bindings.js';
import { ClusterAccessFactory } from './cluster-access.js';
import { ClusterConnections, type ClusterReaders } from './cluster-connections.js';
import { ClusterIdentity } from './cluster-identity.js';
import { Clusters } from './clusters.js';
import { EndpointPolicy } from './endpoint-policy.js';
import { Plans } from './plans.js';
import { Projects } from './projects.js';
import type { References } from './references.js';
import { RouteLooks } from './route-looks.js';
import { Routes } from './routes.js';
import type { FactStore } from '../ports/fact-store.js';
import type { Timers } from '../ports/timers.js';
import type { Sealer } from './sealer.js';
import { Tokens } from './tokens.js';
import type { WeightWriter } from './weight-writer.js';

export interface ResourcePorts extends ClusterReaders {
  readonly store: ResourceStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sealer: Sealer;
  readonly references: References;
  readonly loadBalancer: LoadBalancer;
  readonly clusterAgent: ClusterAgent;
  readonly facts: FactStore;
  readonly timers: Timers;
  /** Given what it needs to reach AWS, because the engine behind it is made from the same accounts. */
  readonly weightWriter: (accountAccess: AccountAccess) => WeightWriter;
}

export interface ResourceOptions extends BackendOptions {
  /**
   * URL prefixes that an account's endpoint may have besides AWS's own https hosts. Default none. One with a loopback
   * host also lets clusters' API servers be on this machine.
   */
  readonly allowedEndpoints?: readonly string[];
  /** Whether an account may use the process's own AWS credentials. Default false. */
  readonly allowProcessCredentials?: boolean;
  /** Whether one cluster may be registered in several projects. Default false. */
  readonly allowSharedClusters?: boolean;
  /** Shortest wait at weight 0 before a binding may go. Default 60 000. */
  readonly drainSettleMs?: number;
}

export interface Resources {
  readonly projects: Projects;
  readonly accounts: Accounts;
  readonly accountAccess: AccountAccess;
  readonly proveAccount: ProveAccount;
  readonly clusters: Clusters;
  readonly clusterAccess: ClusterAccessFactory;
  readonly routes: Routes;
  readonly backends: Backends;
  readonly bindings: Bindings;
  readonly bindingRefresh: BindingRefresh;
  readonly provisioning: Provisioning;
  readonly plans: Plans;
  readonly tokens: Tokens;
}

/** Every use case of the resources, wired to the same ports. The one way to make them. */
export function createResources(ports: ResourcePorts, options: ResourceOptions = {}): Resources {
  const { store, clock, ids, sealer, references, loadBalancer, clusterAgent } = ports;
  const endpoints = new EndpointPolicy(options.allowedEndpoints ?? []);
  const accountAccess = new AccountAccess(store, sealer);
  const proveAccount = new ProveAccount({ store, ids, clock, loadBalancer, accountAccess });
  const looks = new RouteLooks(ports.facts, ports.timers, clock);
  const clusterAccess = new ClusterAccessFactory(store, sealer, references);
  const connections = new ClusterConnections(ports, clusterAccess, endpoints);
  const identity = new ClusterIdentity(clusterAgent, options.allowSharedClusters ?? false);
  const settleMs = options.drainSettleMs ?? 60_000;
  const drains = new Drains(store, clock, loadBalancer, accountAccess, ports.facts, settleMs);
  const accountOptions = { allowProcessCredentials: options.allowProcessCredentials ?? false };
  return {
    projects: new Projects(store, ids),
    accounts: new Accounts(store, ids, sealer, proveAccount, endpoints, accountOptions),
    accountAccess,
    proveAccount,
    clusters: new Clusters(store, ids, clock, connections, clusterAccess, clusterAgent, identity, drains),
    clusterAccess,
    routes: new Routes(store, ids, clock, loadBalancer, accountAccess, proveAccount, looks),
    backends: new Backends(
      store,
      ids,
      ports.timers,
      loadBalancer,
      accountAccess,
      ports.weightWriter(accountAccess),
      options,
    ),
    bindings: new Bindings(store, ids, clock, loadBalancer, accountAccess, clusterAccess, clusterAgent, drains),
    bindingRefresh: new BindingRefresh(store, clock, clusterAccess, clusterAgent),
    provisioning: new Provisioning(
      store,
      ids,
      loadBalancer,
      accountAccess,
      new CleanUp(store, clock, loadBalancer, accountAccess),
      new NewRules(store, clock, loadBalancer),
    ),
    plans: new Plans(store, ids),
    tokens: new Tokens(store, ids, clock),
  };
}
