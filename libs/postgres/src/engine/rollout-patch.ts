import type { RolloutPatch } from '@sluice/control';

interface Assignment {
  readonly sql: string;
  readonly values: readonly unknown[];
}

const columns: { readonly [K in keyof RolloutPatch]-?: { column: string; kind: 'plain' | 'time' | 'json' } } = {
  state: { column: 'state', kind: 'plain' },
  stepIndex: { column: 'step_index', kind: 'plain' },
  verifiedAt: { column: 'verified_at', kind: 'time' },
  heldMs: { column: 'held_ms', kind: 'plain' },
  heldCheckedAt: { column: 'held_checked_at', kind: 'time' },
  expected: { column: 'expected', kind: 'json' },
  advanceRequestedBy: { column: 'advance_requested_by', kind: 'plain' },
  pausedFrom: { column: 'paused_from', kind: 'plain' },
  writeDecisionId: { column: 'write_decision_id', kind: 'plain' },
  startedAt: { column: 'started_at', kind: 'time' },
  finishedAt: { column: 'finished_at', kind: 'time' },
  reason: { column: 'reason', kind: 'plain' },
  message: { column: 'message', kind: 'plain' },
  beside: { column: 'beside', kind: 'json' },
  diffs: { column: 'diffs', kind: 'json' },
  wakeAt: { column: 'wake_at', kind: 'time' },
};

/** `SET` list for the present keys of a patch; placeholders start at `first`. */
export function assignments(patch: RolloutPatch, first: number): Assignment {
  const parts: string[] = [];
  const values: unknown[] = [];
  for (const [key, { column, kind }] of Object.entries(columns)) {
    const value = patch[key as keyof RolloutPatch];
    if (value === undefined) continue;
    const place = `$${String(first + values.length)}`;
    parts.push(kind === 'time' ? `${column} = to_timestamp(${place}::float8 / 1000)` : `${column} = ${place}`);
    values.push(kind === 'json' ? JSON.stringify(value) : value);
  }
  return { sql: parts.join(', '), values };
}
