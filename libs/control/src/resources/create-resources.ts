import type { Clock, Ids } from '../context.js';
import type { ClusterAgent } from '../ports/cluster-agent.js';
import type { LoadBalancer } from '../ports/load-balancer.js';
import { Provisioning } from '../provisioning/provisioning.js';
import { AccountAccess } from './account-access.js';
import { Accounts } from './accounts.js';
import { Backends } from './backends.js';
import { Bindings } from './bindings.js';
import { ClusterAccessFactory } from './cluster-access.js';
import { Clusters, type KubeconfigParser } from './clusters.js';
import { Plans } from './plans.js';
import { Projects } from './projects.js';
import { Routes } from './routes.js';
import type { Sealer } from './sealer.js';
import { Tokens } from './tokens.js';
import type { WeightWriter } from './weight-writer.js';

export interface ResourcePorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sealer: Sealer;
  readonly loadBalancer: LoadBalancer;
  readonly clusterAgent: ClusterAgent;
  readonly weightWriter: WeightWriter;
  readonly parseKubeconfig: KubeconfigParser;
}

export interface ResourceOptions {
  /** URL prefixes that an account's endpoint or a cluster's server may have besides AWS's own https hosts. Default none. */
  readonly allowedEndpoints?: readonly string[];
  /** The one directory `file:` references may point into. Default none: references are refused. */
  readonly referenceDirectory?: string;
}

export interface Resources {
  readonly projects: Projects;
  readonly accounts: Accounts;
  readonly accountAccess: AccountAccess;
  readonly clusters: Clusters;
  readonly clusterAccess: ClusterAccessFactory;
  readonly routes: Routes;
  readonly backends: Backends;
  readonly bindings: Bindings;
  readonly provisioning: Provisioning;
  readonly plans: Plans;
  readonly tokens: Tokens;
}

/** Every use case of the resources, wired to the same ports. The one way to make them. */
export function createResources(_ports: ResourcePorts, _options: ResourceOptions = {}): Resources {
  throw new Error('being written');
}
