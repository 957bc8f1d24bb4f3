import { own } from '../text/record.js';
import { sameWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import type { LiveRoute, TargetHealth } from '../route/types.js';
import type { Decision, Finding, RouteChange } from './decision.js';
import { heldOnRoute, requiredHoldMs } from './hold.js';
import { expectedOf, progressOf, verifiedAt } from './progress.js';
import { weightsOfStep } from './step-weights.js';
import type { CompiledStep, Fact, FrozenRoute, Instant, Observation, Rollout } from './types.js';

type WithoutBeside<T> = T extends Decision ? Omit<T, 'beside'> : never;

/** What a check that wants to lead answers: a decision but for the other checks' findings. */
export type Verdict = WithoutBeside<Decision>;

/** Worth showing beside the leading reason, but never in the way. */
export interface Note extends Finding {
  readonly kind: 'note';
}

/** Looks at one concern; null when it has nothing to say. Never throws, whatever was observed. */
export type Check = (at: Context) => Verdict | Note | null;

/** The step that would be written next, with what it would change. */
export interface Target {
  readonly index: number;
  readonly step: CompiledStep;
  readonly changes: readonly RouteChange[];
  /** Why its weights can't be built around what is live now; null when they can. */
  readonly unbuildable: string | null;
}

/** Everything the checks look at, worked out once. */
export interface Context {
  readonly rollout: Rollout;
  readonly seen: Observation;
  readonly now: Instant;
  /** Running, or scheduled and due: only then is a fact that can't be seen in anybody's way. */
  readonly active: boolean;
  /** The step being written or held; null before the first. */
  readonly step: CompiledStep | null;
  /** null after the last step. */
  readonly target: Target | null;
  /** When the current step was verified on every route; null while one is outstanding. */
  readonly verifiedAt: Instant | null;
  /** True when the current step's writes have ended without all of them applied: its target is itself. */
  readonly unfinished: boolean;
  /** Of the route that has served least. */
  readonly heldMs: number;
  readonly remainingMs: number;
}

export function contextOf(rollout: Rollout, seen: Observation, now: Instant): Context {
  const due = rollout.state === 'Scheduled' && rollout.startAt !== null && rollout.startAt <= now;
  const step = rollout.plan.steps[rollout.stepIndex] ?? null;
  const verified = verifiedAt(rollout);
  const unfinished = step !== null && verified === null;
  const heldMs = step ? leastHeld(rollout, seen, now) : 0;
  return {
    rollout,
    seen,
    now,
    step,
    verifiedAt: verified,
    unfinished,
    heldMs,
    active: rollout.state === 'Running' || due,
    target: targetOf(rollout, unfinished ? rollout.stepIndex : rollout.stepIndex + 1),
    remainingMs: Math.max(0, requiredHoldMs(rollout) - heldMs),
  };
}

function targetOf(rollout: Rollout, index: number): Target | null {
  const step = rollout.plan.steps[index];
  if (!step) return null;
  const changes: RouteChange[] = [];
  const unbuildable: string[] = [];
  for (const route of rollout.plan.routes) {
    if (isVerifiedIn(rollout, route, index)) continue;
    const before = expectedOf(rollout, route);
    const built = weightsOfStep(route, step, before);
    if (!built.ok) unbuildable.push(`route ${route.name}: ${built.message}`);
    else if (!sameWeights(before, built.weights)) changes.push({ routeId: route.id, before, after: built.weights });
  }
  return { index, step, changes, unbuildable: unbuildable.length > 0 ? unbuildable.join('; ') : null };
}

/** What was verified, or adopted by a person, in a step that goes on elsewhere stays as it is. */
function isVerifiedIn(rollout: Rollout, route: FrozenRoute, stepIndex: number): boolean {
  const progress = progressOf(rollout, route.id);
  return progress?.stepIndex === stepIndex && progress.verifiedAt !== null;
}

function leastHeld(rollout: Rollout, seen: Observation, now: Instant): number {
  return rollout.plan.routes.reduce(
    (least, route) => Math.min(least, heldOnRoute(rollout, seen, route, now)),
    requiredHoldMs(rollout),
  );
}

/** What the current step intends on a route; the baseline before the first. */
export function intendedOf(rollout: Rollout, route: FrozenRoute): Weights {
  const step = rollout.plan.steps[rollout.stepIndex];
  const built = step && weightsOfStep(route, step, expectedOf(rollout, route));
  return built?.ok ? built.weights : route.baseline;
}

export function minHealthyOf(at: Context, step: CompiledStep): number {
  return step.gates.find((gate) => gate.kind === 'health')?.minHealthyTargets ?? at.rollout.plan.minHealthyTargets;
}

/** One fact as far as it may be used: `unknown` says why not, and whether waiting may help. */
export type Known<T> =
  | { readonly kind: 'fresh'; readonly value: T; readonly at: Instant }
  | { readonly kind: 'unknown'; readonly cause: 'missing' | 'stale' | 'transient' | 'terminal'; readonly why: string };

/** How long a fact may be used where neither the plan nor its gateway says. */
const defaultFreshForMs = 30_000;

/** A fact is fresh when its age, in whichever direction the clock went, is at most what the plan allows (null: what its gateway gives). */
export function known<T>(fact: Fact<T> | undefined, now: Instant, maxFactAgeMs: number | null): Known<T> {
  if (!fact) return { kind: 'unknown', cause: 'missing', why: 'has not been read yet' };
  if (!fact.ok) {
    return {
      kind: 'unknown',
      cause: fact.transient ? 'transient' : 'terminal',
      why: `could not be read (${fact.code}: ${fact.message})`,
    };
  }
  if (Math.abs(now - fact.at) <= (maxFactAgeMs ?? fact.freshForMs ?? defaultFreshForMs))
    return { kind: 'fresh', value: fact.value, at: fact.at };
  return { kind: 'unknown', cause: 'stale', why: 'was read too long ago to act on' };
}

export function routeKnown(at: Context, route: FrozenRoute): Known<LiveRoute> {
  return knownSince(at, own(at.seen.routes, route.id));
}

/** What a person resumed over isn't held against the rollout: a refusal from before that is asked again first. */
function knownSince<T>(at: Context, fact: Fact<T> | undefined): Known<T> {
  const answer = known(fact, at.now, at.rollout.plan.maxFactAgeMs);
  const { holdFrom } = at.rollout;
  if (answer.kind === 'fresh' || answer.cause !== 'terminal' || !fact || holdFrom === null) return answer;
  return fact.at >= holdFrom ? answer : { ...answer, cause: 'missing' };
}

/**
 * A route as read since its own last verification; an earlier read says nothing about what was written then, unless it
 * shows just that (the write's own reply is such a look, begun before it was settled).
 */
export function seenSinceLastWrite(at: Context, route: FrozenRoute): LiveRoute | null {
  const live = routeKnown(at, route);
  if (live.kind !== 'fresh') return null;
  const written = progressOf(at.rollout, route.id)?.verifiedAt ?? null;
  const isNewer = written === null || live.at >= written;
  return isNewer || sameWeights(live.value.action.weights, expectedOf(at.rollout, route)) ? live.value : null;
}

export function healthKnown(at: Context, targetGroupArn: string): Known<TargetHealth> {
  return knownSince(at, own(at.seen.health, targetGroupArn));
}

/** When to look again for a fact that can't be used; new looks wake it earlier. */
export function soon(at: Context): Instant {
  return at.now + 5_000;
}

/** Behind the looks and events that wake a waiting rollout stands this. */
export function atRecheck(at: Context): Instant {
  return at.now + 15_000;
}
