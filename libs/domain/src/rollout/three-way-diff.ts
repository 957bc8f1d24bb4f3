import { sameWeights } from '../weights/equal.js';
import { weightsText } from '../text/shares-text.js';
import type { Weights } from '../weights/types.js';
import type { RouteDiff } from './decision.js';
import type { FrozenRoute } from './types.js';

/** Target groups of `live` that are neither a backend of the route nor pinned. */
export function foreignIn(route: FrozenRoute, live: Weights): readonly string[] {
  const known = new Set([...route.pinned, ...route.backends.map((backend) => backend.targetGroupArn)]);
  return live.map((one) => one.targetGroupArn).filter((arn) => !known.has(arn));
}

/** The three views of one route side by side: what the step intends, what was last written, what is live. */
export function routeDiff(
  route: FrozenRoute,
  views: { intended: Weights; lastWritten: Weights; live: Weights },
): RouteDiff {
  return { routeId: route.id, ...views, foreign: foreignIn(route, views.live) };
}

/** One sentence about a difference, saying only what differs. */
export function diffText(route: FrozenRoute, diff: RouteDiff): string {
  const written = `last written ${weightsText(route, diff.lastWritten)}`;
  const intended = sameWeights(diff.intended, diff.lastWritten)
    ? 'as intended'
    : `intended ${weightsText(route, diff.intended)}`;
  const foreign = diff.foreign.length > 0 ? `, with target groups that are not ours: ${diff.foreign.join(', ')}` : '';
  return `route ${route.name} is live at ${weightsText(route, diff.live)}; ${written} (${intended})${foreign}`;
}
