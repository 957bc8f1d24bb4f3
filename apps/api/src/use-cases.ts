import type { Provider } from '@nestjs/common';
import {
  AccessCache,
  AccountAccess,
  Accounts,
  Backends,
  BindingRefresh,
  Bindings,
  ClusterAccessFactory,
  ClusterAgent,
  Clock,
  Clusters,
  EventFeed,
  EventStore,
  Events,
  FactStore,
  Ids,
  Ledger,
  LoadBalancer,
  OneOffWeights,
  Plans,
  Projects,
  ProveAccount,
  Provisioning,
  References,
  ResourceStore,
  Rollouts,
  RolloutStore,
  Routes,
  RouteWriteStore,
  Sealer,
  Signals,
  Timers,
  Tokens,
  createResources,
  type Resources,
} from '@sluice/control';
import { parseClusterCredentials, parseKubeconfig } from '@sluice/kubernetes';
import { PinoLogger } from 'nestjs-pino';
import { CONFIG, type Config } from './config.js';

const RESOURCES = Symbol('Resources');

/** How the engine reaches an account: opened once per version of its row, so that changed credentials hold within seconds. */
export const ACCESS = Symbol('Access');
export type Access = (accountId: string) => ReturnType<AccountAccess['access']>;

const resource = <K extends keyof Resources>(
  token: Provider & (abstract new (...args: never[]) => Resources[K]),
  key: K,
): Provider => ({
  provide: token,
  useFactory: (resources: Resources) => resources[key],
  inject: [RESOURCES],
});

/** The use cases, each under its own class as token. */
export const useCases: readonly Provider[] = [
  {
    provide: RESOURCES,
    useFactory: (
      config: Config,
      store: ResourceStore,
      clock: Clock,
      ids: Ids,
      sealer: Sealer,
      references: References,
      loadBalancer: LoadBalancer,
      clusterAgent: ClusterAgent,
      writes: RouteWriteStore,
      facts: FactStore,
      timers: Timers,
    ) =>
      createResources(
        {
          store,
          clock,
          ids,
          sealer,
          references,
          loadBalancer,
          clusterAgent,
          facts,
          timers,
          parseKubeconfig,
          parseClusterCredentials,
          weightWriter: () => new OneOffWeights(writes),
        },
        {
          allowedEndpoints: config.allowedAwsEndpoints,
          allowProcessCredentials: config.allowProcessCredentials,
          allowSharedClusters: config.allowSharedClusters,
        },
      ),
    inject: [
      CONFIG,
      ResourceStore,
      Clock,
      Ids,
      Sealer,
      References,
      LoadBalancer,
      ClusterAgent,
      RouteWriteStore,
      FactStore,
      Timers,
    ],
  },
  resource(Projects, 'projects'),
  resource(Accounts, 'accounts'),
  resource(AccountAccess, 'accountAccess'),
  resource(ProveAccount, 'proveAccount'),
  resource(Clusters, 'clusters'),
  resource(ClusterAccessFactory, 'clusterAccess'),
  resource(Routes, 'routes'),
  resource(Backends, 'backends'),
  resource(Bindings, 'bindings'),
  resource(BindingRefresh, 'bindingRefresh'),
  resource(Provisioning, 'provisioning'),
  resource(Plans, 'plans'),
  resource(Tokens, 'tokens'),
  {
    provide: ACCESS,
    useFactory: (timers: Timers, store: ResourceStore, accounts: AccountAccess): Access => {
      const cache = new AccessCache(
        timers,
        (accountId) => store.read.accounts.find(accountId),
        (account) => accounts.of(account),
      );
      return (accountId) => cache.of(accountId);
    },
    inject: [Timers, ResourceStore, AccountAccess],
  },
  {
    provide: OneOffWeights,
    useFactory: (store: RouteWriteStore) => new OneOffWeights(store),
    inject: [RouteWriteStore],
  },
  {
    provide: Rollouts,
    useFactory: (store: RolloutStore, ids: Ids) => new Rollouts({ store, ids }),
    inject: [RolloutStore, Ids],
  },
  { provide: Ledger, useFactory: (store: RolloutStore) => new Ledger(store), inject: [RolloutStore] },
  {
    provide: EventFeed,
    useFactory: (store: EventStore, signals: Signals, timers: Timers, logger: PinoLogger) =>
      new EventFeed({
        store,
        signals,
        timers,
        log: { warn: (message, { error }) => logger.warn({ context: 'events', err: error }, message) },
      }),
    inject: [EventStore, Signals, Timers, PinoLogger],
  },
  {
    provide: Events,
    useFactory: (store: EventStore, feed: EventFeed) => new Events(store, feed),
    inject: [EventStore, EventFeed],
  },
];
