import type { FieldIssue } from '../errors.js';
import { weightsOfStep } from '../rollout/step-weights.js';
import type { CompiledStep, FrozenPlan, FrozenRoute } from '../rollout/types.js';
import { own } from '../text/record.js';
import type { Permille, Weights } from '../weights/types.js';
import { linearShares, presentShares } from './linear.js';
import type { PlanSpec, SharePercents } from './types.js';
import { toPermille, validatePlan } from './validate-plan.js';

export type CompiledPlan =
  { readonly ok: true; readonly plan: FrozenPlan } | { readonly ok: false; readonly issues: readonly FieldIssue[] };

export interface PlanIdentity {
  readonly planId: string;
  readonly planVersion: number;
  readonly name: string;
}

type SharesByName = Readonly<Record<string, Permille>>;

interface StepDraft {
  readonly name: string;
  readonly shares: SharesByName;
  readonly holdMs: number;
  readonly minHealthyTargets: number;
}

/**
 * Resolves a plan against its routes as they are now into exact weights per step and route. A backend that a step
 * doesn't name has share 0 there. `liveWeights` by route id; linear steps start from them, pinned target groups keep
 * the share they have in them. Answers every problem at once.
 */
export function compilePlan(
  spec: PlanSpec,
  routes: readonly FrozenRoute[],
  liveWeights: Readonly<Record<string, Weights>>,
  identity: PlanIdentity,
): CompiledPlan {
  const issues = [...validatePlan(spec, routes), ...routeIssues(routes, liveWeights)];
  if (issues.length > 0) return { ok: false, issues };
  const drafts = spec.steps.kind === 'explicit' ? explicitDrafts(spec) : linearDrafts(spec, routes, liveWeights);
  if ('issues' in drafts) return { ok: false, issues: drafts.issues };
  const built = drafts.steps.map((draft, index) => compileStep(draft, index, routes, liveWeights));
  const broken = built.flatMap((one) => one.issues);
  if (broken.length > 0) return { ok: false, issues: broken };
  return { ok: true, plan: { ...frozen(spec, identity), routes, steps: built.map((one) => one.step) } };
}

function frozen(spec: PlanSpec, identity: PlanIdentity): Omit<FrozenPlan, 'routes' | 'steps'> {
  const { settleMs, minHealthyTargets, maxFactAgeMs, onHealthLost, bakeMs } = spec;
  const { planId, planVersion, name } = identity;
  return {
    schemaVersion: 1,
    decideVersion: 1,
    planId,
    planVersion,
    name,
    settleMs,
    minHealthyTargets,
    maxFactAgeMs,
    onHealthLost,
    bakeMs,
  };
}

function routeIssues(routes: readonly FrozenRoute[], liveWeights: Readonly<Record<string, Weights>>): FieldIssue[] {
  if (routes.length === 0)
    return [{ field: 'routes', message: 'selects no route; name routes by id, or labels that some route carries' }];
  return routes.flatMap((route) => {
    const live = own(liveWeights, route.id);
    if (route.backends.length === 0)
      return [{ field: 'routes', message: `route ${route.name} has no backends; register them first` }];
    if (!live)
      return [
        {
          field: 'routes',
          message: `the live weights of route ${route.name} are not known; check that its account can be reached`,
        },
      ];
    const known = new Set([...route.pinned, ...route.backends.map((backend) => backend.targetGroupArn)]);
    const foreign = live.filter((one) => !known.has(one.targetGroupArn));
    return foreign.map((one) => ({
      field: 'routes',
      message: `route ${route.name} also forwards to ${one.targetGroupArn}, which is no backend of it; register it as one, or pin it so that it keeps its share`,
    }));
  });
}

function explicitDrafts(spec: PlanSpec): { steps: readonly StepDraft[] } {
  const steps = spec.steps.kind === 'explicit' ? spec.steps.steps : [];
  return {
    steps: steps.map((step, i) => ({
      name: step.name ?? `Step ${i + 1}`,
      shares: permilles(step.shares),
      holdMs: step.holdMs,
      minHealthyTargets: step.minHealthyTargets ?? spec.minHealthyTargets,
    })),
  };
}

function linearDrafts(
  spec: PlanSpec,
  routes: readonly FrozenRoute[],
  liveWeights: Readonly<Record<string, Weights>>,
): { steps: readonly StepDraft[] } | { issues: readonly FieldIssue[] } {
  const { steps } = spec;
  if (steps.kind !== 'linear') return { issues: [] };
  const from = commonPresentShares(routes, liveWeights);
  if ('issues' in from) return from;
  const to = permilles(steps.to);
  const names = [...new Set([...Object.keys(from.shares), ...Object.keys(to)])];
  const line = linearShares(
    names.map((name) => own(from.shares, name) ?? 0),
    names.map((name) => own(to, name) ?? 0),
    steps.count,
  );
  return {
    steps: line.map((shares, i) => ({
      name: `Step ${i + 1}`,
      shares: Object.fromEntries(names.map((name, k) => [name, shares[k] ?? 0])),
      holdMs: steps.holdMs,
      minHealthyTargets: spec.minHealthyTargets,
    })),
  };
}

/** A line has one beginning, so linear steps need routes that stand at the same shares. */
function commonPresentShares(
  routes: readonly FrozenRoute[],
  liveWeights: Readonly<Record<string, Weights>>,
): { shares: SharesByName } | { issues: readonly FieldIssue[] } {
  const issues: FieldIssue[] = [];
  let first: { route: FrozenRoute; shares: SharesByName } | null = null;
  for (const route of routes) {
    const present = presentShares(route, own(liveWeights, route.id) ?? []);
    if (!present) {
      issues.push({
        field: 'steps',
        message: `no backend of route ${route.name} has a share now, so there is no line to begin; use explicit steps`,
      });
      continue;
    }
    const shares = Object.fromEntries(route.backends.map((backend, i) => [backend.name, present[i] ?? 0]));
    first ??= { route, shares };
    if (!sameShares(first.shares, shares)) {
      issues.push({
        field: 'steps',
        message: `routes ${first.route.name} and ${route.name} have different shares now, and linear steps have one beginning; use explicit steps, or one rollout each`,
      });
    }
  }
  return issues.length > 0 || !first ? { issues } : { shares: first.shares };
}

function sameShares(a: SharesByName, b: SharesByName): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((name) => (own(a, name) ?? 0) === (own(b, name) ?? 0));
}

function compileStep(
  draft: StepDraft,
  index: number,
  routes: readonly FrozenRoute[],
  liveWeights: Readonly<Record<string, Weights>>,
): { step: CompiledStep; issues: readonly FieldIssue[] } {
  const gates = [{ kind: 'health', minHealthyTargets: draft.minHealthyTargets }] as const;
  const step = { index, name: draft.name, shares: draft.shares, holdMs: draft.holdMs, gates };
  // Shares were validated, so what is wrong here is wrong with the route, and the same for each of its steps.
  if (index > 0) return { step, issues: [] };
  const issues = routes.flatMap((route) => {
    const built = weightsOfStep(route, step, own(liveWeights, route.id) ?? []);
    return built.ok ? [] : [{ field: 'routes', message: `route ${route.name}: ${built.message}` }];
  });
  return { step, issues };
}

function permilles(shares: SharePercents): SharesByName {
  return Object.fromEntries(Object.entries(shares).map(([name, percent]) => [name, toPermille(percent) ?? 0]));
}
