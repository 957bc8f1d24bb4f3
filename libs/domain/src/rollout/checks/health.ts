import { sameSplit } from '../../goals/same-split.js';
import { counted } from '../../text/duration.js';
import { healthText } from '../../text/health-text.js';
import { saidOfBackends } from '../../text/said-of-backends.js';
import { stepText } from '../../text/shares-text.js';
import { raisesShare, shareOf } from '../../weights/equal.js';
import { unsafeWeights } from '../../weights/validate.js';
import type { RouteChange } from '../decision.js';
import { healthKnown, minHealthyOf, soon, type Check, type Context, type Verdict } from '../context.js';
import { receiverCheck } from '../receivers.js';
import { changesBack } from './rolling-back.js';
import { expectedOf } from '../progress.js';
import type { FrozenBackend, FrozenRoute } from '../types.js';

interface Served {
  readonly route: FrozenRoute;
  readonly backend: FrozenBackend;
}

/** Backends that have a share since the current step was written. Drift from it has its own check, so what we believe is live decides. */
function served(at: Context): readonly Served[] {
  if (!at.step) return [];
  return at.rollout.plan.routes.flatMap((route) => {
    const weights = expectedOf(at.rollout, route);
    return route.backends
      .filter((backend) => shareOf(weights, backend.targetGroupArn) > 0)
      .map((backend) => ({ route, backend }));
  });
}

/** A backend that serves requests has lost its healthy targets: blocks and names rollback, or rolls back where the plan says so. */
export const healthIsLost: Check = (at) => {
  if (!at.step) return null;
  const least = minHealthyOf(at, at.step);
  const weak = served(at).flatMap((one) => {
    const health = healthKnown(at, one.backend.targetGroupArn);
    return health.kind === 'fresh' && health.value.healthy < least
      ? [{ ...one, health: health.value, at: health.at }]
      : [];
  });
  if (weak.length === 0) return null;
  const told = saidOfBackends(
    weak,
    (subject, { health }) => `${subject} has ${healthText(health)}`,
    at.rollout.plan.routes.length,
  );
  const lost = `${stepText(at.rollout.plan, at.rollout.stepIndex).replace(/^s/, 'S')} needs ${counted(least, 'healthy target')} of each backend with a share, but ${told}`;
  const facts = {
    backends: weak.map(({ backend, health }) => ({
      name: backend.name,
      needed: least,
      healthy: health.healthy,
      reasons: health.reasons,
    })),
  };
  const seenAt = Math.min(...weak.map((one) => one.at));
  const { forced } = at.rollout;
  if (forced)
    return {
      kind: 'note',
      reason: 'HealthLost',
      message: `${lost}; passed over because ${forced.by} forced the health gate (${forced.reason}).`,
      facts,
    };
  if (at.rollout.plan.onHealthLost === 'rollback')
    return rollBack(
      at,
      lost,
      facts,
      weak.map((one) => one.backend.targetGroupArn),
      seenAt,
    );
  return {
    kind: 'block',
    seenAt,
    reason: 'HealthLost',
    message: `${lost}. Roll back (verb rollback) to return to the shares before the rollout, or repair it and resume.`,
    facts,
    wakeAt: null,
    diffs: [],
  };
};

function rollBack(
  at: Context,
  lost: string,
  facts: Record<string, unknown>,
  weak: readonly string[],
  seenAt: number,
): Verdict {
  const changes = changesBack(at);
  const hindered = changes.every((change) => sameSplit(change.before, change.after))
    ? 'the shares are those before the rollout already'
    : hindrance(at, changes, weak);
  if (hindered === null)
    return {
      kind: 'rollback',
      seenAt,
      reason: 'HealthLost',
      message: `${lost}. The plan says to roll back.`,
      facts,
      wakeAt: null,
      changes,
    };
  return {
    kind: 'block',
    seenAt,
    reason: 'HealthLost',
    message: `${lost}. The plan says to roll back, but that was not done by itself: ${hindered}. Repair it and resume, or decide on the verb rollback.`,
    facts,
    wakeAt: null,
    diffs: [],
  };
}

/** Why going back by itself would make it worse; null when it wouldn't. */
function hindrance(at: Context, changes: readonly RouteChange[], weak: readonly string[]): string | null {
  for (const change of changes) {
    const raised = weak.find((arn) => raisesShare(change.before, change.after, arn));
    if (raised) return 'it would raise the share of a backend that has lost its health';
    const unsafe = unsafeWeights(change.after);
    if (unsafe) return unsafe;
    const answer = receiverCheck(change, at.seen.health, {
      forced: null,
      minHealthyTargets: 1,
      now: at.now,
      maxFactAgeMs: at.rollout.plan.maxFactAgeMs,
      emergency: true,
    });
    if (!answer.ok) return answer.message.replace(/\.$/, '');
  }
  return null;
}

/** The health of a backend that serves requests can't be seen: no data is never a pass (rule 11). */
export const healthIsUnknown: Check = (at) => {
  if (!at.active) return null;
  const blind = served(at).flatMap((one) => {
    const health = healthKnown(at, one.backend.targetGroupArn);
    return health.kind === 'unknown' ? [{ ...one, ...health }] : [];
  });
  if (blind.length === 0 || at.rollout.forced) return null;
  const told = saidOfBackends(
    blind,
    (subject, { why }) => `the target health of ${subject} ${why}`,
    at.rollout.plan.routes.length,
  ).replace(/^t/, 'T');
  if (blind.some((one) => one.cause === 'terminal')) {
    return {
      kind: 'block',
      reason: 'AwsUnreachable',
      message: `${told}. Waiting won't help: check that the target group still exists and that the account's role may read it, then resume.`,
      wakeAt: null,
      diffs: [],
    };
  }
  return {
    kind: 'hold',
    reason: 'ObservationIsStale',
    message: `${told}; it is read again before anything moves.`,
    wakeAt: soon(at),
  };
};
