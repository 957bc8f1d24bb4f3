import type { Rollout } from '@sluice/contracts';
import { hasEnded } from './ended.js';

export type RouteProgress = Rollout['routes'][number];

/** How one route stands in the present step, or on the way back: those that need a person first, those that are done last. */
export const standings = [
  'failed',
  'differs',
  'ill',
  'waiting',
  'left',
  'writing',
  'queued',
  'toCome',
  'notReached',
  'verified',
] as const;
export type Standing = (typeof standings)[number];

export interface StandingRoute {
  readonly route: RouteProgress;
  readonly standing: Standing;
}

export const isGoingBack = ({ state }: Pick<Rollout, 'state'>): boolean =>
  state === 'RollingBack' || state === 'RolledBack';

/** `ill`: a backend lacks healthy targets; `waiting`: its write is kept back, with a reason; `queued`: it goes when the budget gives; `left`: the step goes on without it. */
export function standingOf(rollout: Rollout, route: RouteProgress): Standing {
  const { write } = route;
  if (write?.state === 'failed') return 'failed';
  if (rollout.diffs.some(({ routeId }) => routeId === route.routeId)) return 'differs';
  if (route.ill.length > 0 && !hasEnded(rollout.state)) return 'ill';
  if (write !== null) return write.state === 'sent' ? 'writing' : write.reason === null ? 'queued' : 'waiting';
  if (isGoingBack(rollout)) return isAtBaseline(rollout, route) ? 'verified' : ended(rollout, 'toCome');
  if (route.stepIndex === rollout.stepIndex && route.verifiedAt !== null) return 'verified';
  return ended(rollout, rollout.stepIndex < 0 ? 'toCome' : 'left');
}

function ended({ state }: Rollout, otherwise: Standing): Standing {
  return hasEnded(state) ? 'notReached' : otherwise;
}

function isAtBaseline({ plan }: Rollout, { routeId, expected }: RouteProgress): boolean {
  const baseline = plan.routes.find(({ id }) => id === routeId)?.baseline ?? [];
  return sorted(baseline) === sorted(expected);
}

const sorted = (weights: RouteProgress['expected']) =>
  weights
    .map(({ targetGroupArn, weight }) => `${targetGroupArn} ${weight}`)
    .sort()
    .join();

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

/** How many routes stand so, by standing; those of none are left out. */
export function countsOf(rows: readonly StandingRoute[]): ReadonlyMap<Standing, number> {
  const counts = new Map<Standing, number>();
  for (const standing of standings) {
    const count = rows.filter((row) => row.standing === standing).length;
    if (count > 0) counts.set(standing, count);
  }
  return counts;
}

/** How many routes have the present step verified. */
export function verifiedCount(rollout: Rollout): number {
  return rollout.routes.filter((route) => standingOf(rollout, route) === 'verified').length;
}

export interface Wait {
  readonly reason: string;
  readonly count: number;
  /** What is said of the first of them. */
  readonly example: { readonly name: string; readonly message: string };
}

/** Why writes failed or are kept back: one entry per reason, the most frequent first. */
export function waitsOf(rows: readonly StandingRoute[]): readonly Wait[] {
  const byReason = new Map<string, Wait>();
  for (const { route, standing } of rows) {
    const reason = route.write?.reason ?? null;
    if (reason === null || (standing !== 'failed' && standing !== 'waiting')) continue;
    const known = byReason.get(reason);
    const example = { name: route.name, message: route.write?.message ?? '' };
    byReason.set(reason, known === undefined ? { reason, count: 1, example } : { ...known, count: known.count + 1 });
  }
  return [...byReason.values()].sort((a, b) => b.count - a.count);
}
