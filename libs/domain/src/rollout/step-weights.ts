import type { FieldIssue } from '../errors.js';
import { own } from '../text/record.js';
import { isAttached, sameWeights, shareOf } from '../weights/equal.js';
import { shareIssues, weightsFromShares } from '../weights/from-shares.js';
import type { Permille, Weights } from '../weights/types.js';
import type { CompiledStep, FrozenRoute } from './types.js';

export type BuiltWeights =
  { readonly ok: true; readonly weights: Weights } | { readonly ok: false; readonly issues: readonly FieldIssue[] };

/**
 * One route's whole action for the given shares: every backend of the route is in it (at 0 where a step doesn't name
 * it, so that its target group is health-checked before it gets a share), and each pinned target group that is in
 * `live` keeps the share it has there.
 */
export function buildWeights(
  route: FrozenRoute,
  shares: Readonly<Record<string, Permille>>,
  live: Weights,
): BuiltWeights {
  const parts = route.backends.map((backend) => ({
    targetGroupArn: backend.targetGroupArn,
    permille: own(shares, backend.name) ?? 0,
  }));
  const pinned = pinnedIn(route, live).map((arn) => ({ targetGroupArn: arn, sharePermille: shareOf(live, arn) }));
  const issues = shareIssues(parts, pinned);
  return issues.length > 0 ? { ok: false, issues } : { ok: true, weights: weightsFromShares(parts, pinned) };
}

/** Integer weights can't keep a pinned share to the last digit; a difference up to this (in tenths of a percent) is rounding. */
const roundingPermille = 2;

/**
 * What the step writes to one route. Normally the weights compiled into the plan; rebuilt around the pinned target
 * groups when a person changed their shares since and adopted that (rule 8: a pinned one keeps its share).
 */
export function weightsOfStep(route: FrozenRoute, step: CompiledStep, live: Weights): BuiltWeights {
  const compiled = own(step.weights, route.id);
  if (!compiled) return buildWeights(route, step.shares, live);
  const now = pinnedIn(route, live);
  const then = pinnedIn(route, compiled);
  const unchanged =
    now.length === then.length &&
    now.every(
      (arn) => isAttached(compiled, arn) && Math.abs(shareOf(live, arn) - shareOf(compiled, arn)) <= roundingPermille,
    );
  return unchanged || sameWeights(compiled, live)
    ? { ok: true, weights: compiled }
    : buildWeights(route, step.shares, live);
}

function pinnedIn(route: FrozenRoute, weights: Weights): readonly string[] {
  return route.pinned.filter((arn) => isAttached(weights, arn));
}
