import type { Decision, RolloutTimeline } from '@sluice/contracts';
import { describe, expect, it } from '@jest/globals';
import { at, rollout, startedMs, weights } from '../../testing/rollout.js';
import { chartModel, storyOfAll, storyOfRoute } from './model.js';

const point = (kind: 'planned' | 'verified', ms: number, red: number, black: number) => ({
  at: at(ms),
  routeId: 'rou_shop',
  stepIndex: 0,
  kind,
  weights: weights(red, black),
});
const decision = (kind: string, ms: number, more: Partial<Decision> = {}): Decision => ({
  id: `dec_${kind}`,
  seq: String(ms),
  projectId: 'prj_1',
  rolloutId: 'rol_1',
  kind,
  reason: 'NextStep',
  message: '',
  actor: 'engine:rollout',
  stepIndex: null,
  changes: [],
  facts: {},
  state: 'applied',
  createdAt: at(ms),
  endedAt: null,
  endMessage: null,
  ...more,
});
const timeline = (change: Partial<RolloutTimeline> = {}): RolloutTimeline => ({
  rolloutId: 'rol_1',
  points: [point('planned', 0, 90, 10), point('verified', 400, 90, 10)],
  decisions: [decision('shift', 0, { stepIndex: 0 })],
  intents: [],
  ...change,
});
const modelOf = (change: Parameters<typeof rollout>[0], seen: RolloutTimeline, ms: number) => {
  const running = rollout(change);
  const [route] = running.plan.routes;
  if (route === undefined) throw new Error('the rollout has a route');
  return chartModel(running, storyOfRoute(route, seen), startedMs + ms);
};
const sinceStart = (levels: readonly { atMs: number; permilles: readonly number[] }[]) =>
  levels.map(({ atMs, permilles }) => [atMs - startedMs, ...permilles]);

describe('the chart of a running rollout', () => {
  it('begins with the shares before it, the backend that had the traffic first', () => {
    const model = modelOf({}, timeline(), 10_000);
    expect(model.shown.map(({ name }) => name)).toEqual(['red', 'black']);
    expect(sinceStart(model.verified)).toEqual([
      [0, 1000, 0],
      [400, 900, 100],
    ]);
    expect(sinceStart(model.planned)).toEqual([
      [0, 1000, 0],
      [0, 900, 100],
    ]);
  });

  it('shows the steps to come where their holds put them, and ends with the last hold', () => {
    const model = modelOf({ holdEndsAt: at(60_000) }, timeline(), 10_000);
    expect(sinceStart(model.ahead)).toEqual([
      [10_000, 900, 100],
      [60_000, 500, 500],
      [120_000, 0, 1000],
    ]);
    expect(model.toMs - startedMs).toBe(180_000);
    expect(model.phases.map(({ label }) => label)).toEqual([
      'Step 1 of 3',
      'The rest of this hold',
      'Step 2 of 3, planned',
      'Step 3 of 3, planned',
    ]);
  });

  it('shows the whole plan before it starts', () => {
    const scheduled = {
      state: 'Scheduled',
      stepIndex: -1,
      startedAt: null,
      startAt: at(30_000),
      verifiedAt: null,
      holdMs: null,
    } as const;
    const model = modelOf(scheduled, timeline({ points: [], decisions: [] }), 10_000);
    expect(sinceStart(model.ahead)).toEqual([
      [10_000, 1000, 0],
      [30_000, 900, 100],
      [90_000, 500, 500],
      [150_000, 0, 1000],
    ]);
  });

  it('foretells nothing while a person has to act', () => {
    const model = modelOf(
      { state: 'Blocked' },
      timeline({ decisions: [decision('shift', 0, { stepIndex: 0 }), decision('block', 8_000)] }),
      20_000,
    );
    expect(model.ahead).toEqual([]);
    expect(model.toMs).toBe(model.nowMs);
    expect(model.phases.map(({ kind, fromMs, toMs }) => [kind, fromMs - startedMs, toMs - startedMs])).toEqual([
      ['step', 0, 8_000],
      ['blocked', 8_000, 20_000],
    ]);
  });

  it('stands still when it has ended', () => {
    const ended = { state: 'Succeeded', stepIndex: 2, finishedAt: at(180_000) } as const;
    const model = modelOf(ended, timeline(), 900_000);
    expect([model.isLive, model.nowMs - startedMs, model.ahead]).toEqual([false, 180_000, []]);
  });

  it('begins a story of all routes with the mean of their shares before it, by the names of their backends', () => {
    const [shop] = rollout().plan.routes;
    const half = { ...shop!, id: 'rou_half', baseline: weights(50, 50) };
    const shares = { red: 700, black: 300 };
    const progress = {
      rolloutId: 'rol_1',
      decisions: [],
      points: [{ at: at(400), kind: 'verified' as const, shares }],
    };
    const story = storyOfAll([shop!, half], progress);
    expect(story.shown.map(({ name }) => name)).toEqual(['red', 'black']);
    expect(story.before).toEqual([750, 250]);
    expect(sinceStart(story.verified)).toEqual([[400, 700, 300]]);
  });
});
