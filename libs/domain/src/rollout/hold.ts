import { passingSpans, servedTogetherMs } from '../facts/served-hold.js';
import { own } from '../text/record.js';
import { sameWeights, shareOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { progressOf } from './progress.js';
import type { FrozenRoute, Instant, Observation, Rollout } from './types.js';

/** How long the current step is held at least: its own hold, and never less than the settle time. */
export function requiredHoldMs(rollout: Rollout): number {
  const step = rollout.plan.steps[rollout.stepIndex];
  const holdMs = rollout.advanceRequestedBy === null ? (step?.holdMs ?? 0) : 0;
  return step ? Math.max(holdMs, rollout.plan.settleMs) : 0;
}

/**
 * The hold that one route has served: what was banked before a pause, and since its own verification the time in which
 * its action and every target group with a share were watched and what was seen passed. A gap costs its length.
 */
export function heldOnRoute(rollout: Rollout, seen: Observation, route: FrozenRoute, now: Instant): number {
  const progress = progressOf(rollout, route.id);
  if (!progress || progress.stepIndex !== rollout.stepIndex || progress.verifiedAt === null) return 0;
  if (rollout.holdFrom === null || rollout.state !== 'Running') return progress.heldMs;
  const from = Math.max(progress.verifiedAt, rollout.holdFrom);
  return progress.heldMs + servedSince(rollout, seen, route, progress.expected, from, now);
}

function servedSince(
  rollout: Rollout,
  seen: Observation,
  route: FrozenRoute,
  expected: Weights,
  from: Instant,
  now: Instant,
): number {
  const least = leastHealthy(rollout);
  const serving = route.backends.filter((backend) => shareOf(expected, backend.targetGroupArn) > 0);
  return servedTogetherMs(
    [
      passingSpans({ watched: own(seen.watch.actions, route.id), passes: (live) => sameWeights(live, expected) }, now),
      ...serving.map((backend) =>
        passingSpans(
          {
            watched: own(seen.watch.health, backend.targetGroupArn),
            // who forced the health gate forced it for the hold as well; not seen at all still counts for nothing
            passes: (healthy) => rollout.forced !== null || healthy >= least,
          },
          now,
        ),
      ),
    ],
    from,
    now,
  );
}

/** Healthy targets that the current step wants of each backend with a share. */
function leastHealthy({ plan, stepIndex }: Rollout): number {
  const gate = plan.steps[stepIndex]?.gates.find((one) => one.kind === 'health');
  return gate?.minHealthyTargets ?? plan.minHealthyTargets;
}
