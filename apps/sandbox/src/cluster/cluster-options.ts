import type { Faults } from '../shared/faults.js';
import type { BindingGroup } from './crd/target-group-binding-crd.js';
import type { KubeconfigFiles } from './credentials.js';

export interface ClusterOptions {
  readonly name: string;
  /** The cluster's own folder: certificates, tokens, kubeconfigs, state, port. */
  readonly dir: string;
  readonly bindings: readonly BindingGroup[];
  readonly faults: Faults;
  /** Port to try at the first start. */
  readonly port?: number;
}

export interface RunningCluster {
  readonly kubeconfigs: KubeconfigFiles;
  readonly url: string;
  stop(): Promise<void>;
}
