import { sameWeights, shareOf, type LiveRoute, type Weights } from '@sluice/domain';
import type { LiveShare, RouteLive } from './routes.js';
import type { Backend, Route } from './types.js';

/** A live forward action beside the backends and pins that explain its target groups. Times in ms since the epoch. */
export function liveView(
  route: Route,
  live: LiveRoute,
  backends: readonly Backend[],
  times: { readonly readAt: number; readonly now: number },
): RouteLive {
  const { weights } = live.action;
  const permilles = wholePermilles(weights);
  const shares = weights.map(({ targetGroupArn, weight }, i): LiveShare => {
    const backend = backends.find((one) => one.targetGroupArn === targetGroupArn);
    return {
      targetGroupArn,
      weight,
      permille: permilles[i] ?? 0,
      backend: backend ? { id: backend.id, name: backend.name, clusterId: backend.clusterId } : null,
      pinned: route.pinned.includes(targetGroupArn),
    };
  });
  return {
    routeId: route.id,
    arn: route.arn,
    at: new Date(times.readAt).toISOString(),
    ageMs: Math.max(0, Math.round(times.now - times.readAt)),
    weights,
    shares,
    foreign: shares.filter((one) => one.backend === null && !one.pinned).map((one) => one.targetGroupArn),
    expected: route.expected,
    drifted: !sameWeights(weights, route.expected),
    ownership: live.ownership,
    stickiness: live.action.stickiness,
    otherActions: live.action.otherActions,
  };
}

/** Tenths of a percent that sum to 1000, by largest remainder. */
function wholePermilles(weights: Weights): readonly number[] {
  const exact = weights.map((one) => shareOf(weights, one.targetGroupArn));
  const whole = exact.map(Math.floor);
  const missing = exact.some((share) => share > 0) ? 1000 - whole.reduce((sum, share) => sum + share, 0) : 0;
  const byRemainder = exact.map((share, i) => ({ i, rest: share - Math.floor(share) })).sort((a, b) => b.rest - a.rest);
  for (const { i } of byRemainder.slice(0, missing)) whole[i] = (whole[i] ?? 0) + 1;
  return whole;
}
