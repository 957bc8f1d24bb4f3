import { ledgerReasons, namesOf, reasons } from '@sluice/domain';
import { z } from 'zod';
import { Id, Timestamp, Weights, pageOf } from './common.js';

export const Finding = z
  .object({
    reason: z.enum(namesOf(reasons)),
    message: z.string(),
    facts: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'Finding', description: 'What one check found: a PascalCase reason and a sentence.' });

export const RouteChange = z
  .object({ routeId: Id, before: Weights, after: Weights })
  .meta({ id: 'RouteChange', description: "One route's weights before and after." });

export const Decision = z
  .object({
    id: Id,
    seq: z.string().describe('Grows with every decision.'),
    projectId: Id,
    rolloutId: Id.nullable(),
    kind: z.string(),
    reason: z.enum(namesOf(ledgerReasons)),
    message: z.string(),
    actor: z.string(),
    stepIndex: z.int().nullable(),
    changes: z.array(RouteChange),
    facts: z.record(z.string(), z.unknown()),
    state: z.enum(['decided', 'applied', 'partlyApplied', 'superseded', 'failed', 'compensated']),
    createdAt: Timestamp,
    endedAt: Timestamp.nullable(),
    endMessage: z.string().nullable(),
  })
  .meta({
    id: 'Decision',
    description: 'One line of the ledger: what was decided, why, by whom, before, after, and how it ended.',
  });
export type Decision = z.infer<typeof Decision>;

export const DecisionSummary = Decision.omit({ projectId: true, rolloutId: true, changes: true, facts: true })
  .extend({ routeCount: z.int().describe('How many routes it changes.') })
  .meta({ id: 'DecisionSummary', description: 'A decision without what it changes on each route.' });
export type DecisionSummary = z.infer<typeof DecisionSummary>;
export const DecisionPage = pageOf(Decision, 'Decision');

export const Intent = z
  .object({
    id: Id,
    seq: z.string(),
    rolloutId: Id.nullable(),
    routeId: Id,
    decisionId: Id,
    purpose: z.enum(['step', 'rollback', 'oneOff', 'attach', 'detach', 'reassert']),
    state: z.enum(['pending', 'sent', 'applied', 'failed', 'superseded']),
    stepIndex: z.int().nullable(),
    before: Weights.nullable().describe('Weights it may go out over; null = over anything.'),
    after: Weights,
    attempts: z.int(),
    epoch: z.string().nullable(),
    sentAt: Timestamp.nullable(),
    settledAt: Timestamp.nullable(),
    reason: z.string().nullable(),
    message: z.string().nullable(),
    live: Weights.nullable(),
  })
  .meta({ id: 'Intent', description: 'One write that has been decided, durable before it is sent.' });
export type Intent = z.infer<typeof Intent>;

export const WeightsSet = z.object({ decision: Decision, intent: Intent }).meta({
  id: 'WeightsSet',
  description: 'What was decided about a one-off write of weights, and the write that stands for it.',
});
export type WeightsSet = z.infer<typeof WeightsSet>;

export const WeightsPreview = z
  .object({ dryRun: z.literal(true), before: Weights, after: Weights })
  .meta({ id: 'WeightsPreview', description: 'What a one-off write would change. Nothing was stored.' });
export type WeightsPreview = z.infer<typeof WeightsPreview>;
