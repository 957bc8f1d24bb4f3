import { listed } from '../../text/duration.js';
import { backendText } from '../../text/shares-text.js';
import { unsafeWeights } from '../../weights/validate.js';
import { routeKnown, seenSinceLastWrite, soon, type Check, type Context, type Verdict } from '../context.js';
import type { RouteChange } from '../decision.js';
import { receiverCheck } from '../receivers.js';
import { rollbackChanges } from '../rollback.js';

/**
 * What is left to write to be back at the baseline. A route is back only when both what was read and what we believe
 * say so: a cached read must not end a rollback. Routes whose rollback was applied are done.
 */
export function changesBack(at: Context): readonly RouteChange[] {
  const live = Object.fromEntries(
    at.rollout.plan.routes.flatMap((route) => {
      const seen = seenSinceLastWrite(at, route);
      return seen ? [[route.id, seen.action.weights]] : [];
    }),
  );
  const fromLive = rollbackChanges(at.rollout, live);
  const fromBelief = rollbackChanges(at.rollout, {}).filter(
    (change) => !fromLive.some((one) => one.routeId === change.routeId),
  );
  const done = at.seen.writes.filter((write) => write.purpose === 'rollback' && write.state === 'applied');
  return [...fromLive, ...fromBelief].filter((change) => !done.some((write) => write.routeId === change.routeId));
}

/** The rollback would break a rule of the load balancer, for example with more than five target groups. */
export const rollbackWouldBeUnsafe: Check = (at) => {
  const unsafe = changesBack(at).flatMap((change) => {
    const why = unsafeWeights(change.after);
    return why ? [`route ${routeName(at, change)}: ${why}`] : [];
  });
  if (unsafe.length === 0) return null;
  return {
    kind: 'block',
    reason: 'UnsafeWeights',
    message: `The shares before the rollout can't be written: ${listed(unsafe)}. Take foreign target groups out of the action, then roll back again.`,
    wakeAt: null,
    diffs: [],
  };
};

/** One route that can't be taken back (refused, owned, unsafe, nobody healthy there) keeps no other from it. */
export const goBackWhereNothingHinders: Check = (at) => {
  const changes = changesBack(at);
  const free = changes.filter((change) => !isHindered(at, change));
  return free.length === 0 || free.length === changes.length ? null : writeBack(at, free);
};

function isHindered(at: Context, change: RouteChange): boolean {
  const route = at.rollout.plan.routes.find((one) => one.id === change.routeId);
  const live = route && routeKnown(at, route);
  return (
    at.seen.writes.some(
      (write) => write.routeId === change.routeId && write.purpose === 'rollback' && write.state === 'failed',
    ) ||
    (live?.kind === 'fresh' && live.value.ownership.kind === 'continuous') ||
    unsafeWeights(change.after) !== null ||
    leadsNowhereHealthy(at, change) !== null
  );
}

/** Why, or null when it doesn't. */
function leadsNowhereHealthy(at: Context, change: RouteChange): string | null {
  const route = at.rollout.plan.routes.find((one) => one.id === change.routeId);
  const answer = receiverCheck(change, at.seen.health, {
    forced: null,
    minHealthyTargets: 1,
    now: at.now,
    maxFactAgeMs: at.rollout.plan.maxFactAgeMs,
    emergency: true,
    names: Object.fromEntries(
      route?.backends.map((backend) => [backend.targetGroupArn, backendText(route, backend)]) ?? [],
    ),
  });
  return !answer.ok && answer.reason === 'NoHealthyReceiver' ? answer.message : null;
}

/** Rule 12: a rollback needs one healthy receiver if any is healthy; what isn't known here is read freshly by the lane. */
export const rollbackLeadsNowhereHealthy: Check = (at) => {
  for (const change of changesBack(at)) {
    const why = leadsNowhereHealthy(at, change);
    if (why !== null) {
      return {
        kind: 'block',
        reason: 'NoHealthyReceiver',
        message: `Going back was stopped at route ${routeName(at, change)}: ${why} Repair the former backends and roll back again, or keep the present shares with abort.`,
        wakeAt: null,
        diffs: [],
      };
    }
  }
  return null;
};

/** A step's write is still in flight on a route that looks as if it were back: it may land yet, so it is settled first. */
export const aStepsWriteMayStillLand: Check = (at) => {
  if (changesBack(at).length > 0) return null;
  const flying = at.seen.writes.filter((write) => write.purpose === 'step' && write.state === 'sent');
  if (flying.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'WaitingForWrite',
    message: 'A write of the last step is still in flight; its outcome decides what there is to take back.',
    facts: { intents: flying.map((write) => write.intentId) },
    wakeAt: null,
  };
};

/** Nothing is in the way: write what is left, or it is done. */
export function goBack(at: Context): Verdict {
  const changes = changesBack(at);
  if (changes.length > 0) return writeBack(at, changes);
  return {
    kind: 'finish',
    outcome: 'RolledBack',
    reason: 'BackAtBaseline',
    message: 'The shares before the rollout are back on every route.',
    wakeAt: null,
  };
}

function writeBack(at: Context, changes: readonly RouteChange[]): Verdict {
  return {
    kind: 'rollback',
    reason: 'RollingBack',
    message: `Goes back to the shares before the rollout on route ${listed(changes.map((change) => routeName(at, change)))}.`,
    wakeAt: soon(at),
    changes,
  };
}

function routeName(at: Context, change: RouteChange): string {
  return at.rollout.plan.routes.find((one) => one.id === change.routeId)?.name ?? change.routeId;
}
