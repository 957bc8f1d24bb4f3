import type { Fact, LiveRoute, TargetHealth, Weights } from '@sluice/domain';
import { isEmergency, receiverCheck } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import type { AwsAccess, LoadBalancer } from '../ports/load-balancer.js';
import type { Intent } from './intent.js';

export type HealthFacts = Readonly<Record<string, Fact<TargetHealth>>>;
export type ReceiverRefusal =
  | { readonly kind: 'wait'; readonly delayMs: number; readonly reason: string; readonly message: string }
  | { readonly kind: 'refuse'; readonly reason: string; readonly message: string };

const waitMs = 2_000;

/** Fresh health of every target group that the write could give requests to, or take the last healthy one's from. */
export async function healthOfReceivers(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  intent: Intent,
  live: LiveRoute,
  after: Weights,
): Promise<HealthFacts> {
  if (intent.purpose === 'attach') return {};
  const arns = new Set([...live.action.weights, ...after].map((one) => one.targetGroupArn));
  return Object.fromEntries(
    await Promise.all([...arns].map(async (arn) => [arn, await healthFact(loadBalancer, access, arn)] as const)),
  );
}

/** One target group's health as a fact: read now, or why it could not be. */
export async function healthFact(
  loadBalancer: LoadBalancer,
  access: AwsAccess,
  targetGroupArn: string,
): Promise<Fact<TargetHealth>> {
  try {
    return { ok: true, at: Date.now(), value: await loadBalancer.targetHealth(access, targetGroupArn) };
  } catch (error) {
    if (!(error instanceof ExternalFailure)) throw error;
    return {
      ok: false,
      at: Date.now(),
      transient: error.kind === 'transient',
      code: error.code,
      message: error.message,
    };
  }
}

/**
 * The last look before a write is sent. A rollout's planned write waits for its receivers; an emergency is refused when
 * nobody healthy would be left, and a person's one-off write whenever its receivers aren't fit: nothing could end its wait.
 */
export function refuseReceivers(
  intent: Intent,
  live: LiveRoute,
  after: Weights,
  health: HealthFacts,
): ReceiverRefusal | null {
  if (intent.purpose === 'attach') return null;
  const answer = receiverCheck({ routeId: intent.routeId, before: live.action.weights, after }, health, {
    forced: intent.forced,
    minHealthyTargets: intent.minHealthyTargets,
    now: Date.now(),
    maxFactAgeMs: intent.maxFactAgeMs,
    emergency: isEmergency(intent.purpose),
    pinned: intent.pinned,
  });
  if (answer.ok) return null;
  const mayRecover =
    answer.reason === 'WaitingForHealthyTargets' ||
    (answer.reason === 'ObservationIsStale' && !Object.values(health).some((fact) => !fact.ok && !fact.transient)) ||
    (answer.reason === 'NoHealthyReceiver' && !isEmergency(intent.purpose));
  return mayRecover && intent.rolloutId !== null
    ? { kind: 'wait', delayMs: waitMs, reason: answer.reason, message: answer.message }
    : { kind: 'refuse', reason: answer.reason, message: answer.message };
}
