import type { RolloutPatch } from '@sluice/domain';

const columns: { readonly [K in keyof RolloutPatch]-?: { column: string; kind: 'plain' | 'time' | 'json' } } = {
  state: { column: 'state', kind: 'plain' },
  stepIndex: { column: 'step_index', kind: 'plain' },
  holdFrom: { column: 'hold_from', kind: 'time' },
  advanceRequestedBy: { column: 'advance_requested_by', kind: 'plain' },
  pausedFrom: { column: 'paused_from', kind: 'plain' },
  suspicion: { column: 'suspicion', kind: 'json' },
  startedAt: { column: 'started_at', kind: 'time' },
  finishedAt: { column: 'finished_at', kind: 'time' },
  bakesUntil: { column: 'bakes_until', kind: 'time' },
  reason: { column: 'reason', kind: 'plain' },
  message: { column: 'message', kind: 'plain' },
  beside: { column: 'beside', kind: 'json' },
  diffs: { column: 'diffs', kind: 'json' },
};

/** Assignments of the present keys of a patch; `place` gives a value's placeholder. */
export function assignments(patch: RolloutPatch, place: (value: unknown) => string): readonly string[] {
  return Object.entries(columns).flatMap(([key, { column, kind }]) => {
    const value = patch[key as keyof RolloutPatch];
    if (value === undefined) return [];
    const placed = place(kind === 'json' && value !== null ? JSON.stringify(value) : value);
    return [kind === 'time' ? `${column} = to_timestamp(${placed}::float8 / 1000)` : `${column} = ${placed}`];
  });
}
