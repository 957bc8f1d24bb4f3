import type { FieldIssue } from '../errors.js';
import { percentText } from '../text/shares-text.js';
import type { ExplicitStep, PlanSpec, SharePercents } from './types.js';

const dayMs = 86_400_000;
const limits = {
  holdMs: [0, 30 * dayMs],
  settleMs: [0, dayMs],
  maxFactAgeMs: [100, dayMs],
  bakeMs: [0, 30 * dayMs],
  minHealthyTargets: [1, 1_000],
  count: [1, 100],
} as const;
const maxSteps = 100;
const maxNameLength = 100;

/** A route as far as a plan must fit it. */
export interface RouteNames {
  readonly name: string;
  readonly backends: readonly { readonly name: string }[];
}

/**
 * Everything wrong with a plan, all at once; empty when nothing. With `routes`, each must have every backend that a
 * step names; without, only what the plan says by itself is looked at.
 */
export function validatePlan(spec: PlanSpec, routes: readonly RouteNames[] = []): FieldIssue[] {
  return [
    ...selectorIssues(spec),
    ...(spec.steps.kind === 'explicit' ? explicitIssues(spec.steps.steps) : linearIssues(spec.steps)),
    ...backendIssues(spec, routes),
    ...(['minHealthyTargets', 'settleMs', 'bakeMs'] as const).flatMap((field) =>
      integerIssues(field, field, spec[field]),
    ),
    ...(spec.maxFactAgeMs === null ? [] : integerIssues('maxFactAgeMs', 'maxFactAgeMs', spec.maxFactAgeMs)),
  ];
}

/** Every place of a plan that gives shares, with its field name. */
export function sharesIn(spec: PlanSpec): readonly { readonly field: string; readonly shares: SharePercents }[] {
  if (spec.steps.kind === 'linear') return [{ field: 'steps.to', shares: spec.steps.to }];
  return spec.steps.steps.map((step, i) => ({ field: `steps.steps.${i}.shares`, shares: step.shares }));
}

function selectorIssues({ routes }: PlanSpec): FieldIssue[] {
  if (routes.kind === 'labels') {
    return Object.keys(routes.labels).length > 0
      ? []
      : [{ field: 'routes.labels', message: 'name at least one label; without one every route would be selected' }];
  }
  if (routes.ids.length === 0) return [{ field: 'routes.ids', message: 'name at least one route' }];
  return routes.ids.flatMap((id, i) =>
    routes.ids.indexOf(id) === i ? [] : [{ field: `routes.ids.${i}`, message: `route ${id} is listed twice` }],
  );
}

function explicitIssues(steps: readonly ExplicitStep[]): FieldIssue[] {
  const issues: FieldIssue[] = [];
  if (steps.length < 1 || steps.length > maxSteps) {
    issues.push({ field: 'steps.steps', message: `must have 1 to ${maxSteps} steps, has ${steps.length}` });
  }
  steps.forEach((step, i) => {
    const field = `steps.steps.${i}`;
    if (step.name !== undefined && (step.name.trim() === '' || step.name.length > maxNameLength)) {
      issues.push({
        field: `${field}.name`,
        message: `must be 1 to ${maxNameLength} characters that are not all blank; leave it out for a numbered name`,
      });
    }
    issues.push(
      ...shareIssuesAt(`${field}.shares`, step.shares),
      ...integerIssues('holdMs', `${field}.holdMs`, step.holdMs),
    );
    if (step.minHealthyTargets !== undefined) {
      issues.push(...integerIssues('minHealthyTargets', `${field}.minHealthyTargets`, step.minHealthyTargets));
    }
  });
  return issues;
}

function linearIssues(steps: Extract<PlanSpec['steps'], { kind: 'linear' }>): FieldIssue[] {
  return [
    ...shareIssuesAt('steps.to', steps.to),
    ...integerIssues('count', 'steps.count', steps.count),
    ...integerIssues('holdMs', 'steps.holdMs', steps.holdMs),
  ];
}

function shareIssuesAt(field: string, shares: SharePercents): FieldIssue[] {
  const issues = Object.entries(shares).flatMap(([name, percent]) => {
    if (name.trim() === '') return [{ field, message: 'a backend has no name' }];
    if (toPermille(percent) !== null) return [];
    return [
      {
        field: `${field}.${name}`,
        message: `must be a percentage from 0 to 100 with at most one decimal, is ${percent}`,
      },
    ];
  });
  if (issues.length > 0) return issues;
  const sum = Object.values(shares).reduce((total, percent) => total + (toPermille(percent) ?? 0), 0);
  return sum === 1000 ? [] : [{ field, message: `must sum to 100 percent, sums to ${percentText(sum)}` }];
}

/** A percentage with at most one decimal as tenths of a percent; null when it isn't one. */
export function toPermille(percent: number): number | null {
  const permille = Math.round(percent * 10);
  const exact = Math.abs(percent * 10 - permille) < 1e-9;
  return exact && permille >= 0 && permille <= 1000 ? permille : null;
}

function backendIssues(spec: PlanSpec, routes: readonly RouteNames[]): FieldIssue[] {
  return sharesIn(spec).flatMap(({ field, shares }) =>
    Object.keys(shares).flatMap((name) => {
      const without = routes.filter((route) => !route.backends.some((backend) => backend.name === name));
      return without.map((route) => ({
        field: `${field}.${name}`,
        message: `route ${route.name} has no backend ${name}; it has ${route.backends.map((backend) => backend.name).join(', ') || 'none'}`,
      }));
    }),
  );
}

function integerIssues(limit: keyof typeof limits, field: string, value: number): FieldIssue[] {
  const [least, most] = limits[limit];
  if (Number.isInteger(value) && value >= least && value <= most) return [];
  const unit = limit.endsWith('Ms') ? ' milliseconds' : '';
  return [{ field, message: `must be a whole number from ${least} to ${most}${unit}, is ${value}` }];
}
