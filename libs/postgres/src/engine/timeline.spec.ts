import { describe, expect, it } from '@jest/globals';
import type { TimelinePoint } from '@sluice/control';
import type { FrozenRoute, Weights } from '@sluice/domain';
import { progressPoints } from './timeline.js';

const split = (name: string, blue: number): Weights => [
  { targetGroupArn: `${name}-blue`, weight: blue },
  { targetGroupArn: `${name}-green`, weight: 100 - blue },
];
const routes = Array.from({ length: 100 }, (_, i): FrozenRoute => {
  const name = `r${String(i)}`;
  const backend = (side: string) => ({
    id: side,
    name: side,
    clusterId: side,
    clusterName: side,
    namespace: 'shop',
    service: name,
    port: 80,
    targetGroupArn: `${name}-${side}`,
  });
  return {
    id: name,
    name,
    arn: name,
    accountId: 'acc_1',
    backends: [backend('blue'), backend('green')],
    pinned: [],
    baseline: split(name, 100),
  };
});
const at = (second: number) => new Date(Date.UTC(2026, 10, 25) + second * 1_000).toISOString();
const verified = (stepIndex: number, fromSecond: number, blue: number): TimelinePoint[] =>
  routes.map(({ id }, i) => ({
    at: at(fromSecond + i),
    routeId: id,
    stepIndex,
    kind: 'verified',
    weights: split(id, blue),
  }));

describe('the progress over all routes', () => {
  it('counts each route the same, from the shares before it', () => {
    const [first, second] = verified(0, 0, 50);
    expect(progressPoints(routes, [first!, second!], 10)).toEqual([
      { at: at(0), kind: 'verified', shares: { blue: 995, green: 5 } },
      { at: at(1), kind: 'verified', shares: { blue: 990, green: 10 } },
    ]);
  });

  it('tells what happens in one moment by one point', () => {
    const together = verified(0, 0, 50).map((point) => ({ ...point, kind: 'planned' as const, at: at(0) }));
    expect(progressPoints(routes, together, 10)).toEqual([
      { at: at(0), kind: 'planned', shares: { blue: 500, green: 500 } },
    ]);
  });

  it('keeps the first and the last point of each step where there are too many, so that lines bend where they do', () => {
    const points = progressPoints(routes, [...verified(0, 0, 90), ...verified(1, 1_000, 0)], 20);
    expect(points.length).toBeLessThanOrEqual(24);
    const shares = new Map(points.map((point) => [point.at, point.shares['blue']]));
    expect([at(0), at(99), at(1_000), at(1_099)].map((time) => shares.get(time))).toEqual([999, 900, 891, 0]);
  });
});
