import { z } from 'zod';
import {
  Arn,
  Attributed,
  Id,
  Labels,
  Name,
  Permilles,
  ProjectIdInput,
  Reason,
  Shares,
  Timestamp,
  Weights,
  pageOf,
  stored,
} from './common.js';

export const Ownership = z
  .discriminatedUnion('kind', [
    z.object({ kind: z.literal('unowned') }),
    z.object({ kind: z.literal('sluice') }),
    z.object({
      kind: z.enum(['continuous', 'applyTime']),
      owner: z.string(),
      evidence: z.string(),
      advice: z.string(),
    }),
  ])
  .meta({
    id: 'Ownership',
    description:
      'Who owns the route. `continuous`: a reconciler that would revert us; never written. `applyTime`: CloudFormation, CDK, Terraform; written after an acknowledgement.',
  });

export const Drift = z
  .object({ at: Timestamp, live: Weights, message: z.string() })
  .meta({ id: 'Drift', description: 'Live weights that no decision explains.' });

export const Route = z
  .object({
    ...stored,
    projectId: Id,
    accountId: Id,
    name: z.string(),
    arn: z.string(),
    loadBalancerArn: z.string(),
    listenerArn: z.string(),
    protocol: z.string(),
    port: z.int(),
    isDefault: z.boolean().describe("true: a listener's default action; false: a rule."),
    labels: z.record(z.string(), z.string()),
    steadyShares: Permilles.nullable(),
    pinned: z.array(z.string()).describe('Foreign target groups that keep the share they have.'),
    ownership: Ownership,
    acknowledgement: Attributed.nullable().describe(
      'Somebody knows that the next apply of the owning tool may revert us.',
    ),
    expected: Weights.describe('What the newest settled decision explains.'),
    drift: Drift.nullable(),
  })
  .meta({ id: 'Route', description: "One forward action: a listener's default action or one rule." });
export type Route = z.infer<typeof Route>;

const Pinned = z.array(Arn).max(5).describe('Foreign target groups to keep as they are; they count towards the five.');
const SteadyShares = Permilles.refine(
  (shares) => Object.values(shares).reduce((sum, each) => sum + each, 0) === 1000,
  'must sum to 1000: they are tenths of a percent',
)
  .nullable()
  .describe('Shares when no rollout is under way, in tenths of a percent, summing to 1000; null = not set.');

const Acknowledge = z
  .strictObject({ reason: Reason })
  .describe(
    'Needed when CloudFormation, CDK or Terraform made the route: somebody knows that its next apply may revert us.',
  );

export const CreateRoute = z
  .strictObject({
    projectId: ProjectIdInput,
    accountId: Id,
    name: Name,
    arn: Arn.describe('ARN of the listener (for its default action) or of the rule.'),
    labels: Labels.optional(),
    pinned: Pinned.optional(),
    acknowledgeApplyTimeTool: Acknowledge.optional(),
  })
  .meta({
    id: 'CreateRoute',
    description: 'Takes a route into a project. It is read from AWS at once.',
    examples: [
      {
        accountId: 'acc_0123456789abcdefghij',
        name: 'shop',
        arn: 'arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shop/0123456789abcdef/0123456789abcdef',
      },
    ],
  });
export type CreateRoute = z.input<typeof CreateRoute>;

export const UpdateRoute = z
  .strictObject({
    name: Name,
    labels: Labels,
    steadyShares: SteadyShares,
    pinned: Pinned,
    acknowledgeApplyTimeTool: Acknowledge,
  })
  .partial()
  .meta({ id: 'UpdateRoute', description: 'What is given is changed.', examples: [{ labels: { app: 'shop' } }] });
export type UpdateRoute = z.input<typeof UpdateRoute>;

export const RoutePage = pageOf(Route, 'Route');

/** Distinct target groups with a positive sum: what ELBv2 takes and traffic needs. */
const WholeWeights = Weights.min(1)
  .refine(
    (weights) => new Set(weights.map((each) => each.targetGroupArn)).size === weights.length,
    'must name each target group once',
  )
  .refine(
    (weights) => weights.reduce((sum, each) => sum + each.weight, 0) > 0,
    'must not all be 0: the load balancer would answer every request with 503',
  );

export const Forced = z
  .strictObject({ reason: Reason })
  .meta({ id: 'Forced', description: 'Passes over the health gate, by name and with a reason.' });

export const SetWeights = z
  .strictObject({
    shares: Shares.optional(),
    weights: WholeWeights.optional().describe('The whole forward action, in place of `shares`.'),
    expected: Weights.optional().describe('Live weights you decided on; 412 when they are others.'),
    reason: Reason,
    forced: z.boolean().default(false).describe('Passes over the health gate, in your name and with this reason.'),
    minHealthyTargets: z
      .int()
      .min(0)
      .max(1000)
      .optional()
      .describe('Fresh healthy targets that a backend with a raised share needs; default 1.'),
  })
  .refine((body) => (body.shares === undefined) !== (body.weights === undefined), {
    path: ['shares'],
    message: 'give either `shares` or `weights`',
  })
  .meta({
    id: 'SetWeights',
    description: 'One write of weights outside any rollout.',
    examples: [{ shares: { red: 90, black: 10 }, reason: 'trying black' }],
  });
export type SetWeights = z.input<typeof SetWeights>;

export const Stickiness = z
  .discriminatedUnion('enabled', [
    z.object({ enabled: z.literal(false) }),
    z.object({ enabled: z.literal(true), durationSeconds: z.int() }),
  ])
  .meta({ id: 'Stickiness', description: 'Target group stickiness of the forward action.' });

export const LiveShare = z
  .object({
    targetGroupArn: z.string(),
    weight: z.int(),
    permille: z.int().describe('Tenths of a percent; the shares of one action sum to 1000.'),
    backend: z.object({ id: Id, name: z.string(), clusterId: Id }).nullable().describe('null = not one of ours.'),
    pinned: z.boolean(),
  })
  .meta({ id: 'LiveShare', description: "One target group's live share." });

export const RouteLive = z
  .object({
    routeId: Id,
    arn: z.string(),
    at: Timestamp.describe('When it was read.'),
    ageMs: z.int(),
    weights: Weights,
    shares: z.array(LiveShare),
    foreign: z
      .array(z.string())
      .describe("Target groups in the action that are neither a backend's nor pinned: they block rollouts."),
    expected: Weights,
    drifted: z.boolean(),
    ownership: Ownership,
    stickiness: Stickiness,
    otherActions: z.array(z.object({ type: z.string(), digest: z.string() })),
  })
  .meta({ id: 'RouteLive', description: 'A route as AWS has it now.' });
export type RouteLive = z.infer<typeof RouteLive>;

export const TargetHealth = z
  .object({
    targetGroupArn: z.string(),
    healthy: z.int(),
    initial: z.int(),
    unhealthy: z.int(),
    draining: z.int(),
    unused: z.int(),
    unavailable: z.int(),
    total: z.int(),
    reasons: z
      .record(z.string(), z.int())
      .describe("How many targets have each of AWS's reasons.")
      .meta({ examples: [{ 'Target.Timeout': 2 }] }),
  })
  .meta({ id: 'TargetHealth', description: "Counts of one target group's targets by state." });
export type TargetHealth = z.infer<typeof TargetHealth>;

export const BackendHealth = z
  .object({
    backendId: Id,
    name: z.string(),
    clusterId: Id,
    targetGroupArn: z.string(),
    health: TargetHealth.nullable().describe('null = could not be read, or nobody looked; see `failure`.'),
    seenAt: Timestamp.nullable().describe('When the look began; null = nobody has looked.'),
    failure: z.object({ code: z.string(), message: z.string(), transient: z.boolean() }).nullable(),
    advice: z.array(z.string()).describe('Likely causes and what to do.'),
  })
  .meta({ id: 'BackendHealth', description: "One backend's targets." });

export const RouteTargetHealth = z.object({ routeId: Id, at: Timestamp, backends: z.array(BackendHealth) }).meta({
  id: 'RouteTargetHealth',
  description: "The targets of a route's backends, counted by state, with AWS's reasons.",
});
export type RouteTargetHealth = z.infer<typeof RouteTargetHealth>;
