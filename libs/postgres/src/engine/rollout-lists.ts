import type { Pool } from 'pg';
import type { DecisionView, Page, PageRequest, RolloutSummary } from '@sluice/control';
import type { RolloutState } from '@sluice/domain';
import { cursorNumber, decodeCursor, encodeCursor } from './cursor.js';
import { keyset, Values, whereOf, type Sql } from './keyset.js';
import { toSummary } from './rollout-views.js';
import { toDecision, type DecisionRow, type RolloutRow } from './rows.js';

/** Newest first; each combination of filters has an index in that order. */
export async function listRollouts(
  pool: Pool,
  filter: { readonly projectId: string | null; readonly state: RolloutState | null },
  page: PageRequest,
): Promise<Page<RolloutSummary>> {
  const key = decodeCursor(page.cursor, 2);
  const values = new Values();
  const limit = values.place(page.limit + 1, 'int');
  const { where, orderBy } = keyset({
    within: {
      ...(filter.projectId === null ? {} : { project_id: values.place(filter.projectId, 'text') }),
      ...(filter.state === null ? {} : { state: values.place(filter.state, 'text') }),
    },
    by: ['created_at', 'id'],
    after: key && [
      `to_timestamp(${values.place(cursorNumber(key[0]!), 'float8')} / 1000)`,
      values.place(key[1], 'text'),
    ],
  });
  const { rows } = await pool.query<RolloutRow & { now: Date }>(
    `SELECT *, now() AS now FROM rollouts ${whereOf(where)} ORDER BY ${orderBy} LIMIT ${limit}`,
    values.all,
  );
  const items = rows.slice(0, page.limit).map((row) => toSummary(row, row.now.getTime()));
  const last = rows[page.limit - 1];
  return {
    items,
    next: rows.length > page.limit && last ? encodeCursor([String(last.created_at.getTime()), last.id]) : null,
  };
}

export interface DecisionFilter {
  readonly projectId: string | null;
  readonly rolloutId: string | null;
  readonly routeId: string | null;
}

/** Newest first. Those of a route are found by its writes, and come in the order of these. */
export async function listDecisions(
  pool: Pool,
  filter: DecisionFilter,
  page: PageRequest,
): Promise<Page<DecisionView>> {
  const key = decodeCursor(page.cursor, filter.routeId === null ? 1 : 2);
  const values = new Values();
  const limit = values.place(page.limit + 1, 'int');
  const after = key && [values.place(cursorNumber(key[0]!), 'bigint')];
  const text =
    filter.routeId === null ? ofLedger(filter, values, after) : ofRoute(filter.routeId, filter, values, after);
  const { rows } = await pool.query<DecisionRow & { place: string }>(`${text} LIMIT ${limit}`, values.all);
  const last = rows[page.limit - 1];
  const keyOf = ({ place }: { place: string }) => (filter.routeId === null ? [place] : [place, filter.routeId]);
  return {
    items: rows.slice(0, page.limit).map(toDecision),
    next: rows.length > page.limit && last ? encodeCursor(keyOf(last)) : null,
  };
}

function ofLedger({ projectId, rolloutId }: DecisionFilter, values: Values, after: readonly Sql[] | null): Sql {
  const project = projectId === null ? null : values.place(projectId, 'text');
  const rollout = rolloutId === null ? null : values.place(rolloutId, 'text');
  const { where, orderBy } = keyset({
    within: rollout ? { rollout_id: rollout } : project ? { project_id: project } : {},
    by: ['seq'],
    after,
  });
  const besides = rollout && project ? [`project_id = ${project}`] : [];
  return `SELECT *, seq AS place FROM decisions ${whereOf([...where, ...besides])} ORDER BY ${orderBy}`;
}

function ofRoute(
  routeId: string,
  { projectId, rolloutId }: DecisionFilter,
  values: Values,
  after: readonly Sql[] | null,
): Sql {
  const { where, orderBy } = keyset({ within: { 'i.route_id': values.place(routeId, 'text') }, by: ['i.seq'], after });
  const besides = [
    ...(projectId === null ? [] : [`i.project_id = ${values.place(projectId, 'text')}`]),
    ...(rolloutId === null ? [] : [`i.rollout_id = ${values.place(rolloutId, 'text')}`]),
  ];
  return `SELECT d.*, i.seq AS place FROM intents i JOIN decisions d ON d.id = i.decision_id
          ${whereOf([...where, ...besides])} ORDER BY ${orderBy}`;
}
