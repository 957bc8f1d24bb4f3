import { actorText, engineActor } from '../events/actor.js';
import { presentShares } from '../plan/linear.js';
import type { Permille, Weights } from '../weights/types.js';
import { nothing, type Change, type LedgerLine, type RoutePatch } from './change.js';
import type { Decision, Reason } from './decision.js';
import { heldOnRoute } from './hold.js';
import { backMove, stepMove } from './proposals.js';
import type { FrozenPlan, FrozenRoute, Instant, Observation, Rollout, RouteProgress, WriteFact } from './types.js';

/** Which `decide` made a decision; a change of what it decides raises it, so that a replay knows which to ask. */
export const decideVersion = 3;

const engine = actorText(engineActor('rollout'));

/** One stale or flapping read (F26, F28) must not stop a rollout: these have to be seen twice, by looks one after the other. */
const neededTwice: readonly Reason[] = ['LiveWeightsDiffer', 'ForeignTargetGroup', 'HealthLost'];

/**
 * What a decision makes of a rollout. Every transition that isn't a person's word is made here (verbs: `said`;
 * writes that end: `settled`; the start: `started`).
 */
export function decided(rollout: Rollout, seen: Observation, decision: Decision, now: Instant): Change {
  const suspicion = suspected(rollout, seen, decision);
  if (suspicion !== null) return suspectedChange(decision, suspicion, now + nextLookMs(seen));
  const told = { reason: decision.reason, message: decision.message, beside: decision.beside, suspicion: null };
  switch (decision.kind) {
    case 'hold':
      return { ...nothing, rollout: { ...told, diffs: [] }, wakeAt: decision.wakeAt };
    case 'shift':
      return {
        ...nothing,
        rollout: { ...told, diffs: [], stepIndex: decision.stepIndex, advanceRequestedBy: null, holdFrom: now },
        routes: rollout.routes.map((route) => stepBegins(route, decision, now)),
        ledger: line(decision, decision.stepIndex, summary(rollout, seen, decision)),
        move: stepMove(rollout, decision.stepIndex, decision.changes),
        wakeAt: decision.wakeAt,
      };
    case 'rollback':
      return {
        ...goingBack(rollout, decision.changes, now),
        rollout: { ...goingBack(rollout, decision.changes, now).rollout, ...told, diffs: [] },
        ledger: line(decision, null, summary(rollout, seen, decision)),
        supersede: decision.message,
        wakeAt: decision.wakeAt,
      };
    case 'block':
      return {
        ...nothing,
        rollout: {
          ...told,
          diffs: decision.diffs,
          state: 'Blocked',
          pausedFrom: movingState(rollout),
          holdFrom: null,
          // who asked to go on asked before this was known
          advanceRequestedBy: null,
        },
        routes: bankHolds(rollout, seen, now),
        ledger: line(decision, rollout.stepIndex, summary(rollout, seen, decision)),
      };
    case 'finish':
      return finished(rollout, decision, now, line(decision, rollout.stepIndex, summary(rollout, seen, decision)));
  }
}

/** What the end of a write makes of its route. `live` is what was seen or verified; a failed write leaves the route as it was. */
export function settled(
  route: Pick<RouteProgress, 'routeId'>,
  write: { readonly purpose: WriteFact['purpose']; readonly stepIndex: number | null },
  outcome: { readonly state: 'applied' | 'failed' | 'superseded'; readonly live: Weights | null },
  at: Instant,
): RoutePatch | null {
  if (outcome.state !== 'applied' || outcome.live === null) return null;
  return {
    routeId: route.routeId,
    expected: outcome.live,
    verifiedAt: at,
    heldMs: 0,
    ...(write.purpose === 'step' && write.stepIndex !== null && { stepIndex: write.stepIndex }),
  };
}

/** Every route at its beginning, as the plan was compiled and its routes were seen. */
export function started(
  rollout: Rollout,
  plan: FrozenPlan,
  actor: string,
  reason: string | null,
  now: Instant,
): Change {
  return {
    ...nothing,
    rollout: {
      state: 'Running',
      startedAt: now,
      stepIndex: -1,
      holdFrom: now,
      suspicion: null,
      reason: 'NextStep',
      message: 'Started; the first step is next.',
      beside: [],
      diffs: [],
    },
    routes: plan.routes.map((route) => ({
      routeId: route.id,
      stepIndex: -1,
      baseline: route.baseline,
      expected: route.baseline,
      verifiedAt: null,
      heldMs: 0,
      touched: false,
      write: null,
    })),
    ledger: {
      kind: 'start',
      reason: 'Started',
      message: reason ?? 'The rollout starts.',
      actor,
      stepIndex: null,
      facts: {},
      decideVersion: null,
    },
    claims: 'take',
    plan,
    wakeAt: now,
  };
}

/** What a pause or block interrupts, to be gone on with. */
export function movingState(rollout: Rollout): 'Running' | 'RollingBack' {
  return rollout.state === 'RollingBack' || (rollout.state !== 'Running' && rollout.pausedFrom === 'RollingBack')
    ? 'RollingBack'
    : 'Running';
}

/** The holds served until now, kept while none counts. */
export function bankHolds(rollout: Rollout, seen: Observation, now: Instant): readonly RoutePatch[] {
  return rollout.plan.routes.flatMap((route): RoutePatch[] => {
    const heldMs = Math.floor(heldOnRoute(rollout, seen, route, now));
    return heldMs > 0 ? [{ routeId: route.id, heldMs }] : [];
  });
}

/** Going back, whoever said so: what is decided later belongs to the way back, and nothing older is sent any more. */
export function goingBack(rollout: Rollout, changes: Parameters<typeof backMove>[1], now: Instant): Change {
  return {
    ...nothing,
    rollout: {
      state: 'RollingBack',
      pausedFrom: null,
      finishedAt: null,
      bakesUntil: null,
      holdFrom: null,
      advanceRequestedBy: null,
      suspicion: null,
      diffs: [],
    },
    move: backMove(rollout, changes),
    supersede: 'superseded by the rollback',
    wakeAt: now,
  };
}

function stepBegins(route: RouteProgress, decision: Extract<Decision, { kind: 'shift' }>, now: Instant): RoutePatch {
  if (decision.left.includes(route.routeId)) return { routeId: route.routeId };
  const writes = decision.changes.some((change) => change.routeId === route.routeId);
  const sameStep = route.stepIndex === decision.stepIndex && route.verifiedAt !== null;
  if (!writes && sameStep) return { routeId: route.routeId };
  return {
    routeId: route.routeId,
    stepIndex: decision.stepIndex,
    verifiedAt: writes ? null : now,
    heldMs: 0,
    ...(!writes && { write: null }),
  };
}

function finished(
  rollout: Rollout,
  decision: Extract<Decision, { kind: 'finish' }>,
  now: Instant,
  ledger: LedgerLine,
): Change {
  const succeeded = decision.outcome === 'Succeeded';
  return {
    ...nothing,
    rollout: {
      state: decision.outcome,
      reason: decision.reason,
      message: decision.message,
      beside: decision.beside,
      suspicion: null,
      diffs: [],
      holdFrom: null,
      finishedAt: now,
      bakesUntil: succeeded ? now + rollout.plan.bakeMs : null,
    },
    ledger,
    claims: 'release',
    steady: Object.fromEntries(
      rollout.plan.routes.flatMap((route) => {
        const shares = succeeded ? rollout.plan.steps.at(-1)?.shares : sharesBefore(route);
        return shares ? [[route.id, shares] as const] : [];
      }),
    ),
  };
}

/** The shares that one route's backends had among themselves before the rollout, by name; null when none had any. */
function sharesBefore(route: FrozenRoute): Readonly<Record<string, Permille>> | null {
  const shares = presentShares(route, route.baseline);
  return shares && Object.fromEntries(route.backends.map((backend, i) => [backend.name, shares[i] ?? 0]));
}

/** Seen for the first time, or again by the same looks: not yet enough to stop for. null = act on it. */
function suspected(rollout: Rollout, seen: Observation, decision: Decision): Rollout['suspicion'] {
  if ((decision.kind !== 'block' && decision.kind !== 'rollback') || !neededTwice.includes(decision.reason))
    return null;
  // a write that failed for it was itself the second look
  if (seen.writes.some((write) => write.state === 'failed')) return null;
  const seenAt = decision.seenAt ?? 0;
  const { suspicion } = rollout;
  if (suspicion?.reason === decision.reason) return seenAt > suspicion.seenAt ? null : suspicion;
  return { reason: decision.reason, seenAt };
}

function suspectedChange(decision: Decision, suspicion: NonNullable<Rollout['suspicion']>, wakeAt: Instant): Change {
  const message = `Seen once: ${decision.message} It is looked at again before anything stops for it.`;
  return {
    ...nothing,
    rollout: { suspicion, reason: decision.reason, message, beside: decision.beside, diffs: [] },
    wakeAt,
  };
}

/** After how long somebody will have looked again; asking Postgres once more often costs little. */
function nextLookMs(seen: Observation): number {
  const facts = [...Object.values(seen.routes), ...Object.values(seen.health)];
  const freshForMs = Math.min(10_000, ...facts.map((fact) => (fact.ok ? (fact.freshForMs ?? 10_000) : 10_000)));
  return Math.max(50, Math.ceil(freshForMs / 2));
}

function line(decision: Decision, stepIndex: number | null, facts: Readonly<Record<string, unknown>>): LedgerLine {
  const { kind, reason, message } = decision;
  return { kind, reason, message, actor: engine, stepIndex, facts, decideVersion };
}

/** What a decision stood on, small enough to be kept for ever: counts, ages, and the check's own facts. */
function summary(rollout: Rollout, seen: Observation, decision: Decision): Readonly<Record<string, unknown>> {
  const looks = Object.values(seen.routes).filter((fact) => fact.ok);
  const health = Object.values(seen.health).filter((fact) => fact.ok);
  const oldest = (facts: readonly { readonly at: Instant }[]) =>
    facts.length === 0 ? null : Math.min(...facts.map((fact) => fact.at));
  return {
    ...decision.facts,
    routes: { all: rollout.routes.length, seen: looks.length, oldestAt: oldest(looks) },
    targetGroups: { all: Object.keys(seen.health).length, seen: health.length, oldestAt: oldest(health) },
  };
}
