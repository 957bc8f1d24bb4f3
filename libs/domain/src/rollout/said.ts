import type { LedgerReason } from '../reasons.js';
import { sameWeights } from '../weights/equal.js';
import type { Weights } from '../weights/types.js';
import { wayBack } from './back.js';
import { nothing, type Change, type LedgerLine, type RoutePatch } from './change.js';
import type { RouteChange } from './decision.js';
import { bankHolds, goingBack, movingState } from './evolve.js';
import { expectedOf, progressOf } from './progress.js';
import { stepMove } from './proposals.js';
import type { RolloutVerb } from './states.js';
import { weightsOfStep } from './step-weights.js';
import type { FrozenRoute, Instant, Observation, Rollout } from './types.js';

/** A person's word. `start` is not here: see `started`. */
export type SaidVerb = Exclude<RolloutVerb, 'start'>;

export function isSaidVerb(verb: string): verb is SaidVerb {
  return Object.hasOwn(words, verb);
}

export interface Said {
  readonly verb: SaidVerb;
  readonly actor: string;
  readonly reason: string | null;
  /** Routes that an adopt or reassert is about; null = all that differ (on the way back: all that can't be taken back). */
  readonly routeIds?: readonly string[] | null;
}

/** What a verb makes of a rollout. That the state allows it has been asked before (`verbAllowed`). */
export function said(rollout: Rollout, seen: Observation, word: Said, now: Instant): Change {
  const change = words[word.verb](rollout, seen, word, now);
  return { ...change, word: { reason: word.reason, routeIds: word.routeIds ?? null } };
}

type Says = (rollout: Rollout, seen: Observation, word: Said, now: Instant) => Change;

const words: Readonly<Record<SaidVerb, Says>> = {
  cancel: (_rollout, _seen, word, now) => ({
    ...nothing,
    rollout: { state: 'Cancelled', finishedAt: now, ...told('Cancelled', word) },
    ledger: line(word),
    supersede: `cancelled by ${word.actor}`,
    claims: 'release',
  }),

  pause: (rollout, seen, word, now) => ({
    ...nothing,
    rollout: {
      state: 'Paused',
      pausedFrom: movingState(rollout),
      holdFrom: null,
      advanceRequestedBy: null,
      suspicion: null,
      ...told('PausedByOperator', word),
    },
    routes: bankHolds(rollout, seen, now),
    ledger: line(word),
    supersede: `paused by ${word.actor}`,
  }),

  resume: (rollout, seen, word, now) => ({
    ...goesOn(rollout, seen, word, 'Resumed', now),
    ledger: line(word, rollout.stepIndex),
  }),

  advance: (_rollout, _seen, word, now) => ({
    ...nothing,
    rollout: { advanceRequestedBy: word.actor },
    ledger: line(word),
    wakeAt: now,
  }),

  abort: (_rollout, _seen, word, now) => ({
    ...nothing,
    rollout: {
      state: 'Aborted',
      finishedAt: now,
      holdFrom: null,
      pausedFrom: null,
      advanceRequestedBy: null,
      suspicion: null,
      diffs: [],
      ...told('Aborted', word),
    },
    ledger: line(word),
    supersede: `aborted by ${word.actor}`,
    claims: 'release',
  }),

  rollback: (rollout, seen, word, now) => {
    const back = goingBack(rollout, changesBackNow(rollout, seen), now);
    return {
      ...back,
      rollout: { ...back.rollout, ...told('RollingBack', word) },
      // every write of the way up is settled by the way back; failures of an earlier way back are tried again
      routes: rollout.routes.map((route) => ({ routeId: route.routeId, write: null })),
      ledger: line(word),
      supersede: `rolled back by ${word.actor}`,
      claims: 'take',
    };
  },

  adopt: (rollout, seen, word, now) => {
    const live = adoptable(rollout, seen, word);
    const goes = goesOn(rollout, seen, word, 'Adopted', now);
    return {
      ...goes,
      routes: goes.routes
        .filter(({ routeId }) => !word.routeIds || word.routeIds.includes(routeId))
        .map((patch) => {
          const weights = live[patch.routeId];
          return weights
            ? { ...patch, ...takenAsRight(rollout, seen, patch.routeId, weights, now), write: null }
            : patch;
        }),
      ledger: { ...line(word, rollout.stepIndex), facts: { live, before: expectedBefore(rollout, live) } },
      adopted: live,
    };
  },

  reassert: (rollout, seen, word, now) => {
    const live = liveOf(rollout, seen, word);
    const rollsBack = isGoingBack(rollout);
    const goes = goesOn(rollout, seen, word, 'Reasserted', now);
    const changes = rollsBack ? [] : reassertions(rollout, live);
    const asMeant = Object.fromEntries(
      Object.entries(live).filter(([routeId]) => !changes.some((change) => change.routeId === routeId)),
    );
    return {
      ...goes,
      routes: [
        ...Object.entries(rollsBack ? {} : asMeant).map(([routeId, weights]) => ({
          routeId,
          expected: weights,
          write: null,
        })),
        ...changes.map(({ routeId }) => ({ routeId, verifiedAt: null, heldMs: 0 })),
        ...(rollsBack ? goes.routes : []),
      ],
      ledger: line(word, rollout.stepIndex),
      move: stepMove(rollout, rollout.stepIndex, changes, 'reassert'),
      adopted: rollsBack ? null : asMeant,
    };
  },
};

/** Back to what was interrupted. What failed or was queued is decided anew. */
function goesOn(
  rollout: Rollout,
  seen: Observation,
  word: Said,
  how: 'Resumed' | 'Adopted' | 'Reasserted',
  now: Instant,
): Change {
  return {
    ...nothing,
    rollout: {
      state: movingState(rollout),
      pausedFrom: null,
      holdFrom: movingState(rollout) === 'Running' ? now : null,
      suspicion: null,
      diffs: [],
      ...told(how, word),
    },
    routes: rollout.routes
      .filter((route) => !isProvenBack(rollout, seen, route.routeId))
      .map((route) => ({ routeId: route.routeId, write: null })),
    supersede: `decided anew: ${how.toLowerCase()} by ${word.actor}`,
    wakeAt: now,
  };
}

/** What a verified write has taken back already stays back; nothing is written twice for a pause. */
function isProvenBack(rollout: Rollout, seen: Observation, routeId: string): boolean {
  return (
    isGoingBack(rollout) &&
    seen.writes.some((one) => one.routeId === routeId && one.purpose === 'rollback' && one.state === 'applied')
  );
}

function isGoingBack(rollout: Rollout): boolean {
  return movingState(rollout) === 'RollingBack';
}

/** On the way up a person's weights stand for the step's, but a refused write is never counted as done (it is decided anew). */
function takenAsRight(
  rollout: Rollout,
  seen: Observation,
  routeId: string,
  weights: Weights,
  now: Instant,
): Omit<RoutePatch, 'routeId'> {
  if (isGoingBack(rollout)) return { expected: weights, baseline: weights, touched: false };
  const isRefused = seen.writes.some(
    (write) => write.routeId === routeId && write.state === 'failed' && write.live === null,
  );
  if (rollout.stepIndex < 0 || isRefused) return { expected: weights };
  return { expected: weights, stepIndex: rollout.stepIndex, verifiedAt: now, heldMs: 0 };
}

/**
 * The weights that a person takes as right. Where they name no route it is those that are not as we left them: a route
 * whose write merely waits is neither taken for done on the way up, nor left behind on the way back.
 */
function adoptable(rollout: Rollout, seen: Observation, word: Said): Readonly<Record<string, Weights>> {
  const live = liveOf(rollout, seen, word);
  if (word.routeIds) return live;
  return Object.fromEntries(
    rollout.plan.routes.flatMap((route) => {
      const weights = live[route.id];
      return weights && isInDispute(rollout, seen, route, weights) ? [[route.id, weights] as const] : [];
    }),
  );
}

function isInDispute(rollout: Rollout, seen: Observation, route: FrozenRoute, live: Weights): boolean {
  if (!isGoingBack(rollout)) return !sameWeights(live, expectedOf(rollout, route));
  const write = seen.writes.find((one) => one.routeId === route.id && one.purpose === 'rollback');
  return write?.state === 'failed' || wayBack(rollout, route, live, write).kind === 'impossible';
}

/**
 * The writes of a rollback, from what is known when it is said: nothing is observed first. Routes that were never
 * written and are not known to differ are left to `decide`, which waits for a read of them.
 */
function changesBackNow(rollout: Rollout, seen: Observation): readonly RouteChange[] {
  return rollout.plan.routes.flatMap((route) => {
    const fact = seen.routes[route.id];
    const progress = progressOf(rollout, route.id);
    const live = fact?.ok && !progress?.touched ? fact.value.action.weights : null;
    const way = wayBack(rollout, route, live, undefined);
    return way.kind === 'write' ? [way.change] : [];
  });
}

/** Every route whose live weights are not the current step's. */
function reassertions(rollout: Rollout, live: Readonly<Record<string, Weights>>): readonly RouteChange[] {
  return rollout.plan.routes.flatMap((route): readonly RouteChange[] => {
    const before = live[route.id];
    const after = before && target(rollout, route, before);
    return before && after && !sameWeights(before, after) ? [{ routeId: route.id, before, after }] : [];
  });
}

/** What the rollout means to be live on a route now: its step's weights, or before the first step what it began with. */
function target(rollout: Rollout, route: FrozenRoute, live: Weights): Weights | null {
  const progress = progressOf(rollout, route.id);
  const step = rollout.plan.steps[rollout.stepIndex];
  if (!step) return progress?.expected ?? null;
  const built = weightsOfStep(route, step, live);
  return built.ok ? built.weights : null;
}

/** The newest weights seen on the routes that the word is about. */
function liveOf(rollout: Rollout, seen: Observation, word: Said): Readonly<Record<string, Weights>> {
  return Object.fromEntries(
    rollout.plan.routes.flatMap((route) => {
      if (word.routeIds && !word.routeIds.includes(route.id)) return [];
      const fact = seen.routes[route.id];
      return fact?.ok ? [[route.id, fact.value.action.weights] as const] : [];
    }),
  );
}

function expectedBefore(rollout: Rollout, live: Readonly<Record<string, Weights>>): Readonly<Record<string, Weights>> {
  return Object.fromEntries(
    rollout.routes.filter((route) => live[route.routeId]).map((route) => [route.routeId, route.expected]),
  );
}

function told(reason: keyof typeof sentences, { actor, reason: why }: Said) {
  const [act, then] = sentences[reason];
  return { reason, message: `${act} by ${actor}${why ? `: ${why}` : ''}.${then}` };
}

/** What was done, and what that means for the weights. */
const sentences = {
  Cancelled: ['Cancelled', ''],
  PausedByOperator: ['Paused', ' Weights stay as they are until resume, abort or rollback.'],
  Resumed: ['Resumed', ''],
  Aborted: ['Aborted', ' Weights stay as they are.'],
  RollingBack: ['Rollback asked for', ' It goes back to the shares before the rollout.'],
  Adopted: ['Live weights adopted', ''],
  Reasserted: ['Weights of the step reasserted', ''],
} as const;

/** What the ledger calls it. */
const reasonOf: Readonly<Record<SaidVerb, LedgerReason>> = {
  cancel: 'Cancelled',
  pause: 'PausedByOperator',
  resume: 'Resumed',
  advance: 'Advanced',
  abort: 'Aborted',
  rollback: 'RollingBack',
  adopt: 'Adopted',
  reassert: 'Reasserted',
};

function line({ verb, actor, reason }: Said, stepIndex: number | null = null): LedgerLine {
  return {
    kind: verb,
    reason: reasonOf[verb],
    message: reason ?? `${verb} by ${actor}`,
    actor,
    stepIndex,
    facts: {},
    decideVersion: null,
  };
}
