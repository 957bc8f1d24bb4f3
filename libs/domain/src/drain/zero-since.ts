import type { WatchRuns } from '../facts/types.js';
import type { Instant } from '../rollout/types.js';
import { shareOf } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';

/** What is known of a target group's weight in one action that gives it none now. */
export interface ZeroHistory {
  /** By the ledger: since when every settled write left it at 0; null = the newest one gave it weight, or there is none. */
  readonly writtenAt: Instant | null;
  /** How the action was watched; null = it never was. */
  readonly watched: WatchRuns<Weights> | null;
}

/**
 * Since when an action sends a target group nothing: since our own write took it to 0, unless it was seen with weight
 * afterwards; else since looks without a gap have seen it at 0. null = nobody knows, and that isn't drained.
 */
export function zeroSince({ writtenAt, watched }: ZeroHistory, targetGroupArn: string, now: Instant): Instant | null {
  const served = watched?.runs.findLast((run) => run.mark !== null && shareOf(run.mark, targetGroupArn) > 0);
  if (writtenAt !== null && (served === undefined || served.to <= writtenAt)) return writtenAt;
  return watched === null ? null : seenZeroSince(watched, targetGroupArn, now);
}

function seenZeroSince({ runs, periodMs }: WatchRuns<Weights>, targetGroupArn: string, now: Instant): Instant | null {
  const last = runs.at(-1);
  if (last === undefined || last.to < now - 2 * periodMs) return null;
  let since: Instant | null = null;
  for (const run of [...runs].reverse()) {
    if (run.mark === null || shareOf(run.mark, targetGroupArn) > 0) break;
    since = run.from;
    if (!run.joined) break;
  }
  return since;
}

/**
 * Since when an action that is gone sends nothing: since it was last seen, or the first look after that which found
 * nothing, or since we removed it ourselves, whichever is last. null = it was never seen.
 */
export function goneSince(watched: WatchRuns<Weights> | null, removedAt: readonly Instant[]): Instant | null {
  const runs = watched?.runs ?? [];
  const lastSeen = runs.findLastIndex((run) => run.mark !== null);
  const known = [runs[lastSeen]?.to, runs[lastSeen + 1]?.from, ...removedAt].filter((at) => at !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}
