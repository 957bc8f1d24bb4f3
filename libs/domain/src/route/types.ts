import type { Weights } from '../weights/types.js';

export type Stickiness = { readonly enabled: false } | { readonly enabled: true; readonly durationSeconds: number };

/** An action of the same listener or rule that is not ours to change (authenticate-oidc …), known only by type and digest. */
export interface OtherAction {
  readonly type: string;
  readonly digest: string;
}

/** The canonical form of one forward action: comparable, whatever form AWS returned it in (aws-and-lbc §4.2). */
export interface ForwardAction {
  readonly weights: Weights;
  readonly stickiness: Stickiness;
  readonly otherActions: readonly OtherAction[];
}

/** Tags of everything a route stands on; keys of `tags` are ARNs' roles. */
export interface TaggedResource {
  readonly kind: 'loadBalancer' | 'listener' | 'rule' | 'targetGroup';
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Who owns a route. `continuous`: a reconciler that would revert us (LBC, EKS Auto Mode, ECS): never written.
 * `applyTime`: CloudFormation, CDK, Terraform: written after a recorded acknowledgement.
 */
export type Ownership =
  | { readonly kind: 'unowned' }
  | { readonly kind: 'sluice' }
  | {
      readonly kind: 'continuous' | 'applyTime';
      readonly owner: string;
      readonly evidence: string;
      readonly advice: string;
    };

export interface LiveRoute {
  readonly routeArn: string;
  readonly loadBalancerArn: string;
  readonly listenerArn: string;
  readonly protocol: string;
  readonly port: number;
  readonly isDefault: boolean;
  readonly action: ForwardAction;
  readonly ownership: Ownership;
}

/** Counts of one target group's targets by state, with the reasons AWS gave (`Target.Timeout` …) and how many have each. */
export interface TargetHealth {
  readonly targetGroupArn: string;
  readonly healthy: number;
  readonly initial: number;
  readonly unhealthy: number;
  readonly draining: number;
  readonly unused: number;
  readonly unavailable: number;
  readonly total: number;
  readonly reasons: Readonly<Record<string, number>>;
}
