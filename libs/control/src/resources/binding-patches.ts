import { Conflict } from '@sluice/domain';
import type { ApplyBinding, BindingState, RemoveBinding } from '../ports/cluster-agent.js';
import { ExternalFailure } from '../ports/external-failure.js';
import type { Binding } from './types.js';

/** What a cluster's answer changes in a binding's row. */
export type BindingPatch = Partial<Pick<Binding, 'state' | 'reason' | 'message' | 'observed'>>;

export function appliedPatch(outcome: ApplyBinding): BindingPatch {
  if (outcome.result === 'refused')
    return { state: 'Refused', reason: outcome.reason, message: `${outcome.message} ${outcome.way}` };
  const [problem] = outcome.binding.problems;
  return {
    state: 'Applied',
    reason: problem ? problem.split(':')[0]! : null,
    message: problem ?? null,
    observed: outcome.binding,
  };
}

export function removedPatch(before: Binding, outcome: RemoveBinding): BindingPatch {
  if (outcome.result === 'refused')
    return { state: before.state, reason: outcome.reason, message: `${outcome.message} ${outcome.way}` };
  return outcome.result === 'removing'
    ? { state: 'Removing', reason: null, message: 'the cluster is deregistering its targets' }
    : { state: 'Removed', reason: null, message: null, observed: null };
}

/** What reading the cluster says of a binding; `state` null = the cluster answered that it isn't there. */
export function seenPatch(before: Binding, state: BindingState | null): BindingPatch {
  if (state) {
    const [problem] = state.problems;
    const kept = state.deleting ? 'Removing' : before.state === 'Refused' ? 'Refused' : 'Applied';
    return {
      state: kept,
      observed: state,
      ...(kept === 'Refused' ? {} : { reason: problem ? problem.split(':')[0]! : null, message: problem ?? null }),
    };
  }
  if (before.state === 'Removing' || before.state === 'Removed')
    return { state: 'Removed', reason: null, message: null, observed: null };
  return {
    state: 'Pending',
    reason: 'BindingMissing',
    message: 'the cluster answers that the binding is not there; apply it again',
    observed: null,
  };
}

export function failurePatch(error: unknown, state: Binding['state']): BindingPatch {
  const reason = error instanceof ExternalFailure ? error.code : error instanceof Conflict ? error.reason : 'Failed';
  const message =
    error instanceof ExternalFailure || error instanceof Conflict ? error.message : 'the cluster could not be asked';
  return { state, reason, message };
}
