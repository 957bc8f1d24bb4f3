import { counted, listed } from '../../text/duration.js';
import { backendText } from '../../text/shares-text.js';
import { wayBack, type WayBack } from '../back.js';
import { routeKnown, seenSinceLastWrite, soon, type Check, type Context, type Verdict } from '../context.js';
import type { RouteChange } from '../decision.js';
import { receiverCheck } from '../receivers.js';
import type { FrozenRoute } from '../types.js';

interface RouteBack {
  readonly route: FrozenRoute;
  readonly way: WayBack;
}

/** Every route that isn't proven to be back. */
function notBack(at: Context): readonly RouteBack[] {
  return at.rollout.plan.routes
    .map((route) => {
      const write = at.seen.writes.find((one) => one.routeId === route.id && one.purpose === 'rollback');
      return { route, way: wayBack(at.rollout, route, seenSinceLastWrite(at, route)?.action.weights ?? null, write) };
    })
    .filter(({ way }) => way.kind !== 'back');
}

/** What is left to write to be back at the baseline. */
export function changesBack(at: Context): readonly RouteChange[] {
  return notBack(at).flatMap(({ way }) => (way.kind === 'write' ? [way.change] : []));
}

/** The shares before the rollout can't be made of what is live, for example with more than five target groups. */
export const rollbackWouldBeUnsafe: Check = (at) => {
  const unsafe = notBack(at).flatMap(({ route, way }) =>
    way.kind === 'impossible' ? [`route ${route.name}: ${way.message}`] : [],
  );
  if (unsafe.length === 0) return null;
  return {
    kind: 'block',
    reason: 'UnsafeWeights',
    message: `The shares before the rollout can't be written: ${listed(unsafe)}. Correct these actions in AWS, or keep them as they are with adopt; abort leaves everything as it is.`,
    wakeAt: null,
    diffs: [],
  };
};

/** One route that can't be taken back (refused, owned, unsafe, nobody healthy there) keeps no other from it. */
export const goBackWhereNothingHinders: Check = (at) => {
  const left = notBack(at);
  const free = left.flatMap(({ way }) => (way.kind === 'write' && !isHindered(at, way.change) ? [way.change] : []));
  return free.length === 0 || free.length === left.length ? null : writeBack(at, free);
};

function isHindered(at: Context, change: RouteChange): boolean {
  const route = at.rollout.plan.routes.find((one) => one.id === change.routeId);
  const live = route && routeKnown(at, route);
  return (
    at.seen.writes.some(
      (write) => write.routeId === change.routeId && write.purpose === 'rollback' && write.state === 'failed',
    ) ||
    (live?.kind === 'fresh' && live.value.ownership.kind === 'continuous') ||
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

/** Rule 12: a rollback needs one healthy receiver if any is healthy; what isn't known here is read freshly before the send. */
export const rollbackLeadsNowhereHealthy: Check = (at) => {
  for (const change of changesBack(at)) {
    const why = leadsNowhereHealthy(at, change);
    if (why !== null) {
      return {
        kind: 'block',
        reason: 'NoHealthyReceiver',
        message: `Going back was stopped at route ${routeName(at, change)}: ${why} Repair the former backends and resume, or keep the present shares with abort.`,
        wakeAt: null,
        diffs: [],
      };
    }
  }
  return null;
};

/** A step's write is still in flight: its effect may land yet, and the rollback's write has to outlive it. */
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

/** Where nothing of ours was sent, a read tells whether the route is back; no data is no pass (rule 11). */
export const itIsNotSeenWhetherItIsBack: Check = (at) => {
  const unseen = notBack(at).filter(({ way }) => way.kind === 'unseen');
  if (unseen.length === 0 || changesBack(at).length > 0) return null;
  return {
    kind: 'hold',
    reason: 'AwsUnreachable',
    message: `The live weights of ${counted(unseen.length, 'route')} (${listed(unseen.map(({ route }) => route.name))}) can't be read, so nobody knows yet whether they are as before the rollout; they are read again.`,
    wakeAt: soon(at),
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
    message: `Goes back to the shares before the rollout on ${counted(changes.length, 'route')} (${listed(changes.map((change) => routeName(at, change)))}).`,
    wakeAt: null,
    changes,
  };
}

function routeName(at: Context, change: RouteChange): string {
  return at.rollout.plan.routes.find((one) => one.id === change.routeId)?.name ?? change.routeId;
}
