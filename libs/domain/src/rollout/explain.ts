import { counted, durationText, listed } from '../text/duration.js';
import { instantText } from '../text/instant-text.js';
import { stepText } from '../text/shares-text.js';
import type { ReceiverFact } from './checks/holding.js';
import type { Decision } from './decision.js';
import type { Instant, Rollout } from './types.js';

/**
 * One sentence for an operator: why nothing moves now, and what is next. `decision` may be older than `now`;
 * `remainingMs` is what is left of the hold.
 */
export function explain(rollout: Rollout, decision: Decision, remainingMs: number, now: Instant): string {
  return decision.kind === 'hold' ? explainHold(rollout, decision, remainingMs, now) : decision.message;
}

function explainHold(
  rollout: Rollout,
  decision: Extract<Decision, { kind: 'hold' }>,
  remainingMs: number,
  now: Instant,
): string {
  if (decision.reason === 'StepIsHolding' || decision.reason === 'SettleTime')
    return explainHolding(rollout, decision, remainingMs);
  if (decision.reason === 'NotStarted' && rollout.startAt !== null) {
    return `Starts in ${durationText(rollout.startAt - now)} (${instantText(rollout.startAt)}), or now by the verb start; first comes ${stepText(rollout.plan, 0)}.`;
  }
  if (decision.wakeAt === null) return decision.message;
  const inMs = decision.wakeAt - now;
  return `${decision.message} Looks again ${inMs > 0 ? `in ${durationText(inMs)}` : 'now'}.`;
}

function explainHolding(rollout: Rollout, decision: Decision, remainingMs: number): string {
  const settles = decision.reason === 'SettleTime';
  const what = settles ? 'Letting the load balancer converge after' : 'Holding';
  const rest = remainingMs > 0 ? ` for ${moreText(remainingMs)}` : '';
  return `${what} ${stepText(rollout.plan, rollout.stepIndex)}${rest}; then ${nextText(rollout, receiversOf(decision))}.${besideText(decision)}`;
}

function moreText(ms: number): string {
  return durationText(ms).replace(' ', ' more ');
}

function nextText(rollout: Rollout, receivers: readonly ReceiverFact[]): string {
  const next = rollout.stepIndex + 1;
  if (next >= rollout.plan.steps.length) return 'it has succeeded';
  const conditions = receivers.map(({ backend, needed, healthy }) => {
    const has = healthy === null ? 'not known yet' : `has ${healthy}`;
    return `${backend} has at least ${counted(needed, 'healthy target')} (${has})`;
  });
  return `${stepText(rollout.plan, next)}${conditions.length > 0 ? ` if ${listed(conditions)}` : ''}`;
}

/** The decision may have been stored and read back, so its facts are looked at with care. */
function receiversOf(decision: Decision): readonly ReceiverFact[] {
  const receivers = decision.facts?.['receivers'];
  return Array.isArray(receivers) ? receivers.filter(isReceiver) : [];
}

function isReceiver(value: unknown): value is ReceiverFact {
  return typeof value === 'object' && value !== null && 'backend' in value && 'needed' in value && 'healthy' in value;
}

/** What would stop the next step besides health, so that nobody waits for a hold in vain. */
function besideText(decision: Decision): string {
  const [other] = decision.beside.filter(
    (one) => !['WaitingForHealthyTargets', 'StepIsHolding', 'SettleTime'].includes(one.reason),
  );
  return other ? ` ${other.message}` : '';
}
