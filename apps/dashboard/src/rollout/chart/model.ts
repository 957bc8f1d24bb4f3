import type { Rollout, RolloutTimeline } from '@sluice/contracts';
import { permilleOf, shownOf, type Shown } from '../backends.js';
import type { FrozenRouteOf } from '../plan.js';
import { hasEnded } from '../ended.js';
import { stepsAhead } from './ahead.js';
import { phasesAhead, phasesBehind, type Phase } from './phases.js';

type Weights = FrozenRouteOf['baseline'];

/** Shares from `atMs` on, in tenths of a percent, in the order of `ChartModel.shown`. */
export interface Level {
  readonly atMs: number;
  readonly permilles: readonly number[];
}

export interface ChartModel {
  readonly shown: readonly Shown[];
  readonly fromMs: number;
  /** End of what has happened: now, or when it ended. */
  readonly nowMs: number;
  /** Right edge: where the last hold ends, if that is known. */
  readonly toMs: number;
  readonly isLive: boolean;
  readonly verified: readonly Level[];
  readonly planned: readonly Level[];
  /** From now on, if nothing has to be waited for but the holds; empty where that can't be said. */
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
  const fromMs = rollout.startedAt === null ? atMs : Date.parse(rollout.startedAt);
  const isLive = !hasEnded(rollout.state);
  const nowMs = Math.max(fromMs, isLive || rollout.finishedAt === null ? atMs : Date.parse(rollout.finishedAt));
  const level = (at: number, weights: Weights): Level => ({
    atMs: at,
    permilles: shown.map(({ targetGroupArn }) => permilleOf(weights, targetGroupArn)),
  });
  const points = timeline.points.filter(({ routeId }) => routeId === route.id);
  const of = (kind: 'planned' | 'verified') =>
    points.filter((point) => point.kind === kind).map(({ at, weights }) => level(Date.parse(at), weights));
  const before = level(fromMs, route.baseline);
  const verified = [before, ...of('verified'), ...adopted(timeline, route.id, level)].sort((a, b) => a.atMs - b.atMs);
  const coming = stepsAhead(rollout, nowMs);
  const steps = coming?.steps ?? [];
  const levelsAhead = steps.map(({ step, fromMs: at }) => ({
    atMs: at,
    permilles: shown.map(({ key }) => step.shares[key] ?? 0),
  }));
  const endMs = steps.at(-1)?.toMs ?? coming?.holdEndsMs ?? nowMs;
  return {
    shown,
    fromMs,
    nowMs,
    toMs: Math.max(fromMs + shortestSpanMs, endMs),
    isLive,
    verified,
    planned: [before, ...of('planned')],
    ahead: coming === null ? [] : [{ ...(verified.at(-1) ?? before), atMs: nowMs }, ...levelsAhead],
    phases: [
      ...phasesBehind(rollout, timeline, nowMs),
      ...(coming === null ? [] : phasesAhead(rollout, nowMs, coming)),
    ],
  };
}

/** Live weights that a person took over: verified, though Sluice didn't write them. */
function adopted(
  { decisions }: RolloutTimeline,
  routeId: string,
  level: (at: number, weights: Weights) => Level,
): readonly Level[] {
  return decisions
    .filter(({ kind }) => kind === 'adopt')
    .flatMap(({ facts, createdAt }) => {
      const weights = weightsIn(facts['live'], routeId);
      return weights === null ? [] : [level(Date.parse(createdAt), weights)];
    });
}

/** The ledger's facts are free in form, so they are looked at with care. */
function weightsIn(live: unknown, routeId: string): Weights | null {
  if (typeof live !== 'object' || live === null) return null;
  const weights: unknown = Object.entries(live).find(([id]) => id === routeId)?.[1];
  return Array.isArray(weights) && weights.every(isWeight) ? weights : null;
}

function isWeight(value: unknown): value is Weights[number] {
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
