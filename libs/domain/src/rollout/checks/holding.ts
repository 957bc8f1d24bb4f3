import { durationText } from '../../text/duration.js';
import { backendText, stepText } from '../../text/shares-text.js';
import { healthKnown, minHealthyOf, type Check, type Context } from '../context.js';
import { raisedIn } from '../receivers.js';

/** What the next step asks of a backend that it would give more. */
export interface ReceiverFact {
  readonly backend: string;
  readonly needed: number;
  /** null = not known freshly. */
  readonly healthy: number | null;
}

/** Bad news wakes it earlier. */
function wakeWithin(at: Context): number {
  return at.now + Math.max(1, at.remainingMs);
}

/** The hold of the current step has not been served, and nobody asked to end it early. */
export const stepIsHolding: Check = (at) => {
  const { rollout, step } = at;
  if (!step || at.verifiedAt === null || at.remainingMs === 0) return null;
  if (rollout.advanceRequestedBy !== null || at.heldMs >= step.holdMs) return null;
  return {
    kind: 'hold',
    reason: 'StepIsHolding',
    message: `${stepText(rollout.plan, rollout.stepIndex).replace(/^s/, 'S')} is held for ${durationText(Math.max(step.holdMs, rollout.plan.settleMs))} after it was verified.`,
    facts: { remainingMs: at.remainingMs, heldMs: at.heldMs, receivers: nextReceivers(at) },
    wakeAt: wakeWithin(at),
  };
};

/** AWS answers before its data plane has converged: even who advances waits for the settle time. */
export const dataPlaneSettles: Check = (at) => {
  const { rollout, step } = at;
  if (!step || at.verifiedAt === null || at.remainingMs === 0) return null;
  if (rollout.advanceRequestedBy === null && at.heldMs < step.holdMs) return null;
  const by =
    rollout.advanceRequestedBy === null
      ? ''
      : ` ${rollout.advanceRequestedBy} asked to advance, which ends the hold but not this.`;
  return {
    kind: 'hold',
    reason: 'SettleTime',
    message: `The load balancer is given ${durationText(rollout.plan.settleMs)} to converge after ${stepText(rollout.plan, rollout.stepIndex)} was verified.${by}`,
    facts: { remainingMs: at.remainingMs, heldMs: at.heldMs, receivers: nextReceivers(at) },
    wakeAt: wakeWithin(at),
  };
};

/** The backends that the next step would raise, with what they need and have. */
export function nextReceivers(at: Context): readonly ReceiverFact[] {
  const { target } = at;
  if (!target) return [];
  const needed = minHealthyOf(at, target.step);
  const facts = target.changes.flatMap((change) => {
    const route = at.rollout.plan.routes.find((one) => one.id === change.routeId);
    if (!route) return [];
    const raised = raisedIn(change, route.pinned);
    return route.backends
      .filter((backend) => raised.includes(backend.targetGroupArn))
      .map((backend) => {
        const health = healthKnown(at, backend.targetGroupArn);
        return {
          backend: backendText(route, backend),
          needed,
          healthy: health.kind === 'fresh' ? health.value.healthy : null,
        };
      });
  });
  return fewestPerBackend(facts);
}

/** With several routes a cluster may be raised in each; the one with the fewest healthy targets decides. */
function fewestPerBackend(facts: readonly ReceiverFact[]): readonly ReceiverFact[] {
  const fewest = new Map<string, ReceiverFact>();
  for (const fact of facts) {
    const other = fewest.get(fact.backend);
    if (!other || (fact.healthy ?? -1) < (other.healthy ?? -1)) fewest.set(fact.backend, fact);
  }
  return [...fewest.values()];
}
