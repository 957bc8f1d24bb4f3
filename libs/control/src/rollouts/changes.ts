import type { Decision, Permille } from '@sluice/domain';
import { countHold, shareOf } from '@sluice/domain';
import type { NewDecision, RolloutChange, StoredRollout } from './rollout-store.js';

const engine = 'system:rollout';

/** What a decision changes, as one transaction. */
export function changeFor(rollout: StoredRollout, decision: Decision, now: number): RolloutChange {
  const told = { reason: decision.reason, message: decision.message, beside: decision.beside, wakeAt: decision.wakeAt };
  switch (decision.kind) {
    case 'hold':
      return { patch: { ...told, diffs: [], ...countHold(rollout, now) } };
    case 'shift':
      return {
        patch: {
          ...told,
          ...beginStep(decision.changes.length > 0, now),
          diffs: [],
          stepIndex: decision.stepIndex,
          advanceRequestedBy: null,
        },
        decision: ledgerLine(
          decision,
          decision.stepIndex,
          decision.changes,
          writesOf(rollout, decision.stepIndex, 'step'),
        ),
      };
    case 'rollback':
      return decision.changes.length === 0
        ? finishChange(rollout, { ...decision, outcome: 'RolledBack' }, now)
        : {
            patch: { ...told, ...beginStep(true, now), diffs: [], state: 'RollingBack', advanceRequestedBy: null },
            supersede: decision.message,
            decision: ledgerLine(decision, null, decision.changes, writesOf(rollout, rollout.stepIndex, 'rollback')),
          };
    case 'block':
      return {
        patch: {
          ...told,
          diffs: decision.diffs,
          state: 'Blocked',
          pausedFrom: movingState(rollout),
          ...countHold(rollout, now),
          heldCheckedAt: null,
          // who asked to go on asked before this was known
          advanceRequestedBy: null,
        },
        decision: ledgerLine(decision, rollout.stepIndex, [], null),
      };
    case 'finish':
      return finishChange(rollout, decision, now);
  }
}

/** Scheduled -> Running, by its time or by a person. */
export function startChange(actor: string, reason: string | null, now: number): RolloutChange {
  return {
    patch: {
      state: 'Running',
      startedAt: now,
      wakeAt: now,
      reason: 'NextStep',
      message: 'Started; looking at the routes before the first step.',
    },
    decision: {
      kind: 'start',
      reason: 'Started',
      message: reason ?? 'The rollout starts.',
      actor,
      stepIndex: null,
      changes: [],
      facts: {},
      writes: null,
    },
  };
}

/** What a pause or block interrupts, to be gone on with. */
export function movingState(rollout: StoredRollout): 'Running' | 'RollingBack' {
  return rollout.state === 'RollingBack' || (rollout.state !== 'Running' && rollout.pausedFrom === 'RollingBack')
    ? 'RollingBack'
    : 'Running';
}

/** How a step's writes are made: its own health gate, the plan's fact age, the person who forced it. */
export function writesOf(
  rollout: StoredRollout,
  stepIndex: number,
  purpose: 'step' | 'rollback' | 'reassert',
): NonNullable<NewDecision['writes']> {
  const gate = rollout.plan.steps[stepIndex]?.gates.find((one) => one.kind === 'health');
  return {
    purpose,
    minHealthyTargets: gate?.minHealthyTargets ?? rollout.plan.minHealthyTargets,
    maxFactAgeMs: rollout.plan.maxFactAgeMs,
    forced: rollout.forced,
  };
}

function beginStep(writes: boolean, now: number) {
  return { verifiedAt: writes ? null : now, heldMs: 0, heldCheckedAt: writes ? null : now };
}

function finishChange(
  rollout: StoredRollout,
  decision: { reason: string; message: string; outcome: 'Succeeded' | 'RolledBack'; beside: Decision['beside'] },
  now: number,
): RolloutChange {
  return {
    patch: {
      state: decision.outcome,
      reason: decision.reason,
      message: decision.message,
      beside: decision.beside,
      diffs: [],
      finishedAt: now,
      wakeAt: null,
      writeDecisionId: null,
    },
    decision: ledgerLine({ ...decision, kind: 'finish' }, rollout.stepIndex, [], null),
    release: true,
    steadyShares:
      decision.outcome === 'Succeeded' ? (rollout.plan.steps.at(-1)?.shares ?? {}) : baselineShares(rollout),
  };
}

/** Shares before the rollout, by backend name, of its first route (steps give every route the same shares). */
function baselineShares(rollout: StoredRollout): Readonly<Record<string, Permille>> {
  const route = rollout.plan.routes[0];
  return Object.fromEntries(
    (route?.backends ?? []).map((backend) => [
      backend.name,
      Math.round(shareOf(route?.baseline ?? [], backend.targetGroupArn)),
    ]),
  );
}

function ledgerLine(
  decision: { kind: string; reason: string; message: string; facts?: Readonly<Record<string, unknown>> },
  stepIndex: number | null,
  changes: NewDecision['changes'],
  writes: NewDecision['writes'],
): NewDecision {
  return {
    kind: decision.kind,
    reason: decision.reason,
    message: decision.message,
    actor: engine,
    stepIndex,
    changes,
    facts: decision.facts ?? {},
    writes,
  };
}
