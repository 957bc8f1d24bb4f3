import { namesOf, rolloutReasons } from '@sluice/domain';
import { z } from 'zod';
import { Id, Name, ProjectIdInput, Reason, Time, Timestamp, Weights, pageOf } from './common.js';
import { Decision, DecisionSummary, Finding, Intent, RouteChange } from './decisions.js';
import { Forced } from './routes.js';

export const rolloutStates = [
  'Scheduled',
  'Running',
  'Paused',
  'Blocked',
  'Suspended',
  'RollingBack',
  'Succeeded',
  'RolledBack',
  'Aborted',
  'Cancelled',
  'Failed',
] as const;
export const RolloutState = z.enum(rolloutStates).meta({ id: 'RolloutState' });
export type RolloutState = z.infer<typeof RolloutState>;

export const rolloutVerbs = [
  'start',
  'cancel',
  'pause',
  'resume',
  'advance',
  'abort',
  'rollback',
  'adopt',
  'reassert',
] as const;
export const RolloutVerb = z.enum(rolloutVerbs).meta({ id: 'RolloutVerb' });
export type RolloutVerb = z.infer<typeof RolloutVerb>;

const WeightsByRoute = z.record(z.string(), Weights);

export const FrozenBackend = z
  .object({
    id: Id,
    name: z.string(),
    clusterId: Id,
    clusterName: z.string(),
    namespace: z.string(),
    service: z.string(),
    port: z.union([z.int(), z.string()]),
    targetGroupArn: z.string(),
  })
  .meta({ id: 'FrozenBackend', description: 'A backend as it was when the rollout started.' });

export const FrozenRoute = z
  .object({
    id: Id,
    name: z.string(),
    arn: z.string(),
    accountId: Id,
    backends: z.array(FrozenBackend),
    pinned: z.array(z.string()),
    baseline: Weights.describe('Live weights when the rollout started: where a rollback goes.'),
  })
  .meta({ id: 'FrozenRoute', description: 'A route as it was when the rollout started.' });

export const CompiledStep = z
  .object({
    index: z.int(),
    name: z.string(),
    shares: z.record(z.string(), z.int()).describe('Tenths of a percent per backend name.'),
    holdMs: z.int(),
    gates: z.array(z.object({ kind: z.literal('health'), minHealthyTargets: z.int() })),
  })
  .meta({ id: 'CompiledStep', description: 'One step with everything resolved.' });

export const FrozenPlan = z
  .object({
    schemaVersion: z.literal(1),
    decideVersion: z.literal(1),
    planId: Id,
    planVersion: z.int(),
    name: z.string(),
    routes: z.array(FrozenRoute),
    steps: z.array(CompiledStep),
    settleMs: z.int(),
    minHealthyTargets: z.int(),
    maxFactAgeMs: z.int().nullable().describe('null = as fresh as the gateway of each route allows.'),
    onHealthLost: z.enum(['block', 'rollback']),
    bakeMs: z.int(),
  })
  .meta({ id: 'FrozenPlan', description: 'A plan version with everything resolved, frozen into the rollout.' });

export const RouteDiff = z
  .object({
    routeId: Id,
    intended: Weights,
    lastWritten: Weights,
    live: Weights,
    foreign: z.array(z.string()).describe('Target groups in the live action that are neither a backend nor pinned.'),
  })
  .meta({
    id: 'RouteDiff',
    description: 'Three views of one route: what the step intends, what was last written, what is live.',
  });

const summaryFields = {
  id: Id,
  projectId: Id,
  planId: Id,
  planVersion: z.int(),
  name: z.string(),
  state: RolloutState,
  version: z
    .int()
    .describe('The ETag: grows with every state, step and verb, not with `reason` and `message` in between.'),
  stepIndex: z.int().describe('Step being written or held; -1 before the first.'),
  stepCount: z.int(),
  routeCount: z.int(),
  reason: z
    .enum(namesOf(rolloutReasons))
    .describe('Why it stands where it stands.')
    .meta({ examples: ['StepIsHolding'] }),
  message: z.string().describe('The same as a sentence with numbers and the next step.'),
  allowedVerbs: z.array(RolloutVerb),
  nextWakeAt: Timestamp.nullable().describe('When it is looked at again; null = an event will say.'),
  advanceRequestedBy: z.string().nullable(),
  forced: z.object({ by: z.string(), reason: z.string() }).nullable(),
  startAt: Timestamp.nullable(),
  startedAt: Timestamp.nullable(),
  finishedAt: Timestamp.nullable(),
  createdAt: Timestamp,
  createdBy: z.string(),
  updatedAt: Timestamp,
};

export const RolloutSummary = z
  .object(summaryFields)
  .meta({ id: 'RolloutSummary', description: 'One run of one plan version, without its plan and routes.' });
export type RolloutSummary = z.infer<typeof RolloutSummary>;

export const RolloutRoute = z
  .object({
    routeId: Id,
    name: z.string(),
    stepIndex: z.int().describe('The step last written or found live there; -1 before the first.'),
    expected: Weights.describe('Weights that explain what is live.'),
    verifiedAt: Timestamp.nullable(),
    write: z
      .object({
        intentId: Id,
        purpose: Intent.shape.purpose,
        state: Intent.shape.state,
        reason: z.string().nullable(),
        message: z.string().nullable(),
      })
      .nullable()
      .describe('The write that stands for it now; null = none is outstanding or failed.'),
    ill: z
      .array(z.object({ backend: z.string(), healthy: z.int(), total: z.int() }))
      .describe(
        'Backends that have a share now, or get one by the present step or the next, with fewer healthy targets than needed, as last seen.',
      ),
  })
  .meta({ id: 'RolloutRoute', description: 'How far one route of a rollout has come.' });
export type RolloutRoute = z.infer<typeof RolloutRoute>;

export const Rollout = z
  .object({
    ...summaryFields,
    plan: FrozenPlan,
    routes: z.array(RolloutRoute),
    expected: WeightsByRoute.describe('Weights that explain what is live, per route id.'),
    beside: z.array(Finding).describe("The other checks' findings."),
    diffs: z.array(RouteDiff),
    verifiedAt: Timestamp.nullable().describe('When the current step was verified on every route.'),
    holdMs: z.int().nullable().describe('Planned length of the current hold; null = none now.'),
    holdEndsAt: Timestamp.nullable().describe('When the hold will have been served if nothing interrupts it.'),
  })
  .meta({ id: 'Rollout', description: 'One run of one plan version.' });
export type Rollout = z.infer<typeof Rollout>;

export const CreateRollout = z
  .strictObject({
    projectId: ProjectIdInput,
    planId: Id,
    planVersion: z.int().min(1).max(1_000_000).optional().describe('Default: the latest.'),
    name: Name.optional().describe("Default: the plan's name."),
    startAt: z
      .union([z.literal('now'), Time, z.null()])
      .default('now')
      .describe('`now`, a time, or null = only by the `start` verb.'),
    forced: Forced.optional(),
  })
  .meta({
    id: 'CreateRollout',
    description: 'Starts a plan version, with everything frozen now.',
    examples: [{ planId: 'pln_0123456789abcdefghij' }],
  });
export type CreateRollout = z.input<typeof CreateRollout>;

export const RolloutPreview = z
  .object({
    dryRun: z.literal(true),
    plan: FrozenPlan,
    live: WeightsByRoute.describe('Live weights per route id.'),
    changes: z.array(z.array(RouteChange)).describe('Per step, the routes it would change and how.'),
  })
  .meta({ id: 'RolloutPreview', description: 'What a rollout would do, from what is live now. Nothing was stored.' });
export type RolloutPreview = z.infer<typeof RolloutPreview>;

export const RolloutPage = pageOf(RolloutSummary, 'Rollout');

export const RolloutVerbBody = z
  .strictObject({
    reason: Reason.optional(),
    stepIndex: z
      .int()
      .min(0)
      .max(1_000)
      .optional()
      .describe('advance: the step whose hold is to end; 409 `StepHasEnded` where it is another by now.'),
    routeIds: z
      .array(Id)
      .min(1)
      .max(500)
      .optional()
      .describe('adopt, reassert: the routes that it is about. Default: adopt those that differ, reassert all.'),
    force: z
      .boolean()
      .optional()
      .describe('rollback: also over something newer that has moved a route since. Needs a reason.'),
  })
  .meta({ id: 'RolloutVerbBody', description: 'What goes with a verb; every part is optional.' });

export const TimelinePoint = z
  .object({
    at: Timestamp,
    routeId: Id,
    stepIndex: z.int().nullable(),
    kind: z.enum(['planned', 'verified']),
    weights: Weights,
  })
  .meta({ id: 'TimelinePoint', description: 'What was planned or verified on one route at one moment.' });

export const ProgressPoint = z
  .object({
    at: Timestamp,
    kind: z.enum(['planned', 'verified']),
    shares: z.record(z.string(), z.int()).describe('Tenths of a percent per backend name.'),
  })
  .meta({
    id: 'ProgressPoint',
    description: 'The shares over all routes at one moment, each route counting the same.',
  });
export type ProgressPoint = z.infer<typeof ProgressPoint>;

export const RolloutProgress = z
  .object({ rolloutId: Id, points: z.array(ProgressPoint), decisions: z.array(DecisionSummary) })
  .meta({
    id: 'RolloutProgress',
    description: 'How a rollout went over all its routes, however many they are: at most some hundred points.',
  });
export type RolloutProgress = z.infer<typeof RolloutProgress>;

export const RolloutTimeline = z
  .object({ rolloutId: Id, points: z.array(TimelinePoint), decisions: z.array(Decision), intents: z.array(Intent) })
  .meta({
    id: 'RolloutTimeline',
    description: 'Planned and verified weights over time, with the decisions and writes behind them.',
  });
export type RolloutTimeline = z.infer<typeof RolloutTimeline>;
