import type { Instant } from '../rollout/types.js';
import { durationText } from '../text/duration.js';

export interface DrainFacts {
  /** Since when the target group's weight is verified to be 0, or it is detached; null while it has weight. */
  readonly weightZeroSince: Instant | null;
  readonly settleMs: number;
  /** Duration of the action's target group stickiness; 0 when off. A cookie may bring clients back until it expires. */
  readonly stickinessMs: number;
  /** `deregistration_delay.timeout_seconds` in ms; AWS's default is 300 000. */
  readonly deregistrationMs: number;
}

export interface Drain {
  readonly drained: boolean;
  readonly message: string;
  /** null while it has weight. */
  readonly readyAt: Instant | null;
}

/**
 * Whether a binding may be removed (rule 10), without metrics: weight 0 for the longest of settle, stickiness and
 * deregistration times. It is called unmeasured, since nobody counted requests.
 */
export function drained(facts: DrainFacts, now: Instant): Drain {
  if (facts.weightZeroSince === null) {
    return { drained: false, message: 'still has weight; take it to 0 first', readyAt: null };
  }
  const waits = [
    { name: 'settle time', ms: facts.settleMs },
    { name: 'stickiness', ms: facts.stickinessMs },
    { name: 'deregistration delay', ms: facts.deregistrationMs },
  ];
  const longest = waits.reduce((a, b) => (b.ms > a.ms ? b : a));
  const readyAt = facts.weightZeroSince + longest.ms;
  const because = `the longest of settle, stickiness and deregistration times is its ${longest.name}, ${durationText(longest.ms)}`;
  if (now >= readyAt)
    return {
      drained: true,
      message: `unmeasured: weight 0 for ${durationText(now - facts.weightZeroSince)}; ${because}`,
      readyAt,
    };
  return {
    drained: false,
    message: `unmeasured: weight 0, drained in ${durationText(readyAt - now)}; ${because}`,
    readyAt,
  };
}
