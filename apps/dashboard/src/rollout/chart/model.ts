import type { Rollout, RolloutTimeline } from '@sluice/contracts';
import { permilleOf, shownOf, type Shown } from '../backends.js';
import { remainingHoldMs } from '../hold.js';
import { holdOf, type FrozenRouteOf } from '../plan.js';
import { hasEnded } from '../states.js';

/** Shares from `atMs` on, in tenths of a percent, in the order of `ChartModel.shown`. */
export interface Level {
  readonly atMs: number;
  readonly permilles: readonly number[];
}

/** What the rollout was doing from `fromMs` to `toMs`. `kind` picks the look, `label` the words. */
export interface Phase {
  readonly fromMs: number;
  readonly toMs: number;
  readonly kind: 'step' | 'paused' | 'blocked' | 'rollback' | 'ahead';
  readonly label: string;
  readonly short: string;
}

export interface ChartModel {
  readonly shown: readonly Shown[];
  readonly fromMs: number;
  /** End of what has happened: now, or when it ended. */
  readonly nowMs: number;
  /** Right edge: also what is planned, where that is known. */
  readonly toMs: number;
  readonly isLive: boolean;
  readonly verified: readonly Level[];
  readonly planned: readonly Level[];
  /** Planned from now on, if nothing has to be waited for. */
  readonly ahead: readonly Level[];
  readonly phases: readonly Phase[];
}

const shortestSpanMs = 10_000;

/** What the chart of one route shows at one moment. Pure: the same arguments give the same picture. */
export function chartModel(
  rollout: Rollout,
  timeline: RolloutTimeline,
  route: FrozenRouteOf,
  atMs: number,
): ChartModel {
  const shown = shownOf(route);
  const fromMs = Date.parse(rollout.startedAt ?? rollout.createdAt);
  const isLive = !hasEnded(rollout.state);
  const nowMs = Math.max(fromMs, isLive || rollout.finishedAt === null ? atMs : Date.parse(rollout.finishedAt));
  const level = (at: string, weights: FrozenRouteOf['baseline']): Level => ({
    atMs: Date.parse(at),
    permilles: shown.map(({ targetGroupArn }) => permilleOf(weights, targetGroupArn)),
  });
  const before: Level = { atMs: fromMs, permilles: level(rollout.createdAt, route.baseline).permilles };
  const of = (kind: 'planned' | 'verified') =>
    timeline.points
      .filter((point) => point.kind === kind && point.routeId === route.id)
      .map((point) => level(point.at, point.weights));
  const adopted = timeline.decisions
    .filter(({ kind }) => kind === 'adopt')
    .flatMap(({ facts, createdAt }) => {
      const weights = adoptedWeights(facts, route.id);
      return weights === null ? [] : [level(createdAt, weights)];
    });
  const ahead = levelsAhead(rollout, shown, route, nowMs);
  const toMs = Math.max(fromMs + shortestSpanMs, ahead.at(-1)?.atMs ?? nowMs);
  const steps = ahead.slice(0, -1);
  return {
    shown,
    fromMs,
    nowMs,
    toMs,
    isLive,
    verified: [before, ...[...of('verified'), ...adopted].sort((a, b) => a.atMs - b.atMs)],
    planned: [before, ...of('planned')],
    ahead,
    phases: [
      ...phasesBehind(rollout, timeline, nowMs),
      ...steps.map((one, index) =>
        aheadPhase(rollout, one.atMs, ahead[index + 1]?.atMs ?? toMs, index + rollout.stepIndex + 1),
      ),
    ],
  };
}

/** Levels of the steps to come, and one more that repeats the last where its hold ends; none while somebody or something has to be waited for. */
function levelsAhead(rollout: Rollout, shown: readonly Shown[], route: FrozenRouteOf, nowMs: number): readonly Level[] {
  if (rollout.state !== 'Running') return [];
  let atMs = nowMs + (remainingHoldMs(rollout, nowMs) ?? 0);
  const levels: Level[] = [];
  for (const step of rollout.plan.steps.slice(rollout.stepIndex + 1)) {
    const weights = step.weights[route.id] ?? [];
    levels.push({ atMs, permilles: shown.map(({ targetGroupArn }) => permilleOf(weights, targetGroupArn)) });
    atMs += holdOf(rollout.plan, step);
  }
  const last = levels.at(-1);
  return last === undefined ? [{ atMs, permilles: [] }] : [...levels, { ...last, atMs }];
}

function aheadPhase(rollout: Rollout, fromMs: number, toMs: number, index: number): Phase {
  return {
    fromMs,
    toMs,
    kind: 'ahead',
    label: `Step ${index + 1} of ${rollout.stepCount}, planned`,
    short: String(index + 1),
  };
}

/** The ledger read as a story: each line that changes what is going on begins a phase. */
function phasesBehind(rollout: Rollout, timeline: RolloutTimeline, nowMs: number): readonly Phase[] {
  const phases: Phase[] = [];
  let step = 'Before the first step';
  let short = '';
  for (const { kind, stepIndex, createdAt } of timeline.decisions) {
    if (kind === 'shift' && stepIndex !== null)
      [step, short] = [`Step ${stepIndex + 1} of ${rollout.stepCount}`, String(stepIndex + 1)];
    const next = phaseOf(kind, step, short);
    if (next === undefined) continue;
    const atMs = Date.parse(createdAt);
    const last = phases.at(-1);
    if (last !== undefined) phases[phases.length - 1] = { ...last, toMs: Math.min(last.toMs, atMs) };
    if (next !== null) phases.push({ ...next, fromMs: atMs, toMs: Math.max(atMs, nowMs) });
  }
  return phases;
}

/** `undefined`: changes nothing that can be seen; `null`: ends it. */
function phaseOf(
  kind: string,
  step: string,
  short: string,
): Pick<Phase, 'kind' | 'label' | 'short'> | null | undefined {
  if (kind === 'shift' || kind === 'resume' || kind === 'adopt' || kind === 'reassert')
    return short === '' ? null : { kind: 'step', label: step, short };
  if (kind === 'pause') return { kind: 'paused', label: 'Paused', short: 'paused' };
  if (kind === 'block') return { kind: 'blocked', label: 'Blocked', short: 'blocked' };
  if (kind === 'rollback') return { kind: 'rollback', label: 'Rolling back', short: 'rollback' };
  return kind === 'finish' || kind === 'abort' || kind === 'cancel' ? null : undefined;
}

/** The ledger's facts are free in form, so they are looked at with care. */
function adoptedWeights(facts: Readonly<Record<string, unknown>>, routeId: string): FrozenRouteOf['baseline'] | null {
  const live = facts['live'];
  if (typeof live !== 'object' || live === null) return null;
  const weights: unknown = Object.entries(live).find(([id]) => id === routeId)?.[1];
  return Array.isArray(weights) && weights.every(isWeight) ? weights : null;
}

function isWeight(value: unknown): value is FrozenRouteOf['baseline'][number] {
  return (
    typeof value === 'object' &&
    value !== null &&
    'targetGroupArn' in value &&
    typeof value.targetGroupArn === 'string' &&
    'weight' in value &&
    typeof value.weight === 'number'
  );
}

/** The level that holds at a moment. */
export function levelAt(levels: readonly Level[], atMs: number): Level | undefined {
  return levels.findLast((level) => level.atMs <= atMs);
}
