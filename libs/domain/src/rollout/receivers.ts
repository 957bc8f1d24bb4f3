import type { TargetHealth } from '../route/types.js';
import { healthText } from '../text/health-text.js';
import { own } from '../text/record.js';
import { isAttached, raisesShare } from '../weights/equal.js';
import { unsafeWeights } from '../weights/validate.js';
import type { Reason, RouteChange } from './decision.js';
import { known, type Known } from './context.js';
import type { Fact, Forced, Instant } from './types.js';

export interface ReceiverRules {
  /** A named person's forcing of the health gate; it never passes over `NoHealthyReceiver`. */
  readonly forced: Forced | null;
  readonly minHealthyTargets: number;
  readonly now: Instant;
  /** null = as fresh as the gateway gives. */
  readonly maxFactAgeMs: number | null;
  /** Rollback or evacuation: needs one healthy receiver by a fresh read, and no more (rule 12). */
  readonly emergency: boolean;
  /** Foreign target groups that keep their share: rounding may move it by a digit, which isn't a raise. */
  readonly pinned?: readonly string[];
  /** Target group ARN -> what an operator calls it. */
  readonly names?: Readonly<Record<string, string>>;
}

export type ReceiverAnswer =
  | { readonly ok: true; readonly message: string }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

type HealthFacts = Readonly<Record<string, Fact<TargetHealth>>>;

/**
 * The last look before a write is sent: may these weights be written, going by fresh health? `health` by target group
 * ARN; for an emergency it must have been read for this very question, with `maxFactAgeMs` as short as that read.
 */
export function receiverCheck(change: RouteChange, health: HealthFacts, rules: ReceiverRules): ReceiverAnswer {
  const unsafe = unsafeWeights(change.after);
  if (unsafe) return { ok: false, reason: 'UnsafeWeights', message: `Not written: ${unsafe}.` };
  const refused = rules.emergency ? null : raisedRefusal(change, health, rules);
  return refused ?? healthyReceiverStays(change, health, rules);
}

function raisedRefusal(change: RouteChange, health: HealthFacts, rules: ReceiverRules): ReceiverAnswer | null {
  if (rules.forced) return null;
  for (const targetGroupArn of raisedIn(change, rules.pinned ?? [])) {
    const name = nameOf(targetGroupArn, rules);
    if (!isAttached(change.before, targetGroupArn)) {
      return {
        ok: false,
        reason: 'ReceiverNotAttached',
        message: `${name} is not in the action yet, so nobody health-checks it; attach it at weight 0 first.`,
      };
    }
    const fact = known(own(health, targetGroupArn), rules.now, rules.maxFactAgeMs);
    if (fact.kind === 'unknown') {
      return {
        ok: false,
        reason: 'ObservationIsStale',
        message: `The share of ${name} would be raised, but its target health ${fact.why}.`,
      };
    }
    if (fact.value.healthy < rules.minHealthyTargets) {
      return {
        ok: false,
        reason: 'WaitingForHealthyTargets',
        message: `${name} needs ${rules.minHealthyTargets} healthy before its share is raised: ${healthText(fact.value)}.`,
      };
    }
  }
  return null;
}

/** Target groups whose share `after` raises, pinned ones left out. */
export function raisedIn(change: RouteChange, pinned: readonly string[]): readonly string[] {
  return change.after
    .map((one) => one.targetGroupArn)
    .filter((arn) => !pinned.includes(arn) && raisesShare(change.before, change.after, arn));
}

/** Rule 3: after every write a healthy one has weight above 0, if any is healthy. Unknown is not healthy, and never a pass in an emergency. */
export function healthyReceiverStays(
  change: RouteChange,
  health: HealthFacts,
  rules: Omit<ReceiverRules, 'forced' | 'minHealthyTargets'>,
): ReceiverAnswer {
  const look = (arn: string) => known(own(health, arn), rules.now, rules.maxFactAgeMs);
  const receivers = change.after.filter((one) => one.weight > 0).map((one) => one.targetGroupArn);
  const healthy = receivers.filter((arn) => isHealthy(look(arn)));
  if (healthy.length > 0)
    return { ok: true, message: `${healthy.map((arn) => nameOf(arn, rules)).join(', ')} can take requests.` };
  const others = [...change.before, ...change.after]
    .map((one) => one.targetGroupArn)
    .filter((arn) => !receivers.includes(arn) && isHealthy(look(arn)));
  if (others.length > 0) {
    const who = [...new Set(others)].map((arn) => nameOf(arn, rules)).join(', ');
    return {
      ok: false,
      reason: 'NoHealthyReceiver',
      message: `After this write no healthy backend would have weight, while ${who} is healthy.`,
    };
  }
  const unknown = receivers.map((arn) => ({ arn, fact: look(arn) })).find((one) => one.fact.kind === 'unknown');
  if (rules.emergency && unknown?.fact.kind === 'unknown') {
    return {
      ok: false,
      reason: 'ObservationIsStale',
      message: `Needs one healthy receiver by a fresh read, but the target health of ${nameOf(unknown.arn, rules)} ${unknown.fact.why}.`,
    };
  }
  return {
    ok: true,
    message:
      'No backend of this route is known to be healthy, so this write takes requests from nobody who could serve them.',
  };
}

function isHealthy(fact: Known<TargetHealth>): boolean {
  return fact.kind === 'fresh' && fact.value.healthy > 0;
}

function nameOf(targetGroupArn: string, rules: Pick<ReceiverRules, 'names'>): string {
  return own(rules.names ?? {}, targetGroupArn) ?? targetGroupArn;
}
