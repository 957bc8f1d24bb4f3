import type { Instant } from '../rollout/types.js';
import type { Watched } from './types.js';

/** How long a look counts: two periods. */
export function freshForMs(watched: Pick<Watched<unknown, unknown>, 'periodMs'>): number {
  return 2 * watched.periodMs;
}

/** True while the last look counts, in whichever direction the clock went since. A look that failed is as fresh as any. */
export function isFresh(watched: Pick<Watched<unknown, unknown>, 'fact' | 'periodMs'>, now: Instant): boolean {
  return Math.abs(now - watched.fact.at) <= freshForMs(watched);
}
