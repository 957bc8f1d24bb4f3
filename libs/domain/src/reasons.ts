import { reasons, type Reason } from './rollout/decision.js';

/** What a rollout says besides what its checks find: a person's last word, or what its start found of the plan. */
const ofRollouts = {
  Resumed: 'somebody said that it goes on',
  Adopted: 'somebody took what is live as right',
  Reasserted: "somebody had the step's weights written again",
  Aborted: 'somebody ended it; the weights stayed',
  Cancelled: 'somebody ended it before it started',
  NoRoutes: "the plan's selector matches no route",
  RouteMissing: 'the plan or the rollout names a route that the project does not have',
} as const;

/** Every reason that a rollout can show. Described in docs/rollouts.md. */
export const rolloutReasons = { ...reasons, ...ofRollouts };
export type RolloutReason = Reason | keyof typeof ofRollouts;

/** What only lines of the ledger say. */
const ofTheLedger = {
  Started: 'the rollout starts, by its time or by somebody',
  Advanced: 'somebody ended the hold of a step',
  OneOffWeights: 'somebody wrote weights without a rollout',
  AttachAtZero: 'a target group comes into the action at weight 0',
  DetachAtZero: 'a target group with weight 0 leaves the action',
  LateEffect: 'a write in doubt took effect after a newer one: the newer one is put back',
  ListenerCreated: 'somebody made a listener',
  RuleCreated: 'somebody made a rule, which takes requests at once',
  RuleForced: 'somebody made a rule past the health of its target groups',
} as const;

/** Every reason that a line of the ledger can have. Described in docs/rollouts.md. */
export const ledgerReasons = { ...rolloutReasons, ...ofTheLedger };
export type LedgerReason = RolloutReason | keyof typeof ofTheLedger;

/** What a write says of its own. Beside these it shows what `decide` or the policy found, and AWS's own codes, which are AWS's to list. */
export const writeReasons = {
  AccountUnreadable: "the account's credentials could not be had",
  LeaseEnding: 'this process could not have waited for the outcome any more; another writes it',
  NotApplied: 'AWS took the write, and does not show it',
  OutcomeUnknown: 'AWS never answered, and could not be read since',
  PermissionExpired: 'the permission behind it ended before it was sent',
  Superseded: 'something newer came before it was sent',
} as const;

/** What only a refusal (409, or 502 for AWS and clusters) says. */
const ofRefusals = {
  AccountInUse: 'routes, clusters or provisioned resources stand on the account',
  AccountNumberDiffers: "the account's credentials lead into another AWS account than it says",
  AcknowledgementNeeded: 'an apply-time tool made the route, and nobody has acknowledged that',
  AlreadyExists: 'the name, ARN or settings are taken',
  AnotherCluster: 'another cluster answers at the address than the one that has the bindings',
  AutoModeTagMissing: "EKS Auto Mode needs a tag with the cluster's name on the target group",
  AwsAccessDenied: 'AWS refused the account access',
  AwsRefused: 'AWS refused, and will until somebody changes something',
  BackendIsServing: 'the backend has live weight',
  BindingIsBeingRemoved: 'the share of a backend whose binding is being removed would be raised',
  BindingPresent: "the backend's binding is still in its cluster",
  ChangedMeanwhile: 'what it was decided on has changed since',
  CleanUpChanged: 'something else would be removed than the dry run said',
  ClusterInUse: 'the cluster still has backends',
  ClusterIsServing: 'the cluster still gets requests',
  ClusterRefused: 'the cluster refused, and will until somebody changes something',
  ClusterRegisteredTwice: 'the same cluster is registered under another record',
  ClusterRetired: 'a retired cluster takes no new backend',
  ClusterUnidentified: 'whether the new address leads to the cluster that has the bindings cannot be told',
  CredentialsUnreadable: 'stored credentials cannot be opened',
  DetachPending: 'the target group has not left the action yet',
  Gone: 'what it is about was removed meanwhile',
  NewerMoveExists: 'something newer has moved a route of the rollout',
  NoHoldToEnd: 'the step has no hold yet that could be ended',
  NobodyLeft: 'every backend of the route is in an evacuated cluster',
  OwnedByReconciler: 'a controller owns what the new resource would stand on',
  PinnedShareWouldChange: 'the share of a pinned target group would change',
  PlanInUse: 'a rollout has used the plan',
  ProjectNotEmpty: 'the project still has something in it',
  ReferenceUnreadable: 'the referenced file cannot be read, or holds no credentials',
  RouteInUse: 'the route still has backends',
  StepHasEnded: 'the step that was named is not the present one any more',
  StillServing: 'the target group still gets requests',
  TargetGroupAlreadyBound: 'another cluster fills the target group',
  TargetGroupInUse: 'another load balancer uses the target group',
  TargetGroupOwnedByReconciler: 'a controller owns the target group',
  TargetGroupPinned: 'the target group is pinned as foreign',
  TooManyTargetGroups: 'the action would have more than five target groups',
  VerbNotAllowed: 'the state of the rollout does not allow the verb',
} as const;

/** Every reason that a refusal can have: its own, and what a rollout would say. Described in docs/api.md and docs/rollouts.md. */
export const conflictReasons = { ...rolloutReasons, ...ofRefusals };
export type ConflictReason = RolloutReason | keyof typeof ofRefusals;

export function hasReason<R extends string>(list: Readonly<Record<R, string>>, reason: string): reason is R {
  return Object.hasOwn(list, reason);
}

/** The names of a list of reasons, in its order. */
export function namesOf<R extends string>(list: Readonly<Record<R, string>>): readonly R[] {
  return Object.keys(list) as R[];
}
