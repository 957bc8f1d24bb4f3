import { itHasEnded, itHasNotStarted, itIsSuspended, itNeedsAPerson, operatorHasPaused } from './checks/parked.js';
import { aWriteFailed, itWaitsForWrites } from './checks/writes.js';
import {
  aForeignTargetGroupIsIn,
  aReadLagsBehind,
  aReconcilerOwnsTheRoute,
  aRouteIsGoneOrDenied,
  awsIsUnreachable,
  observationIsStale,
  weightsHaveDrifted,
} from './checks/routes.js';
import { healthIsLost, healthIsUnknown } from './checks/health.js';
import { dataPlaneSettles, stepIsHolding } from './checks/holding.js';
import {
  aReceiverIsCordoned,
  aReceiverIsNotAttached,
  aReceiverIsRetired,
  aReceiverLacksHealthyTargets,
  aReceiversClusterIsUnknown,
  aReceiversHealthIsUnknown,
  noHealthyReceiverWouldBeLeft,
  weightsWouldBeUnsafe,
} from './checks/receivers.js';
import {
  aStepsWriteMayStillLand,
  goBack,
  goBackWhereNothingHinders,
  itIsNotSeenWhetherItIsBack,
  rollbackLeadsNowhereHealthy,
  rollbackWouldBeUnsafe,
} from './checks/rolling-back.js';
import { goOn, goOnWhereHealthAllows } from './checks/go-on.js';
import { contextOf, type Check, type Context, type Verdict } from './context.js';
import type { Decision, Finding } from './decision.js';
import type { Instant, Observation, Rollout } from './types.js';

/** The order is the policy: a check may only be moved together with the test that says why it stood where it did. */
const checks: readonly Check[] = [
  itHasNotStarted,
  operatorHasPaused, //           a person's word outranks the plan
  itNeedsAPerson, //              and so does their silence, once it is blocked
  itIsSuspended, //               none of these four would write anything, so they say so first
  aWriteFailed, //                what AWS refused is known for sure, whatever else isn't
  aReconcilerOwnsTheRoute, //     a fight can't be won by waiting
  itWaitsForWrites, //            until a write has ended, what is live is not settled
  aRouteIsGoneOrDenied,
  awsIsUnreachable,
  observationIsStale, //          nothing is judged on old news
  aForeignTargetGroupIsIn, //     explains the drift it also is
  weightsHaveDrifted, //          health is judged for weights that are as we wrote them
  healthIsLost, //                losing health outranks every kind of waiting
  healthIsUnknown, //             no data is never a pass, not even of a hold
  aReadLagsBehind,
  stepIsHolding,
  dataPlaneSettles,
  aReceiverIsRetired,
  weightsWouldBeUnsafe,
  aReceiverIsCordoned,
  aReceiversClusterIsUnknown,
  goOnWhereHealthAllows, //       one route whose receivers are ill stops none of the others
  aReceiverIsNotAttached, //      explains why its health is `unused`
  aReceiversHealthIsUnknown,
  aReceiverLacksHealthyTargets,
  noHealthyReceiverWouldBeLeft, // the only one of these that forcing leaves in force
];

const rollingBackChecks: readonly Check[] = [
  itWaitsForWrites, //            a route that is stuck stops none of the others
  goBackWhereNothingHinders,
  aWriteFailed,
  aReconcilerOwnsTheRoute,
  aStepsWriteMayStillLand,
  rollbackWouldBeUnsafe,
  rollbackLeadsNowhereHealthy,
  itIsNotSeenWhetherItIsBack, //  last: whatever can be written back is written without waiting for a read
];

/**
 * What to do with a rollout now, and why. Pure and total: the same arguments give the same answer, and nothing that
 * can be observed makes it throw. Every check runs; the first that wants to lead does, the others' findings stand
 * beside it. When none does, the next step is written, or the rollout ends.
 */
export function decide(rollout: Rollout, seen: Observation, now: Instant): Decision {
  const at = contextOf(rollout, seen, now);
  const ended = itHasEnded(at);
  if (ended && ended.kind !== 'note') return { ...ended, beside: [] };
  return rollout.state === 'RollingBack' ? lead(at, rollingBackChecks, goBack) : lead(at, checks, goOn);
}

function lead(at: Context, inOrder: readonly Check[], otherwise: (at: Context) => Verdict): Decision {
  const said = inOrder.flatMap((check) => check(at) ?? []);
  const leader = said.find((one): one is Verdict => one.kind !== 'note') ?? otherwise(at);
  return { ...leader, beside: said.filter((one) => one !== leader).map(findingOf) };
}

function findingOf({ reason, message, facts }: Finding): Finding {
  return facts ? { reason, message, facts } : { reason, message };
}
