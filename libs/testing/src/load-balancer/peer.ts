import type { AwsAccess, LoadBalancer } from '@sluice/control';
import type { Weights } from '@sluice/domain';

/** What somebody at the AWS console does to a route, behind our back. */
export type ConsoleEdit =
  | { readonly kind: 'weights'; readonly weights: Weights }
  /** The single target group in `TargetGroupArn`, without a ForwardConfig. */
  | { readonly kind: 'shortForm'; readonly targetGroupArn: string }
  /** Logs users in by OIDC first, and keeps each client on its target group. */
  | { readonly kind: 'authenticateAndStick'; readonly weights: Weights; readonly stickySeconds: number }
  | { readonly kind: 'fixedResponse' };

/** The next calls of the peer go wrong in these ways, once each unless said otherwise, until `none`. */
export interface PeerFaults {
  throttleNextWrite(): Promise<void>;
  failNextWriteBeforeEffect(): Promise<void>;
  dropNextReply(): Promise<void>;
  /** From now on forward actions have a member that no SDK knows. */
  showNewerActions(): Promise<void>;
  none(): Promise<void>;
}

/** Something that a `LoadBalancer` port talks to, as the contract suite needs it. */
export interface LoadBalancerPeer {
  readonly port: LoadBalancer;
  readonly access: AwsAccess;
  readonly network: {
    readonly vpcId: string;
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
  };
  registerTargets(targetGroupArn: string, addresses: readonly string[]): Promise<void>;
  editByConsole(routeArn: string, edit: ConsoleEdit): Promise<void>;
  readonly faults: PeerFaults;
  close(): Promise<void>;
}

/** Where a peer is known to differ from AWS; each `false` is explained in `docs/sandbox-fidelity.md`. */
export interface PeerCapabilities {
  /** ModifyListener refuses target groups that do not exist. */
  readonly checksTargetGroupsOfListeners: boolean;
  /** A second listener on the same port is refused. */
  readonly refusesDuplicateListeners: boolean;
  /** A target group may serve one load balancer only. */
  readonly oneLoadBalancerPerTargetGroup: boolean;
  /** DescribeTags refuses a rule that does not exist. */
  readonly checksWhatIsTagged: boolean;
  /** Targets of an unattached target group are `unused` with `Target.NotInUse`. */
  readonly knowsUnusedTargets: boolean;
  /** The peer can be made to fail; otherwise its `faults` are never called. */
  readonly failsOnDemand: boolean;
}

export const likeAws: PeerCapabilities = {
  checksTargetGroupsOfListeners: true,
  refusesDuplicateListeners: true,
  oneLoadBalancerPerTargetGroup: true,
  checksWhatIsTagged: true,
  knowsUnusedTargets: true,
  failsOnDemand: true,
};

/** The faults of a peer that cannot be made to fail. */
export const noFaults: PeerFaults = {
  throttleNextWrite: cannot,
  failNextWriteBeforeEffect: cannot,
  dropNextReply: cannot,
  showNewerActions: cannot,
  none: cannot,
};

function cannot(): Promise<never> {
  return Promise.reject(new Error('this peer cannot be made to fail; its capabilities say so'));
}
