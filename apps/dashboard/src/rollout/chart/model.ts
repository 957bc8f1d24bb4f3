import type { DecisionSummary, Rollout, RolloutProgress, RolloutTimeline } from '@sluice/contracts';
import { permilleOf, shownOf, shownOfAll, type Shown } from '../backends.js';
import type { FrozenRouteOf } from '../plan.js';
import { hasEnded } from '../ended.js';
import { stepsAhead } from './ahead.js';
import { phasesAhead, phasesBehind, type Phase } from './phases.js';

/** Shares from `atMs` on, in tenths of a percent, in the order of `ChartModel.shown`. */
export interface Level {
  readonly atMs: number;
  readonly permilles: readonly number[];
}

/** What happened to the shares of one route, or of all of them together. */
export interface Story {
  readonly shown: readonly Shown[];
  /** Before the rollout, in the order of `shown`. */
  readonly before: readonly number[];
  readonly verified: readonly Level[];
  readonly planned: readonly Level[];
  readonly decisions: readonly Pick<DecisionSummary, 'kind' | 'stepIndex' | 'createdAt'>[];
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

/** One route, by its own weights. */
export function storyOfRoute(route: FrozenRouteOf, { points, decisions }: RolloutTimeline): Story {
  const shown = shownOf(route);
  const permilles = (weights: FrozenRouteOf['baseline']) =>
    shown.map(({ targetGroupArn }) => permilleOf(weights, targetGroupArn));
  const of = (kind: 'planned' | 'verified') =>
    points
      .filter((point) => point.kind === kind && point.routeId === route.id)
      .map(({ at, weights }) => ({ atMs: Date.parse(at), permilles: permilles(weights) }));
  return { shown, before: permilles(route.baseline), verified: of('verified'), planned: of('planned'), decisions };
}

/** All routes together, each counting the same. */
export function storyOfAll(routes: readonly FrozenRouteOf[], { points, decisions }: RolloutProgress): Story {
  const shown = shownOfAll(routes);
  const before = shown.map(({ key }) => {
    const sum = routes.reduce((all, route) => {
      const backend = route.backends.find(({ name }) => name === key);
      return all + (backend === undefined ? 0 : permilleOf(route.baseline, backend.targetGroupArn));
    }, 0);
    return sum / routes.length;
  });
  const of = (kind: 'planned' | 'verified') =>
    points
      .filter((point) => point.kind === kind)
      .map(({ at, shares }) => ({ atMs: Date.parse(at), permilles: shown.map(({ key }) => shares[key] ?? 0) }));
  return { shown, before, verified: of('verified'), planned: of('planned'), decisions };
}

/** What the chart shows at one moment. Pure: the same arguments give the same picture. */
export function chartModel(rollout: Rollout, story: Story, atMs: number): ChartModel {
  const { shown, decisions } = story;
  const fromMs = rollout.startedAt === null ? atMs : Date.parse(rollout.startedAt);
  const isLive = !hasEnded(rollout.state);
  const nowMs = Math.max(fromMs, isLive || rollout.finishedAt === null ? atMs : Date.parse(rollout.finishedAt));
  const before: Level = { atMs: fromMs, permilles: story.before };
  const verified = [before, ...story.verified];
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
    planned: [before, ...story.planned],
    ahead: coming === null ? [] : [{ ...(verified.at(-1) ?? before), atMs: nowMs }, ...levelsAhead],
    phases: [
      ...phasesBehind(rollout, decisions, nowMs),
      ...(coming === null ? [] : phasesAhead(rollout, nowMs, coming)),
    ],
  };
}

/** The level that holds at a moment. */
export function levelAt(levels: readonly Level[], atMs: number): Level | undefined {
  return levels.findLast((level) => level.atMs <= atMs);
}
