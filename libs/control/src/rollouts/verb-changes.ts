import type { RolloutVerb, RouteChange, Weights } from '@sluice/domain';
import { countHold, sameWeights } from '@sluice/domain';
import { movingState, startChange, writesOf } from './changes.js';
import type { NewDecision, RolloutChange, StoredRollout } from './rollout-store.js';

export interface VerbRequest {
  readonly actor: string;
  readonly reason: string | null;
  readonly now: number;
  /** Live weights by route id, read for this very verb; only `adopt` and `reassert` need them. */
  readonly live: Readonly<Record<string, Weights>>;
}

/** What each verb changes. The state has been checked before; nothing here moves a weight by itself. */
export const verbChanges: Readonly<
  Record<RolloutVerb, (rollout: StoredRollout, request: VerbRequest) => RolloutChange>
> = {
  start: (_rollout, { actor, reason, now }) => startChange(actor, reason, now),

  cancel: (_rollout, request) => ({
    patch: { state: 'Cancelled', finishedAt: request.now, wakeAt: null, ...said('Cancelled', request) },
    decision: line('cancel', request),
    release: true,
  }),

  pause: (rollout, request) => ({
    patch: {
      state: 'Paused',
      pausedFrom: movingState(rollout),
      ...countHold(rollout, request.now),
      heldCheckedAt: null,
      advanceRequestedBy: null,
      wakeAt: null,
      ...said('PausedByOperator', request),
    },
    decision: line('pause', request),
  }),

  resume: (rollout, request) => ({
    patch: {
      state: movingState(rollout),
      pausedFrom: null,
      heldCheckedAt: null,
      diffs: [],
      wakeAt: request.now,
      ...said('Resumed', request),
      ...forget(rollout),
    },
    decision: line('resume', request, rollout.stepIndex),
    ...supersedeIfBlocked(rollout, `decided anew: resumed by ${request.actor}`),
  }),

  advance: (_rollout, request) => ({
    patch: { advanceRequestedBy: request.actor, wakeAt: request.now },
    decision: line('advance', request),
  }),

  abort: (_rollout, request) => ({
    patch: {
      state: 'Aborted',
      finishedAt: request.now,
      wakeAt: null,
      writeDecisionId: null,
      advanceRequestedBy: null,
      ...said('Aborted', request),
    },
    supersede: `aborted by ${request.actor}`,
    decision: line('abort', request),
    release: true,
  }),

  rollback: (rollout, request) => ({
    patch: {
      state: 'RollingBack',
      pausedFrom: null,
      finishedAt: null,
      writeDecisionId: null,
      verifiedAt: null,
      heldMs: 0,
      heldCheckedAt: null,
      advanceRequestedBy: null,
      diffs: [],
      wakeAt: request.now,
      ...said('RollingBack', request),
    },
    supersede: `rolled back by ${request.actor}`,
    decision: line('rollback', request),
    acquire: rollout.state === 'Succeeded',
  }),

  adopt: (rollout, request) => ({
    patch: {
      state: movingState(rollout),
      pausedFrom: null,
      expected: { ...rollout.expected, ...request.live },
      writeDecisionId: null,
      verifiedAt: rollout.stepIndex >= 0 ? request.now : null,
      heldMs: 0,
      heldCheckedAt: null,
      diffs: [],
      wakeAt: request.now,
      ...said('Adopted', request),
    },
    decision: { ...line('adopt', request, rollout.stepIndex), facts: { live: request.live, before: rollout.expected } },
    believed: request.live,
    ...supersedeIfBlocked(rollout, `live weights adopted by ${request.actor}`),
  }),

  reassert: (rollout, request) => {
    const changes = reassertions(rollout, request.live);
    const asMeant = Object.fromEntries(
      Object.entries(request.live).filter(([routeId, live]) => sameWeights(live, target(rollout, routeId) ?? [])),
    );
    const rollsBack = movingState(rollout) === 'RollingBack';
    return {
      patch: {
        state: movingState(rollout),
        pausedFrom: null,
        expected: { ...rollout.expected, ...asMeant },
        diffs: [],
        wakeAt: request.now,
        ...said('Reasserted', request),
        ...(rollsBack || changes.length === 0 ? forget(rollout) : { verifiedAt: null, heldMs: 0, heldCheckedAt: null }),
      },
      decision: line(
        'reassert',
        request,
        rollout.stepIndex,
        rollsBack ? [] : changes,
        writesOf(rollout, rollout.stepIndex, 'reassert'),
      ),
      supersede: `reasserted by ${request.actor}`,
      believed: asMeant,
    };
  },
};

/** Every route whose live weights are not the current step's. */
function reassertions(rollout: StoredRollout, live: Readonly<Record<string, Weights>>): readonly RouteChange[] {
  return rollout.plan.routes.flatMap((route) => change(route.id, live[route.id], target(rollout, route.id)));
}

function change(routeId: string, before: Weights | undefined, after: Weights | undefined): readonly RouteChange[] {
  return before && after && !sameWeights(before, after) ? [{ routeId, before, after }] : [];
}

/** What the rollout means to be live on a route now: its step's weights, or before the first step what it began with. */
function target(rollout: StoredRollout, routeId: string): Weights | undefined {
  return rollout.plan.steps[rollout.stepIndex]?.weights[routeId] ?? rollout.expected[routeId];
}

/** The failed writes stand in the way no more: the step, or the rollback, is decided anew. */
function forget(rollout: StoredRollout): Partial<RolloutChange['patch']> {
  return rollout.state === 'Blocked' ? { writeDecisionId: null } : {};
}

/** Writes that were still queued beside the one that failed are decided anew with it. */
function supersedeIfBlocked(rollout: StoredRollout, why: string): Pick<RolloutChange, 'supersede'> {
  return rollout.state === 'Blocked' ? { supersede: why } : {};
}

function said(reason: keyof typeof sentences, { actor, reason: why }: VerbRequest) {
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

function line(
  kind: string,
  { actor, reason }: VerbRequest,
  stepIndex: number | null = null,
  changes: readonly RouteChange[] = [],
  writes: NewDecision['writes'] = null,
): NewDecision {
  return {
    kind,
    reason: kind,
    message: reason ?? `${kind} by ${actor}`,
    actor,
    stepIndex,
    changes,
    facts: {},
    writes: changes.length > 0 ? writes : null,
  };
}
