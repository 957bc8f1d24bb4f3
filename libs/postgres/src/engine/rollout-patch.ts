import type { RolloutPatch } from '@sluice/domain';

interface Assignment {
  readonly sql: string;
  readonly values: readonly unknown[];
}

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

/** `SET` list for the present keys of a patch; placeholders start at `first`. */
export function assignments(patch: RolloutPatch, first: number): Assignment {
  const parts: string[] = [];
  const values: unknown[] = [];
  for (const [key, { column, kind }] of Object.entries(columns)) {
    const value = patch[key as keyof RolloutPatch];
    if (value === undefined) continue;
    const place = `$${String(first + values.length)}`;
    parts.push(kind === 'time' ? `${column} = to_timestamp(${place}::float8 / 1000)` : `${column} = ${place}`);
    values.push(kind === 'json' && value !== null ? JSON.stringify(value) : value);
  }
  return { sql: parts.join(', '), values };
}
