import type { Instant } from '../rollout/types.js';

/** The last instant that a date can have (ECMAScript time range). */
const latest = 8.64e15;

/** An instant for a sentence, ISO 8601 in UTC. */
export function instantText(instant: Instant): string {
  return Math.abs(instant) <= latest ? new Date(instant).toISOString() : String(instant);
}
