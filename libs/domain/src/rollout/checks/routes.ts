import { listed } from '../../text/duration.js';
import { sameWeights } from '../../weights/equal.js';
import type { Weights } from '../../weights/types.js';
import type { RouteDiff } from '../decision.js';
import { atRecheck, intendedOf, routeKnown, seenSinceLastWrite, soon, type Check, type Context } from '../context.js';
import { expectedOf, progressOf } from '../progress.js';
import { weightsOfStep } from '../step-weights.js';
import { diffText, foreignIn, routeDiff } from '../three-way-diff.js';
import type { FrozenRoute } from '../types.js';
import { isOpen } from './writes.js';

/** A continuous reconciler owns a route: it would revert us, so it is never written (rule 9). */
export const aReconcilerOwnsTheRoute: Check = (at) => {
  const owned = at.rollout.plan.routes.flatMap((route) => {
    const live = routeKnown(at, route);
    if (live.kind !== 'fresh' || live.value.ownership.kind !== 'continuous') return [];
    return [{ route, ownership: live.value.ownership }];
  });
  const [first] = owned;
  if (!first) return null;
  const { owner, evidence, advice } = first.ownership;
  return {
    kind: 'block',
    reason: 'RouteOwnedByReconciler',
    message: `Route ${listed(owned.map((one) => one.route.name))} belongs to ${owner} (${evidence}), which would revert our writes. ${advice}`,
    facts: { routes: owned.map((one) => one.route.id), owner, evidence },
    wakeAt: null,
    diffs: [],
  };
};

/** AWS says that a route can't be read until somebody changes something. */
export const aRouteIsGoneOrDenied: Check = (at) => {
  const lost = unknownRoutes(at, ['terminal']);
  if (lost.length === 0) return null;
  return {
    kind: 'block',
    reason: 'AwsUnreachable',
    message: `${unknownText(lost)}. Waiting won't help: check that the listener or rule still exists and that the account's role may read it, then resume.`,
    facts: { routes: lost.map((one) => one.route.id) },
    wakeAt: null,
    diffs: [],
  };
};

/** AWS can't be read just now. */
export const awsIsUnreachable: Check = (at) => {
  const lost = at.active ? unknownRoutes(at, ['transient']) : [];
  if (lost.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'AwsUnreachable',
    message: `${unknownText(lost)}; it is tried again.`,
    wakeAt: soon(at),
  };
};

/** Live weights are unknown, too old, or, when a step is due, older than the last verified write. */
export const observationIsStale: Check = (at) => {
  if (!at.active) return null;
  const old = unknownRoutes(at, ['missing', 'stale']);
  const before = at.rollout.plan.routes.filter(
    (route) => at.remainingMs === 0 && routeKnown(at, route).kind === 'fresh' && seenSinceLastWrite(at, route) === null,
  );
  const told = [...old, ...before.map((route) => ({ route, why: 'was read before the last write was verified' }))];
  if (told.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'ObservationIsStale',
    message: `${unknownText(told)}; it is read again before anything moves.`,
    wakeAt: soon(at),
  };
};

/** Somebody put a target group into the action that is neither a backend nor pinned (rule 8). */
export const aForeignTargetGroupIsIn: Check = (at) => {
  const diffs = liveDiffs(at, (route, live) => foreignIn(route, live).length > 0);
  if (diffs.length === 0) return null;
  const told = diffs.map(({ route, diff }) => `route ${route.name} forwards to ${listed(diff.foreign)}`);
  return {
    kind: 'block',
    seenAt: Math.min(...diffs.map((one) => one.at)),
    reason: 'ForeignTargetGroup',
    message: `A target group that is not ours is in the action and not pinned: ${listed(told)}. Pin it on the route to keep its share and then adopt, or take it out of the action and resume; abort leaves everything as it is.`,
    wakeAt: null,
    diffs: diffs.map((one) => one.diff),
  };
};

/** Live weights are not what was last written: somebody else moved traffic, and only a person knows who is right. */
export const weightsHaveDrifted: Check = (at) => {
  const diffs = liveDiffs(
    at,
    (route, live) =>
      comparable(at, route) && !sameWeights(live, expectedOf(at.rollout, route)) && !lagsBehind(at, route, live),
  );
  if (diffs.length === 0) return null;
  return {
    kind: 'block',
    seenAt: Math.min(...diffs.map((one) => one.at)),
    reason: 'LiveWeightsDiffer',
    message: `Somebody else changed the weights: ${listed(diffs.map(({ route, diff }) => diffText(route, diff)))}. Adopt what is live, reassert what was written, abort, or roll back.`,
    wakeAt: null,
    diffs: diffs.map((one) => one.diff),
  };
};

/**
 * Right after a write a read may still answer what was before it (F26). Within the settle time that is no drift,
 * but no ground for the next step either.
 */
export const aReadLagsBehind: Check = (at) => {
  if (!at.active) return null;
  const lagging = liveDiffs(
    at,
    (route, live) =>
      comparable(at, route) && !sameWeights(live, expectedOf(at.rollout, route)) && lagsBehind(at, route, live),
  );
  if (lagging.length === 0) return null;
  return {
    kind: 'hold',
    reason: 'SettleTime',
    message: `AWS still answers the weights before the last write for route ${listed(lagging.map((one) => one.route.name))}; it is given the settle time.`,
    wakeAt: atRecheck(at),
  };
};

function lagsBehind(at: Context, route: FrozenRoute, live: Weights): boolean {
  const { stepIndex, plan } = at.rollout;
  const written = progressOf(at.rollout, route.id)?.verifiedAt ?? null;
  if (written === null || stepIndex < 0 || at.now - written >= plan.settleMs) return false;
  const previous = plan.steps[stepIndex - 1];
  const built = previous && weightsOfStep(route, previous, expectedOf(at.rollout, route));
  return sameWeights(live, built?.ok ? built.weights : route.baseline);
}

/** A read from before the last verification, or while a write is under way, says nothing about drift. */
function comparable(at: Context, route: FrozenRoute): boolean {
  return (
    seenSinceLastWrite(at, route) !== null &&
    !at.seen.writes.some((write) => write.routeId === route.id && isOpen(write))
  );
}

function liveDiffs(
  at: Context,
  differs: (route: FrozenRoute, live: Weights) => boolean,
): readonly { route: FrozenRoute; diff: RouteDiff; at: number }[] {
  return at.rollout.plan.routes.flatMap((route) => {
    const seen = routeKnown(at, route);
    if (seen.kind !== 'fresh' || !differs(route, seen.value.action.weights)) return [];
    const views = {
      intended: intendedOf(at.rollout, route),
      lastWritten: expectedOf(at.rollout, route),
      live: seen.value.action.weights,
    };
    return [{ route, diff: routeDiff(route, views), at: seen.at }];
  });
}

interface UnknownRoute {
  readonly route: FrozenRoute;
  readonly why: string;
}

function unknownRoutes(at: Context, causes: readonly string[]): readonly UnknownRoute[] {
  return at.rollout.plan.routes.flatMap((route) => {
    const live = routeKnown(at, route);
    return live.kind === 'unknown' && causes.includes(live.cause) ? [{ route, why: live.why }] : [];
  });
}

/** Said once for all routes of which it is true: a hundred may have been read too long ago. */
function unknownText(routes: readonly UnknownRoute[]): string {
  const byReason = new Map<string, string[]>();
  for (const { route, why } of routes) byReason.set(why, [...(byReason.get(why) ?? []), route.name]);
  return listed([...byReason].map(([why, names]) => `route ${listed(names)} ${why}`)).replace(/^r/, 'R');
}
