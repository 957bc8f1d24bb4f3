import { acknowledgement } from './rules/acknowledgement.js';
import { attached } from './rules/attached.js';
import { clusterKnown } from './rules/cluster-known.js';
import { cordoned } from './rules/cordoned.js';
import { foreign } from './rules/foreign.js';
import { freeze } from './rules/freeze.js';
import { healthKnown } from './rules/health-known.js';
import { healthyLeft } from './rules/healthy-left.js';
import { healthy } from './rules/healthy.js';
import { mask } from './rules/mask.js';
import { ownership } from './rules/ownership.js';
import { retired } from './rules/retired.js';
import { judged, type Broken, type Judged, type Rule } from './rules/rule.js';
import { unsafeWeights } from './rules/unsafe-weights.js';
import type { Effect, PolicyFacts, ProposedChange, Purpose, RuleFinding } from './types.js';

/** Everything that may be in the way of a move, in the order of `ruleNames`: the first one leads. */
export const policyRules: readonly Rule[] = [
  unsafeWeights,
  ownership,
  acknowledgement,
  foreign,
  retired,
  mask,
  freeze,
  cordoned,
  clusterKnown,
  attached,
  healthKnown,
  healthy,
  healthyLeft,
];

/**
 * May this route's part of a move be written, going by these facts? Every rule that it breaks, in the order of the list;
 * empty when nothing is in the way. `purpose` picks what a broken rule does; see `worst`. Never throws.
 */
export function mayMove(change: ProposedChange, facts: PolicyFacts, purpose: Purpose): readonly RuleFinding[] {
  const at = judged(change, facts, purpose);
  return policyRules.flatMap((rule) => {
    const broken = rule.judge(at);
    const effect = broken && (broken.effects ?? rule.effects)[purpose];
    return effect ? [findingOf(rule, broken, effect, at)] : [];
  });
}

/** What these findings come to: `refuse` or `leave` before `hold` before `note`; null when there are none. */
export function worst(findings: readonly Pick<RuleFinding, 'effect'>[]): Effect | null {
  const order: readonly Effect[] = ['refuse', 'leave', 'hold', 'note'];
  return order.find((effect) => findings.some((finding) => finding.effect === effect)) ?? null;
}

function findingOf(rule: Rule, broken: Broken, effect: Effect, { change, purpose }: Judged): RuleFinding {
  const { routeId, routeName, forced } = change;
  const isForced = forced !== null && effect !== 'note' && rule.forcedFor.includes(purpose);
  return {
    rule: rule.name,
    reason: broken.reason,
    effect: isForced ? 'note' : effect,
    routeId,
    routeName,
    subjects: broken.subjects,
    message: isForced
      ? `${broken.told} Forced by ${forced.by}: ${forced.reason}`
      : `${broken.told} ${outcomeText(rule, broken, effect, purpose)}`,
  };
}

function outcomeText(rule: Rule, { wayOut }: Broken, effect: Effect, purpose: Purpose): string {
  if (effect === 'note') return `The emergency goes on all the same. ${wayOut}`;
  if (effect === 'leave') {
    const force = rule.forcedFor.includes(purpose) ? ' A named person may force it.' : '';
    return `The route is left as it is. ${wayOut}${force}`;
  }
  return rule.forcedFor.includes(purpose) && purpose === 'person' ? `${wayOut} Or force it, with a reason.` : wayOut;
}
