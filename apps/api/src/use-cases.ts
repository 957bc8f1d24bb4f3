import type { Provider } from '@nestjs/common';
import {
  AccountAccess,
  Accounts,
  Backends,
  BindingRefresh,
  Bindings,
  ClusterAccessFactory,
  ClusterAgent,
  Clock,
  Clusters,
  Events,
  Ids,
  Ledger,
  LoadBalancer,
  OneOffWeights,
  Plans,
  Projects,
  Provisioning,
  References,
  ResourceStore,
  Rollouts,
  RolloutStore,
  Routes,
  RouteWriteStore,
  Sealer,
  Signals,
  Tokens,
  createResources,
  type Resources,
} from '@sluice/control';
import { parseClusterCredentials, parseKubeconfig } from '@sluice/kubernetes';
import { CONFIG, type Config } from './config.js';

const RESOURCES = Symbol('Resources');

/** How the engine and one-off writes reach an account; asked anew for each call, so that changed credentials hold at once. */
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
          parseKubeconfig,
          parseClusterCredentials,
          weightWriter: (accounts) =>
            new OneOffWeights(writes, loadBalancer, (accountId) => accounts.access(accountId)),
        },
        {
          allowedEndpoints: config.allowedAwsEndpoints,
          allowProcessCredentials: config.allowProcessCredentials,
          allowSharedClusters: config.allowSharedClusters,
        },
      ),
    inject: [CONFIG, ResourceStore, Clock, Ids, Sealer, References, LoadBalancer, ClusterAgent, RouteWriteStore],
  },
  resource(Projects, 'projects'),
  resource(Accounts, 'accounts'),
  resource(AccountAccess, 'accountAccess'),
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
    useFactory:
      (accounts: AccountAccess): Access =>
      (accountId) =>
        accounts.access(accountId),
    inject: [AccountAccess],
  },
  {
    provide: OneOffWeights,
    useFactory: (store: RouteWriteStore, loadBalancer: LoadBalancer, access: Access) =>
      new OneOffWeights(store, loadBalancer, access),
    inject: [RouteWriteStore, LoadBalancer, ACCESS],
  },
  {
    provide: Rollouts,
    useFactory: (store: RolloutStore, loadBalancer: LoadBalancer, access: Access, ids: Ids) =>
      new Rollouts({ store, loadBalancer, access, ids }),
    inject: [RolloutStore, LoadBalancer, ACCESS, Ids],
  },
  { provide: Ledger, useFactory: (store: RolloutStore) => new Ledger(store), inject: [RolloutStore] },
  {
    provide: Events,
    useFactory: (store: RolloutStore, signals: Signals) => new Events(store, signals),
    inject: [RolloutStore, Signals],
  },
];
