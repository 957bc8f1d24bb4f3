import type { CallOptions } from './load-balancer.js';

/** Longest kubeconfig that is read; the contracts say the same number. */
export const largestKubeconfigBytes = 65_536;

/** How a direct agent reaches one API server. The CA is always pinned; never a kubeconfig (it can run programs). */
export interface ClusterAccess {
  readonly clusterId: string;
  readonly name: string;
  /** https URL. */
  readonly server: string;
  /** PEM. */
  readonly caPem: string;
  readonly tlsServerName?: string;
  readonly auth:
    | { readonly kind: 'token'; readonly token: string }
    | { readonly kind: 'clientCertificate'; readonly certPem: string; readonly keyPem: string };
  /** Which API group serves TargetGroupBindings: the LBC's, or EKS Auto Mode's. */
  readonly bindingApi: 'elbv2.k8s.aws/v1beta1' | 'eks.amazonaws.com/v1';
}

/** The TargetGroupBinding a backend needs. */
export interface DesiredBinding {
  readonly namespace: string;
  readonly name: string;
  readonly service: string;
  readonly port: number | string;
  readonly targetGroupArn: string;
  readonly targetType: 'ip' | 'instance';
  /** Load balancer's security groups that may reach the pods; null = leave `networking` out. */
  readonly networking: { readonly securityGroupIds: readonly string[]; readonly port: number | string | null } | null;
  /** Labels of ours: `sluice.dev/backend`, `sluice.dev/project`; `app.kubernetes.io/managed-by: sluice`. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Our binding as the cluster has it now. */
export interface BindingState {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly observedGeneration: number | null;
  readonly deleting: boolean;
  readonly service: string;
  readonly port: number | string;
  readonly targetGroupArn: string;
  readonly targetType: 'ip' | 'instance' | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Ready=False/FailedCleanup and recent Warning events of the controller, newest first: `BackendNotFound: …`. */
  readonly problems: readonly string[];
}

export interface BackendService {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly ports: readonly { readonly name: string | null; readonly port: number; readonly nodePort: number | null }[];
  /** Ready pod endpoints from its EndpointSlices. */
  readonly readyEndpoints: number;
}

/** An expected refusal, with the way out. Reasons are PascalCase and shown unchanged. */
export interface BindingRefusal {
  readonly result: 'refused';
  readonly reason:
    | 'ServiceNotFound'
    | 'ServicePortNotFound'
    | 'ServiceHasNoEndpoints'
    | 'ServiceTypeUnsuitable'
    | 'NamespaceNotFound'
    | 'TargetGroupAlreadyBound'
    | 'TargetGroupNotFound'
    | 'ImmutableField'
    | 'FieldConflict'
    | 'InvalidBinding'
    | 'WebhookUnavailable'
    | 'Forbidden'
    | 'CrdMissing'
    | 'ManagedByController'
    | 'NotOurs'
    | 'StillServing';
  readonly message: string;
  readonly way: string;
}

export type ApplyBinding = { readonly result: 'applied'; readonly binding: BindingState } | BindingRefusal;
export type RemoveBinding =
  { readonly result: 'removed' } | { readonly result: 'removing' } | { readonly result: 'absent' } | BindingRefusal;

export interface ClusterCheck {
  readonly version: string;
  readonly user: string;
  readonly bindingApis: readonly string[];
  /** What SelfSubjectAccessReview says we lack: `patch targetgroupbindings.elbv2.k8s.aws`. */
  readonly missingPermissions: readonly string[];
  /** As `identify` answers it. */
  readonly kubeSystemUid: string | null;
}

/**
 * One cluster as Sluice needs it. Expected refusals are values; an unreachable or failing API server is an
 * `ExternalFailure` (transient or terminal, code kept). Every call has a timeout.
 */
export abstract class ClusterAgent {
  abstract check(access: ClusterAccess, options?: CallOptions): Promise<ClusterCheck>;

  /**
   * UID of the namespace kube-system: the cluster's identity, whatever its address, for as long as it lives. null where we
   * may not get that namespace.
   */
  abstract identify(access: ClusterAccess, options?: CallOptions): Promise<string | null>;

  /** Looks at the Service first (exists, port, type for `instance`, endpoints), then server-side applies with field manager `sluice`. `dryRun` changes nothing. */
  abstract applyBinding(
    access: ClusterAccess,
    desired: DesiredBinding,
    options?: CallOptions & { readonly dryRun?: boolean; readonly force?: boolean },
  ): Promise<ApplyBinding>;

  /** null = the cluster answered that it isn't there. */
  abstract readBinding(
    access: ClusterAccess,
    namespace: string,
    name: string,
    options?: CallOptions,
  ): Promise<BindingState | null>;

  /** Every binding in the cluster (to find a target group bound twice). */
  abstract listBindings(access: ClusterAccess, options?: CallOptions): Promise<readonly BindingState[]>;

  abstract readService(
    access: ClusterAccess,
    namespace: string,
    name: string,
    options?: CallOptions,
  ): Promise<BackendService | null>;

  /**
   * Deletes our binding (labels of ours, uid precondition). `drained` must be the proof that its target group may go
   * (rule 10); without it the answer is `StillServing`.
   */
  abstract removeBinding(
    access: ClusterAccess,
    binding: { readonly namespace: string; readonly name: string },
    drained: { readonly drained: boolean; readonly message: string },
    options?: CallOptions,
  ): Promise<RemoveBinding>;
}
