import { z } from 'zod';
import { Id, Labels, Name, ProjectIdInput, Shares, Timestamp, line, pageOf, stored } from './common.js';

const dayMs = 86_400_000;
const HoldMs = z
  .int()
  .min(0)
  .max(30 * dayMs)
  .describe("Milliseconds, 0 to 30 days; the plan's settle time is always waited.");
const MinHealthy = z.int().min(0).max(1000).describe('Fresh healthy targets that a backend with a share needs.');

export const FullShares = Shares.refine(
  (shares) => Math.round(Object.values(shares).reduce((sum, each) => sum + each, 0) * 10) === 1000,
  'must sum to 100 percent',
);

export const ExplicitStep = z
  .strictObject({
    name: line(100).optional(),
    shares: FullShares,
    holdMs: HoldMs,
    minHealthyTargets: MinHealthy.optional(),
  })
  .meta({
    id: 'ExplicitStep',
    description: 'Target shares, then a hold.',
    examples: [{ shares: { red: 90, black: 10 }, holdMs: 600_000 }],
  });

export const StepsSpec = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('explicit'), steps: z.array(ExplicitStep).min(1).max(200) }),
    z.strictObject({ kind: z.literal('linear'), to: FullShares, count: z.int().min(1).max(200), holdMs: HoldMs }),
  ])
  .meta({
    id: 'StepsSpec',
    description: 'Steps one by one, or a line from the present shares to `to` in `count` equal steps.',
  });

export const RouteSelector = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('ids'),
      ids: z
        .array(Id)
        .min(1)
        .max(500)
        .refine((ids) => new Set(ids).size === ids.length, 'must name each route once'),
    }),
    z.strictObject({
      kind: z.literal('labels'),
      labels: Labels.refine((labels) => Object.keys(labels).length > 0, 'must have at least one label'),
    }),
  ])
  .meta({ id: 'RouteSelector', description: 'Routes by id, or by labels that must all match.' });

export const PlanSpec = z
  .strictObject({
    schemaVersion: z.literal(1).default(1),
    routes: RouteSelector,
    steps: StepsSpec,
    minHealthyTargets: MinHealthy.default(1),
    settleMs: z
      .int()
      .min(0)
      .max(dayMs)
      .default(60_000)
      .describe('Shortest hold after a verified write, milliseconds; default 60 000.'),
    maxFactAgeMs: z
      .int()
      .min(1_000)
      .max(3_600_000)
      .nullable()
      .default(null)
      .describe(
        'A fact older than this decides nothing, milliseconds; null (the default) = as fresh as the read budget of the account allows.',
      ),
    onHealthLost: z.enum(['block', 'rollback']).default('block'),
    bakeMs: z
      .int()
      .min(0)
      .max(30 * dayMs)
      .default(3_600_000)
      .describe('How long after success rollback is still one call, milliseconds; default one hour.'),
  })
  .meta({
    id: 'PlanSpec',
    description: 'One version of a plan. It never changes.',
    examples: [
      {
        routes: { kind: 'ids', ids: ['rou_0123456789abcdefghij'] },
        steps: {
          kind: 'explicit',
          steps: [
            { shares: { red: 90, black: 10 }, holdMs: 600_000 },
            { shares: { red: 0, black: 100 }, holdMs: 600_000 },
          ],
        },
      },
    ],
  });
export type PlanSpec = z.infer<typeof PlanSpec>;

export const Plan = z
  .object({ ...stored, projectId: Id, name: z.string(), latestVersion: z.int() })
  .meta({ id: 'Plan', description: 'What should happen; its versions never change.' });
export type Plan = z.infer<typeof Plan>;

export const PlanVersion = z
  .object({ planId: Id, version: z.int(), spec: PlanSpec, createdAt: Timestamp, createdBy: z.string() })
  .meta({ id: 'PlanVersion', description: 'One immutable version of a plan.' });
export type PlanVersion = z.infer<typeof PlanVersion>;

export const CreatePlan = z.strictObject({ projectId: ProjectIdInput, name: Name, spec: PlanSpec }).meta({
  id: 'CreatePlan',
  description: 'A new plan with its version 1.',
  examples: [
    {
      name: 'blue/green upgrade',
      spec: {
        routes: { kind: 'ids', ids: ['rou_0123456789abcdefghij'] },
        steps: { kind: 'linear', to: { red: 0, black: 100 }, count: 4, holdMs: 600_000 },
      },
    },
  ],
});
export type CreatePlan = z.input<typeof CreatePlan>;

export const CreatePlanVersion = z.strictObject({ spec: PlanSpec }).meta({
  id: 'CreatePlanVersion',
  description: 'The next version of a plan.',
  examples: [
    {
      spec: {
        routes: { kind: 'ids', ids: ['rou_0123456789abcdefghij'] },
        steps: { kind: 'linear', to: { red: 0, black: 100 }, count: 4, holdMs: 600_000 },
      },
    },
  ],
});
export type CreatePlanVersion = z.input<typeof CreatePlanVersion>;

export const PlanWithVersion = z.object({ plan: Plan, version: PlanVersion }).meta({
  id: 'PlanWithVersion',
  description: 'A plan with one of its versions: the latest, unless another was asked for.',
});
export type PlanWithVersion = z.infer<typeof PlanWithVersion>;

export const PlanPage = pageOf(Plan, 'Plan');
export const PlanVersionPage = pageOf(PlanVersion, 'PlanVersion');
