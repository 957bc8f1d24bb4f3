import { durationText, listed } from '../text/duration.js';
import { allowedVerbs, type RolloutVerb } from './states.js';
import type { Instant, Rollout } from './types.js';

export type VerbAnswer =
  { readonly ok: true } | { readonly ok: false; readonly allowed: readonly RolloutVerb[]; readonly message: string };

/** Whether this rollout may be told `verb` now; if not, which verbs it takes. After success only `rollback`, and only within the bake. */
export function verbAllowed(rollout: Rollout, verb: RolloutVerb, now: Instant): VerbAnswer {
  const allowed = verbsNow(rollout, now);
  if (allowed.includes(verb)) return { ok: true };
  return { ok: false, allowed, message: refusal(rollout, verb, allowed) };
}

/** The verbs that would be accepted now, for buttons and for a refusal's answer. */
export function verbsNow(rollout: Rollout, now: Instant): readonly RolloutVerb[] {
  if (rollout.state === 'Succeeded' && !isBaking(rollout, now)) return [];
  return allowedVerbs[rollout.state];
}

function isBaking(rollout: Rollout, now: Instant): boolean {
  return rollout.finishedAt !== null && now <= rollout.finishedAt + rollout.plan.bakeMs;
}

function refusal(rollout: Rollout, verb: RolloutVerb, allowed: readonly RolloutVerb[]): string {
  if (rollout.state === 'Succeeded' && verb === 'rollback') {
    return `The bake of ${durationText(rollout.plan.bakeMs)} after success is over, so this rollout can no longer be rolled back; start one with the former shares instead.`;
  }
  const instead = allowed.length > 0 ? `it takes ${listed(allowed)}` : 'it has ended and takes none';
  return `A rollout that is ${rollout.state} doesn't take ${verb}: ${instead}.`;
}
