import type { Span } from '../facts/served-hold.js';
import type { Ownership, TargetHealth } from '../route/types.js';
import type { Word } from '../rollout/change.js';
import { decideVersion } from '../rollout/evolve.js';
import { actionServed, countsFrom, healthServed } from '../rollout/hold.js';
import { progressOf } from '../rollout/progress.js';
import type { ClusterFact, Fact, FrozenPlan, Instant, Observation, Rollout, WriteFact } from '../rollout/types.js';
import { own } from '../text/record.js';
import { pack, type Packed } from './packed.js';
import { splitOf, type Split } from './split.js';

/**
 * What a decision stood on, small enough to be kept for ever beside the frozen plan: the rollout as it was, and of all
 * that was seen as much as `decide` and `said` look at. Single looks aren't kept: of how a subject was watched there is
 * only when it was watched and passed.
 */
export interface Evidence {
  /** Which `decide`, `decided` and `said` it was. */
  readonly version: number;
  /** When they were asked; `ago` and `spans` count back from here, in ms. */
  readonly at: Instant;
  /** One record. */
  readonly rollout: Packed<RolloutFields>;
  /** What a person added to their word; null = nobody said anything. */
  readonly word: Word | null;
  /** The plan's routes, in its order. */
  readonly routes: Packed<RouteEvidence>;
  /** The target groups of the plan's backends, in the order in which they first appear. */
  readonly groups: Packed<GroupEvidence>;
  readonly clusters: readonly Omit<ClusterFact, 'name'>[];
  readonly writes: Packed<WriteEvidence>;
}

/** What a rollout is, but for its plan and how far its routes are. */
type RolloutFields = Omit<Rollout, 'id' | 'projectId' | 'version' | 'plan' | 'routes'>;

/** Stretches as [from, to]; `all` = from when time counts at all until `at`. */
export type Spans = 'all' | readonly (readonly [from: number, to: number])[];

interface LookEvidence {
  readonly ago: number | null;
  readonly freshForMs: number | null;
  /** Why nothing was seen. */
  readonly unseen: { readonly transient: boolean; readonly code: string; readonly message: string } | null;
  readonly spans: Spans | null;
}

export interface RouteEvidence extends LookEvidence {
  readonly stepIndex: number | null;
  readonly expected: Split | null;
  readonly verifiedAgo: number | null;
  readonly heldMs: number | null;
  readonly touched: true | null;
  readonly pinned: readonly string[] | null;
  readonly baseline: Split | null;
  readonly live: Split | null;
  readonly owner: Ownership | null;
}

export interface GroupEvidence extends LookEvidence {
  /** All of `TargetHealth` but its ARN, in its order. */
  readonly counts: readonly number[] | null;
  readonly reasons: TargetHealth['reasons'] | null;
}

export interface WriteEvidence {
  /** Place in the plan. */
  readonly route: number | null;
  readonly purpose: WriteFact['purpose'] | null;
  readonly state: WriteFact['state'] | null;
  /** The rest only of one that failed or is still open: nobody looks at it of the others. */
  readonly intentId: string | null;
  readonly reason: string | null;
  readonly message: string | null;
  readonly live: Split | null;
}

export const blankRollout: RolloutFields = {
  ...{ state: 'Running', stepIndex: -1, holdFrom: null, advanceRequestedBy: null, pausedFrom: null, suspicion: null },
  ...{ startAt: null, finishedAt: null, bakesUntil: null, forced: null },
};
const noLook: LookEvidence = { ago: null, freshForMs: null, unseen: null, spans: null };
export const blankRoute: RouteEvidence = {
  ...noLook,
  ...{ stepIndex: null, expected: null, verifiedAgo: null, heldMs: null, touched: null, pinned: null, baseline: null },
  ...{ live: null, owner: null },
};
export const blankGroup: GroupEvidence = { ...noLook, counts: null, reasons: null };
export const blankWrite: WriteEvidence = {
  ...{ route: null, purpose: null, state: null, intentId: null, reason: null, message: null, live: null },
};
/** Of `TargetHealth`, in the order of `counts`. */
export const counted = ['healthy', 'initial', 'unhealthy', 'draining', 'unused', 'unavailable', 'total'] as const;

/** What a transition of this moment stands on: `rollout` and `seen` as `decide` or `said` was asked with. */
export function evidenceOf(rollout: Rollout, seen: Observation, now: Instant, word: Word | null): Evidence {
  return {
    version: decideVersion,
    at: now,
    rollout: pack([rollout], blankRollout),
    word,
    routes: pack(routesOf(rollout, seen, now), blankRoute),
    groups: pack(healthOf(rollout, seen, now), blankGroup),
    clusters: Object.values(seen.clusters).map(({ id, cordoned, retired }) => ({ id, cordoned, retired })),
    writes: pack(writesOf(rollout.plan, seen), blankWrite),
  };
}

/** The target groups of a plan's backends, each once. */
export function groupsOf(plan: FrozenPlan): readonly string[] {
  return [...new Set(plan.routes.flatMap((route) => route.backends.map((backend) => backend.targetGroupArn)))];
}

/** From when time may count for any route; null = for none. */
export function countsFromAny(rollout: Rollout): Instant | null {
  const from = rollout.routes.flatMap((route) => countsFrom(rollout, route) ?? []);
  return from.length === 0 ? null : Math.min(...from);
}

function routesOf(rollout: Rollout, seen: Observation, now: Instant): readonly RouteEvidence[] {
  return rollout.plan.routes.map((route): RouteEvidence => {
    const progress = progressOf(rollout, route.id);
    const fact = own(seen.routes, route.id);
    const from = progress ? countsFrom(rollout, progress) : null;
    const served = progress && from !== null ? actionServed(seen, progress, now) : [];
    return {
      ...lookOf(fact, now, spansOf(served, from, now)),
      stepIndex: progress?.stepIndex ?? null,
      expected: progress ? splitOf(route, progress.expected) : null,
      verifiedAgo: progress?.verifiedAt == null ? null : now - progress.verifiedAt,
      heldMs: progress && progress.heldMs !== 0 ? progress.heldMs : null,
      touched: progress?.touched ? true : null,
      pinned: route.pinned.length > 0 ? route.pinned : null,
      baseline: splitOf(route, route.baseline),
      live: fact?.ok ? splitOf(route, fact.value.action.weights) : null,
      owner: fact?.ok ? fact.value.ownership : null,
    };
  });
}

function healthOf(rollout: Rollout, seen: Observation, now: Instant): readonly GroupEvidence[] {
  const from = countsFromAny(rollout);
  return groupsOf(rollout.plan).map((arn): GroupEvidence => {
    const fact = own(seen.health, arn);
    const served = from === null ? [] : healthServed(rollout, seen, arn, now);
    const health = fact?.ok ? fact.value : null;
    return {
      ...lookOf(fact, now, spansOf(served, from, now)),
      counts: health && counted.map((state) => health[state]),
      reasons: health && Object.keys(health.reasons).length > 0 ? health.reasons : null,
    };
  });
}

function writesOf(plan: FrozenPlan, seen: Observation): readonly WriteEvidence[] {
  return seen.writes.map((write): WriteEvidence => {
    const place = plan.routes.findIndex((route) => route.id === write.routeId);
    const { purpose, state } = write;
    if (state === 'applied' || state === 'superseded') return { ...blankWrite, route: place, purpose, state };
    const { intentId, reason, message, live } = write;
    return {
      ...{ route: place, purpose, state, intentId, reason, message },
      live: live && splitOf(plan.routes[place], live),
    };
  });
}

function lookOf(fact: Fact<unknown> | undefined, now: Instant, spans: Spans | null): LookEvidence {
  if (!fact) return { ...noLook, spans };
  const ago = now - fact.at;
  if (fact.ok) return { ago, freshForMs: fact.freshForMs ?? null, unseen: null, spans };
  const { transient, code, message } = fact;
  return { ago, freshForMs: null, unseen: { transient, code, message }, spans };
}

/** As much of them as lies after `from`. */
function spansOf(served: readonly Span[], from: Instant | null, now: Instant): Spans | null {
  if (from === null) return null;
  const after = served
    .map((span) => ({ ...span, from: Math.max(span.from, from) }))
    .filter((span) => span.from < span.to);
  if (after.length === 0) return null;
  const [first] = after;
  return after.length === 1 && first?.from === from && first.to === now
    ? 'all'
    : after.map((span) => [span.from - now, span.to - now] as const);
}
