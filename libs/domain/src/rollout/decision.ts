import type { Weights } from '../weights/types.js';
import type { Instant } from './types.js';

/** One route's weights before and after. */
export interface RouteChange {
  readonly routeId: string;
  readonly before: Weights;
  readonly after: Weights;
}

/** Three views of one route that disagree (rule 7): what the step intends, what was last written, what is live. */
export interface RouteDiff {
  readonly routeId: string;
  readonly intended: Weights;
  readonly lastWritten: Weights;
  readonly live: Weights;
  /** True when a target group that is neither a backend nor pinned is in the live action. */
  readonly foreign: readonly string[];
}

/** What one check found. `reason` is PascalCase and shown unchanged; `message` is a sentence with numbers and the next step. */
export interface Finding {
  readonly reason: Reason;
  readonly message: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

interface DecisionBase extends Finding {
  /** The other checks' findings, shown beside the leading one. */
  readonly beside: readonly Finding[];
  /** When to decide again; null when only an event (a verb, a write's outcome) can change the answer. */
  readonly wakeAt: Instant | null;
  /** When the oldest of the looks behind it began: what has to be seen twice is seen again by newer ones. */
  readonly seenAt?: Instant;
}

/** The answer of `decide`. */
export type Decision =
  /** Write these weights and make `stepIndex` the current step. `left` = ids of the routes that it doesn't reach yet. */
  | (DecisionBase & {
      readonly kind: 'shift';
      readonly stepIndex: number;
      readonly changes: readonly RouteChange[];
      readonly left: readonly string[];
    })
  | (DecisionBase & { readonly kind: 'hold' })
  /** Go back to the baseline. */
  | (DecisionBase & { readonly kind: 'rollback'; readonly changes: readonly RouteChange[] })
  /** Ended: `outcome` is the final state. */
  | (DecisionBase & { readonly kind: 'finish'; readonly outcome: 'Succeeded' | 'RolledBack' })
  /** Needs a person. */
  | (DecisionBase & { readonly kind: 'block'; readonly diffs: readonly RouteDiff[] });

/** Every reason a rollout can show. Order and meaning are documented in docs/rollouts.md. */
export const reasons = {
  RolloutHasEnded: 'nothing more to do',
  NotStarted: 'waits for its start time or the start verb',
  PausedByOperator: 'a person paused it; weights stay',
  NeedsAPerson: 'blocked earlier; a verb must say how to go on',
  SuspendedByFreeze: 'an evacuation or freeze holds it',
  PlanDoesNotFit: 'the plan no longer fits its routes as they are now',
  RouteIsBusy: 'another rollout or write has one of its routes',
  RouteOwnedByReconciler: 'a continuous reconciler owns the route and would revert us',
  ApplyTimeToolNotAcknowledged: 'CloudFormation, CDK or Terraform made it and nobody acknowledged that',
  WriteFailed: 'AWS refused the write of a route',
  LiveWeightsDiffer: 'live weights are not what was last written',
  ForeignTargetGroup: 'a target group that is not ours is in the action and not pinned',
  ObservationIsStale: 'facts are missing or too old to act on',
  AwsUnreachable: 'AWS could not be read',
  WaitingForWrite: 'writes of this step are queued or in flight',
  HealthLost: 'a backend with a share has too few healthy targets',
  StepIsHolding: 'the hold of the current step has not been served',
  SettleTime: 'the data plane is given time to converge',
  WaitingForHealthyTargets: 'a backend whose share would be raised has too few healthy targets',
  ReceiverNotAttached: 'the target group is not in the action yet, so nobody health-checks it',
  ClusterIsCordoned: 'the share of a cordoned cluster would be raised',
  ClusterIsRetired: 'a retired cluster would get a share',
  ClusterIsEvacuated: 'an evacuated cluster would have a share',
  FrozenByFreeze: 'a freeze is on: nothing planned starts',
  NoHealthyReceiver: 'after this write no healthy backend would have weight',
  UnsafeWeights: 'the weights break a rule of the load balancer',
  NextStep: 'the next step starts',
  RollingBack: 'going back to the shares before the rollout',
  Completed: 'all steps are verified',
  BackAtBaseline: 'the shares before the rollout are verified',
} as const;
export type Reason = keyof typeof reasons;
