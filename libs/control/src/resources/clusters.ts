import type { Caller } from '../context.js';
import type { ClusterCheck } from '../ports/cluster-agent.js';
import type { MutationOptions } from './options.js';
import type { Cluster, Page, PageRequest } from './types.js';

export type BindingApi = Cluster['bindingApi'];

export type ClusterCredentials =
  | { readonly token: string }
  /** PEM. */
  | { readonly clientCertificate: string; readonly clientKey: string }
  /** `file:/path` of a file in the allowlisted directory: a token, or JSON `{clientCertificate, clientKey}`. */
  | { readonly reference: string };

interface CreateClusterCommon {
  readonly projectId: string;
  readonly accountId: string;
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default `elbv2.k8s.aws/v1beta1`. */
  readonly bindingApi?: BindingApi;
}

export type CreateCluster = CreateClusterCommon &
  (
    | {
        readonly server: string;
        /** base64 of PEM, as in a kubeconfig; or `caPem`. One of both. */
        readonly caData?: string;
        readonly caPem?: string;
        readonly tlsServerName?: string | null;
        readonly credentials: ClusterCredentials;
      }
    | { readonly kubeconfig: string }
  );

/** Only what is present changes. */
export interface UpdateCluster {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly server?: string;
  readonly caData?: string;
  readonly caPem?: string;
  readonly tlsServerName?: string | null;
  readonly credentials?: ClusterCredentials;
  readonly bindingApi?: BindingApi;
}

export interface ClusterCheckResult {
  readonly cluster: Cluster;
  readonly ok: boolean;
  readonly message: string;
  readonly advice: string | null;
  readonly facts: ClusterCheck | null;
}

/** What a strict kubeconfig parser answers; anything that could run a program or read a file is refused by it (InvalidInput). */
export type KubeconfigParser = (text: string) => {
  readonly server: string;
  readonly caPem: string;
  readonly tlsServerName?: string;
  readonly auth:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'clientCertificate'; readonly certPem: string; readonly keyPem: string };
};

export class Clusters {
  create(_caller: Caller, _input: CreateCluster, _options: MutationOptions = {}): Promise<Cluster> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string; readonly accountId?: string; readonly labels?: Readonly<Record<string, string>> }, _page: PageRequest): Promise<Page<Cluster>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Cluster> { throw new Error('being written'); }
  update(_caller: Caller, _id: string, _patch: UpdateCluster, _options: MutationOptions = {}): Promise<Cluster> { throw new Error('being written'); }
  check(_caller: Caller, _id: string): Promise<ClusterCheckResult> { throw new Error('being written'); }
  cordon(_caller: Caller, _id: string, _input: { readonly reason: string }, _options: MutationOptions = {}): Promise<Cluster> { throw new Error('being written'); }
  uncordon(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<Cluster> { throw new Error('being written'); }
  /** Conflict while any of its backends has live weight above 0. */
  retire(_caller: Caller, _id: string, _input: { readonly reason: string }, _options: MutationOptions = {}): Promise<Cluster> { throw new Error('being written'); }
  remove(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<void> { throw new Error('being written'); }
}
