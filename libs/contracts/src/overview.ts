import { z } from 'zod';
import { Attributed, Id, Timestamp, Weights } from './common.js';
import { CheckResult } from './accounts.js';
import { Rollout } from './rollouts.js';
import { Drift, TargetHealth } from './routes.js';

export const Trouble = z
  .object({ code: z.string(), message: z.string() })
  .meta({ id: 'Trouble', description: 'Why something could not be read just now.' });

export const OverviewBackend = z
  .object({
    id: Id,
    name: z.string(),
    clusterId: Id,
    clusterName: z.string(),
    namespace: z.string(),
    service: z.string(),
    targetGroupArn: z.string(),
    weight: z.int().nullable().describe('Live; null = not attached or not known.'),
    permille: z.int().nullable().describe('Live share of the route in tenths of a percent; null = not known.'),
    health: TargetHealth.nullable(),
    healthTrouble: Trouble.nullable(),
  })
  .meta({ id: 'OverviewBackend', description: 'A backend with its live share and health.' });

export const OverviewRoute = z
  .object({
    id: Id,
    name: z.string(),
    arn: z.string(),
    loadBalancerArn: z.string(),
    protocol: z.string(),
    port: z.int(),
    isDefault: z.boolean(),
    labels: z.record(z.string(), z.string()),
    live: Weights.nullable().describe('null = could not be read; see `trouble`.'),
    trouble: Trouble.nullable(),
    expected: Weights,
    drift: Drift.nullable(),
    backends: z.array(OverviewBackend),
    rolloutId: Id.nullable().describe('The active rollout that moves it.'),
  })
  .meta({ id: 'OverviewRoute', description: 'A route with its live weights.' });

export const OverviewCluster = z
  .object({
    id: Id,
    name: z.string(),
    labels: z.record(z.string(), z.string()),
    cordoned: Attributed.nullable(),
    retired: Attributed.nullable(),
    check: CheckResult.nullable(),
    permille: z
      .int()
      .nullable()
      .describe(
        "Mean of its live shares over the project's routes, in tenths of a percent; null = no route could be read.",
      ),
    backends: z.int(),
    healthyTargets: z.int().nullable().describe('null = not known.'),
    totalTargets: z.int().nullable(),
  })
  .meta({ id: 'OverviewCluster', description: 'A cluster with its share of traffic and health.' });

export const Overview = z
  .object({
    projectId: Id,
    at: Timestamp,
    clusters: z.array(OverviewCluster),
    routes: z.array(OverviewRoute),
    rollouts: z.array(Rollout).describe('Active ones.'),
    truncated: z
      .boolean()
      .describe('true: there are more clusters, routes, backends or rollouts than this page reads (200 each).'),
  })
  .meta({ id: 'Overview', description: 'What an operator looks at first.' });
export type Overview = z.infer<typeof Overview>;
