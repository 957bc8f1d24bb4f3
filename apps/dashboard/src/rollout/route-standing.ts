import type { Rollout } from '@sluice/contracts';
import { hasEnded } from './ended.js';

export type RouteProgress = Rollout['routes'][number];

/** How one route stands in the present step, those that need a person first. */
export const standings = ['failed', 'writing', 'toCome', 'notReached', 'verified'] as const;
export type Standing = (typeof standings)[number];

export function standingOf(rollout: Rollout, { write, stepIndex, verifiedAt }: RouteProgress): Standing {
  if (write?.state === 'failed') return 'failed';
  if (write !== null) return 'writing';
  if (stepIndex === rollout.stepIndex && verifiedAt !== null) return 'verified';
  return hasEnded(rollout.state) ? 'notReached' : 'toCome';
}

export interface StandingRoute {
  readonly route: RouteProgress;
  readonly standing: Standing;
}

/** Every route with its standing: what needs a person first, then by name as people count (shop-2 before shop-10). */
export function standingRoutes(rollout: Rollout): readonly StandingRoute[] {
  return rollout.routes
    .map((route) => ({ route, standing: standingOf(rollout, route) }))
    .sort(
      (a, b) =>
        standings.indexOf(a.standing) - standings.indexOf(b.standing) ||
        a.route.name.localeCompare(b.route.name, 'en', { numeric: true }),
    );
}

/** How many routes have the present step verified. */
export function verifiedCount(rollout: Rollout): number {
  return rollout.routes.filter((route) => standingOf(rollout, route) === 'verified').length;
}
