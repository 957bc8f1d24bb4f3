import { listed } from '../text/duration.js';
import { instantText } from '../text/instant-text.js';
import { allowedVerbs, type RolloutState, type RolloutVerb } from './states.js';
import type { Instant } from './types.js';

export type VerbAnswer =
  { readonly ok: true } | { readonly ok: false; readonly allowed: readonly RolloutVerb[]; readonly message: string };

/** As much of a rollout as decides which verbs it takes. */
export interface VerbState {
  readonly state: RolloutState;
  readonly finishedAt: Instant | null;
  /** Until when a rollback is one call after success. */
  readonly bakesUntil: Instant | null;
}

/** Whether a rollout may be told `verb` now; if not, which verbs it takes. After success only `rollback`, and only within the bake. */
export function verbAllowed(rollout: VerbState, verb: RolloutVerb, now: Instant): VerbAnswer {
  const allowed = verbsNow(rollout, now);
  if (allowed.includes(verb)) return { ok: true };
  return { ok: false, allowed, message: refusal(rollout, verb, allowed) };
}

/** The verbs that would be accepted now, for buttons and for a refusal's answer. */
export function verbsNow(rollout: VerbState, now: Instant): readonly RolloutVerb[] {
  if (rollout.state === 'Succeeded' && !isBaking(rollout, now)) return [];
  return allowedVerbs[rollout.state];
}

function isBaking({ bakesUntil }: VerbState, now: Instant): boolean {
  return bakesUntil !== null && now <= bakesUntil;
}

function refusal(rollout: VerbState, verb: RolloutVerb, allowed: readonly RolloutVerb[]): string {
  if (rollout.state === 'Succeeded' && verb === 'rollback') {
    const ended = rollout.bakesUntil === null ? '' : ` ended at ${instantText(rollout.bakesUntil)}`;
    return `The bake after success${ended}, so this rollout can no longer be rolled back; start one with the former shares instead.`;
  }
  const instead = allowed.length > 0 ? `it takes ${listed(allowed)}` : 'it has ended and takes none';
  return `A rollout that is ${rollout.state} doesn't take ${verb}: ${instead}.`;
}
