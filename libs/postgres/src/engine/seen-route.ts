import type { Fact, LiveRoute, Ownership, Run, Weights } from '@sluice/domain';
import { freshForMs } from '@sluice/domain';

type StoredLook<T> = { ok: true; value: T } | { ok: false; transient: boolean; code: string; message: string };

/** A fact beside whatever row it was joined to; every column is null where nothing was ever seen. */
export interface LookColumns<T, M> {
  at: Date | null;
  period_ms: number | null;
  look: StoredLook<T> | null;
  runs: Run<M>[] | null;
}

/** A route `r` with the newest looks at its action and owner; `r` may be missing, too. */
export interface SeenRouteColumns extends LookColumns<Omit<LiveRoute, 'ownership' | 'protocol' | 'port'>, Weights> {
  protocol: string | null;
  port: number | null;
  registered_owner: Ownership | null;
  owner: StoredLook<Ownership> | null;
}

/** The columns of `SeenRouteColumns`. AWS's whole document stays behind: only the lane writes from it. */
export const seenRouteColumns = `r.protocol, r.port, r.ownership AS registered_owner, o.look AS owner,
  a.at, a.period_ms, a.look #- '{value,document}' AS look, a.runs`;

/** What `seenRouteColumns` needs beside `routes r`. */
export const seenRouteJoins = `
  LEFT JOIN facts a ON a.account_id = r.account_id AND a.subject = 'action/' || r.arn
  LEFT JOIN facts o ON o.account_id = r.account_id AND o.subject = 'owner/' || r.arn`;

/** A stored look as a fact with its age and how long it counts. */
export function factOf<T>(row: LookColumns<T, unknown>): Fact<T> | null {
  if (row.at === null || row.look === null || row.period_ms === null) return null;
  const at = row.at.getTime();
  return row.look.ok
    ? { ok: true, at, value: row.look.value, freshForMs: freshForMs({ periodMs: row.period_ms }) }
    : { ...row.look, at };
}

/** The action as last seen, owned by whom its tags last said (at registration, where nothing newer is known). */
export function liveFactOf(row: SeenRouteColumns): Fact<LiveRoute> | null {
  const fact = factOf(row);
  if (!fact?.ok) return fact;
  const ownership = row.owner?.ok ? row.owner.value : (row.registered_owner ?? { kind: 'unowned' as const });
  return { ...fact, value: { ...fact.value, ownership, protocol: row.protocol ?? '', port: row.port ?? 0 } };
}

/** For an object of what there is: nothing where there is none. */
export const entry = <T>(key: string, value: T | null): readonly (readonly [string, T])[] =>
  value === null ? [] : [[key, value]];
