import { passingSpans, servedTogetherMs, type Span } from '../facts/served-hold.js';
import { own } from '../text/record.js';
import { sameWeights, shareOf } from '../weights/equal.js';
import { progressOf } from './progress.js';
import type { FrozenRoute, Instant, Observation, Rollout, RouteProgress } from './types.js';

/** How long the current step is held at least: its own hold, and never less than the settle time. */
export function requiredHoldMs(rollout: Rollout): number {
  const step = rollout.plan.steps[rollout.stepIndex];
  const holdMs = rollout.advanceRequestedBy === null ? (step?.holdMs ?? 0) : 0;
  return step ? Math.max(holdMs, rollout.plan.settleMs) : 0;
}

/** From when time counts for a route's hold, on top of what was banked before; null = none counts now. */
export function countsFrom(rollout: Rollout, progress: RouteProgress): Instant | null {
  if (progress.stepIndex !== rollout.stepIndex || progress.verifiedAt === null) return null;
  if (rollout.holdFrom === null || rollout.state !== 'Running') return null;
  return Math.max(progress.verifiedAt, rollout.holdFrom);
}

/**
 * The hold that one route has served: what was banked before a pause, and since its own verification the time in which
 * its action and every target group with a share were watched and what was seen passed. A gap costs its length.
 */
export function heldOnRoute(rollout: Rollout, seen: Observation, route: FrozenRoute, now: Instant): number {
  const progress = progressOf(rollout, route.id);
  if (!progress || progress.stepIndex !== rollout.stepIndex || progress.verifiedAt === null) return 0;
  const from = countsFrom(rollout, progress);
  if (from === null) return progress.heldMs;
  const serving = route.backends.filter((backend) => shareOf(progress.expected, backend.targetGroupArn) > 0);
  const subjects = [
    actionServed(seen, progress, now),
    ...serving.map((backend) => healthServed(rollout, seen, backend.targetGroupArn, now)),
  ];
  return progress.heldMs + servedTogetherMs(subjects, from, now);
}

/** When a route's action was watched and showed what explains it. */
export function actionServed(seen: Observation, { routeId, expected }: RouteProgress, now: Instant): readonly Span[] {
  return passingSpans(
    { watched: own(seen.watch.actions, routeId), passes: (live) => sameWeights(live, expected) },
    now,
  );
}

/** When a target group was watched and had enough healthy targets for the present step. */
export function healthServed(
  rollout: Rollout,
  seen: Observation,
  targetGroupArn: string,
  now: Instant,
): readonly Span[] {
  const least = leastHealthy(rollout);
  return passingSpans(
    {
      watched: own(seen.watch.health, targetGroupArn),
      // who forced the health gate forced it for the hold as well; not seen at all still counts for nothing
      passes: (healthy) => rollout.forced !== null || healthy >= least,
    },
    now,
  );
}

/** Healthy targets that the current step wants of each backend with a share. */
export function leastHealthy({ plan, stepIndex }: Rollout): number {
  const gate = plan.steps[stepIndex]?.gates.find((one) => one.kind === 'health');
  return gate?.minHealthyTargets ?? plan.minHealthyTargets;
}
