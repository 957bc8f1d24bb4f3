import type { Pool, PoolClient } from 'pg';
import type { Announcement, CommitResult, Ids, LoadedRollout } from '@sluice/control';
import type { Actor, Change, EnginePart, EventType, Rollout } from '@sluice/domain';
import { engineActor, evidenceOf, isEmergency, watchesOthers } from '@sluice/domain';
import { refuseOverNewer, releaseClaims, takeClaims } from './claims.js';
import type { FrozenPlans } from './frozen-plans.js';
import { addGuards, guardsHold, lockGuard, moveGuard } from './guards.js';
import { appendEvent, eventOf } from './ledger-writes.js';
import { addMove, supersedePending } from './moves.js';
import { OneStatement } from './one-statement.js';
import { assignments } from './rollout-patch.js';
import { toSummary } from './rollout-views.js';
import type { RolloutRow } from './rows.js';
import { again, inTransaction } from './transaction.js';
import { addWakeup } from './wakeups.js';

export interface Writer {
  readonly ids: Ids;
  readonly plans: FrozenPlans;
}

/**
 * Stores one transition. Lock order everywhere: guards, claims, the rollout, its routes, routes, intents, each by id.
 * `moved`: the revision or a guard that the change relies on is not what it was.
 */
export function commitChange(
  pool: Pool,
  writer: Writer,
  loaded: LoadedRollout,
  change: Change,
  part: EnginePart,
): Promise<CommitResult> {
  const { supersede, claims, plan, steady, adopted } = change;
  const isPlain = supersede === null && claims === 'keep' && !plan && !steady && !adopted;
  return isPlain
    ? again(() => commitAtOnce(pool, writer, loaded, change, part))
    : inTransaction(pool, (client) => commitInParts(client, writer, loaded, change, part));
}

/** What most decisions are: guards, rollout, routes and intents in one statement, which takes its locks in that order. */
async function commitAtOnce(
  pool: Pool,
  writer: Writer,
  loaded: LoadedRollout,
  change: Change,
  part: EnginePart,
): Promise<CommitResult> {
  const statement = new OneStatement();
  addGuards(statement, reliedOn(loaded, change));
  addChange(statement, writer.ids, loaded, change, {
    frozenPlanId: null,
    only: '(SELECT hold FROM guarded)',
    teller: engineActor(part),
  });
  const changed = await statement.run(pool, 'SELECT 1 FROM changed');
  return changed.length === 0 ? 'moved' : 'committed';
}

async function commitInParts(
  client: PoolClient,
  writer: Writer,
  loaded: LoadedRollout,
  change: Change,
  part: EnginePart,
): Promise<CommitResult> {
  const { rollout } = loaded;
  const own = `rollout/${rollout.id}`;
  if (change.supersede !== null) await lockGuard(client, own);
  if (!(await guardsHold(client, reliedOn(loaded, change)))) return 'moved';
  if (change.claims === 'take') await claimRoutes(client, writer, loaded, change);
  const locked = await client.query('SELECT 1 FROM rollouts WHERE id = $1 AND revision = $2 FOR UPDATE', [
    rollout.id,
    loaded.revision,
  ]);
  if (locked.rowCount === 0) return 'moved';
  await applyChange(client, writer, loaded, change, { actor: engineActor(part), before: null });
  return 'committed';
}

/** The same for a person's word: the rollout is locked already, so nothing can have moved. */
export async function applySaid(
  client: PoolClient,
  writer: Writer,
  loaded: LoadedRollout & { readonly row: RolloutRow },
  change: Change,
  actor: Actor,
  options: { readonly refuseOverNewer?: boolean },
): Promise<void> {
  if (options.refuseOverNewer && ['Succeeded', 'Aborted', 'Failed'].includes(loaded.rollout.state))
    await refuseOverNewer(client, loaded.rollout.id);
  if (change.claims === 'take') await claimRoutes(client, writer, loaded, change);
  const before = { ...toSummary(loaded.row, loaded.now) };
  await applyChange(client, writer, loaded, change, { actor, before });
}

/** A planned move relies on all that it was decided under; everything else on the rollout alone. */
function reliedOn(loaded: LoadedRollout, change: Change): Readonly<Record<string, bigint>> {
  const own = `rollout/${loaded.rollout.id}`;
  const keys = [own];
  if (change.move && !isEmergency(change.move.purpose)) {
    keys.push(`freeze/${loaded.rollout.projectId}`);
    for (const proposal of change.move.proposals) {
      keys.push(`route/${proposal.routeId}`, ...proposal.raisedClusterIds.map((id) => `cluster/${id}`));
    }
  }
  return Object.fromEntries(
    [...new Set(keys)].flatMap((key) => {
      const version = loaded.guards[key];
      return version === undefined ? [] : [[key, version]];
    }),
  );
}

/** At a start the rollout's routes become those of the plan as compiled just now (a selector may match others by then). */
async function claimRoutes(client: PoolClient, writer: Writer, loaded: LoadedRollout, change: Change): Promise<void> {
  if (change.plan)
    await putRoutes(
      client,
      loaded.rollout.id,
      change.plan.routes.map((route) => route.id),
    );
  await takeClaims(client, loaded.rollout.id);
}

/** One row per route of a rollout, in the plan's order. */
export async function putRoutes(client: PoolClient, rolloutId: string, routeIds: readonly string[]): Promise<void> {
  await client.query('DELETE FROM rollout_routes WHERE rollout_id = $1 AND NOT (route_id = ANY($2))', [
    rolloutId,
    routeIds,
  ]);
  await client.query(
    `INSERT INTO rollout_routes (rollout_id, route_id, position)
     SELECT $1, n.id, n.position FROM unnest($2::text[]) WITH ORDINALITY AS n (id, position)
     ON CONFLICT (rollout_id, route_id) DO UPDATE SET position = excluded.position`,
    [rolloutId, routeIds],
  );
}

/** Who changes it; a person's word is told with what the rollout was before and is after. */
type Told = Pick<Announcement, 'actor' | 'before'>;

/** With the rollout locked, or known to be, by a statement before this one. */
async function applyChange(
  client: PoolClient,
  writer: Writer,
  loaded: LoadedRollout,
  change: Change,
  { actor, before }: Told,
): Promise<void> {
  const { rollout } = loaded;
  let { guards } = loaded;
  if (change.supersede !== null) {
    const own = `rollout/${rollout.id}`;
    guards = { ...guards, [own]: await moveGuard(client, own) };
  }
  if (change.claims === 'release') await releaseClaims(client, rollout.id);
  const frozenPlanId = change.plan ? await writer.plans.put(client, change.plan) : null;
  const statement = new OneStatement();
  const decisionId = addChange(statement, writer.ids, { ...loaded, guards }, change, {
    frozenPlanId,
    only: 'true',
    teller: before === null ? actor : null,
  });
  const [row] = await statement.run<RolloutRow>(client, 'SELECT * FROM changed');
  if (change.steady) await setSteadyShares(client, actor, change.steady);
  if (change.supersede !== null) await supersedePending(client, rollout.id, change.supersede, decisionId);
  if (change.adopted && decisionId !== null) await adopt(client, change.adopted, decisionId);
  if (before !== null && row && isNews(loaded, change)) {
    const after = { ...toSummary(row, loaded.now) };
    await appendEvent(client, toldOf(loaded, change, { actor, before, after }));
  }
}

interface Stored {
  readonly frozenPlanId: string | null;
  /** Condition in SQL under which it is stored. */
  readonly only: string;
  /** Who tells people of it in this statement; null = it is told by another one. */
  readonly teller: Actor | null;
}

/**
 * What every transition writes, as parts of a statement: the rollout, as the part `changed`, where `only` holds, and if so
 * its routes, the decision with its intents, the wake-up and what people are told. Returns the decision's id, if there is one.
 */
function addChange(
  statement: OneStatement,
  ids: Ids,
  loaded: LoadedRollout,
  change: Change,
  { frozenPlanId, only, teller }: Stored,
): string | null {
  const { rollout, guards, seen, now } = loaded;
  const { ledger, move, word } = change;
  updateRollout(statement, loaded, change, { frozenPlanId, only, teller });
  const state = change.rollout.state ?? rollout.state;
  addWakeup(statement, 'changed', {
    rolloutId: rollout.id,
    atMs: change.wakeAt,
    priority: state === 'RollingBack' ? 0 : 1,
    seenWoken: loaded.woken,
  });
  const isReplayed = ledger !== null && (ledger.decideVersion !== null || word !== null);
  const committed =
    ledger &&
    addMove(
      statement,
      ids,
      {
        projectId: rollout.projectId,
        rolloutId: rollout.id,
        ledger,
        move,
        guards,
        ...(isReplayed && { evidence: evidenceOf(rollout, seen, now, word) }),
      },
      'changed',
    );
  updateRoutes(statement, rollout.id, change.routes, committed?.intentIds ?? {});
  return committed?.decisionId ?? null;
}

/** Another state or step, or somebody's word: each has its line in the ledger. */
function isTransition(change: Change): boolean {
  return change.ledger !== null || change.claims !== 'keep';
}

/** People see a change of what they are told; a hold that is looked at again is none. */
function isNews({ rollout }: LoadedRollout, change: Change): boolean {
  const { reason, message } = change.rollout;
  return (
    isTransition(change) ||
    (reason !== undefined && reason !== rollout.reason) ||
    (message !== undefined && message !== rollout.message)
  );
}

function updateRollout(
  statement: OneStatement,
  loaded: LoadedRollout,
  change: Change,
  { frozenPlanId, only, teller }: Stored,
): void {
  const { value } = statement;
  const { plan } = change;
  const { rollout } = loaded;
  const set = [
    `version = version + ${String(Number(isTransition(change)))}`,
    `revision = revision + ${String(Number(isNews(loaded, change)))}`,
    'updated_at = now()',
    `next_at = to_timestamp(${value(change.wakeAt)}::float8 / 1000)`,
    ...assignments(change.rollout, value),
    ...(plan && frozenPlanId !== null
      ? [
          `frozen_plan_id = ${value(frozenPlanId)}`,
          `route_count = ${value(plan.routes.length)}`,
          `step_count = ${value(plan.steps.length)}`,
        ]
      : []),
  ];
  const told =
    teller !== null && isNews(loaded, change)
      ? eventOf(statement, toldOf(loaded, change, { actor: teller, before: null, after: null }))
      : 'NULL';
  const wants = watchesOthers(rollout, change) ? tellsWatchers(statement, rollout, change) : 'NULL';
  statement.with(
    'changed',
    `UPDATE rollouts SET ${set.join(', ')} WHERE id = ${value(rollout.id)} AND revision = ${value(loaded.revision)} AND ${only}
     RETURNING *, ${told} AS told, ${wants} AS wants`,
  );
}

/** Tells those who look at its routes; all of them, where a person says that what kept us out is mended. */
function tellsWatchers({ value }: OneStatement, rollout: Rollout, change: Change): string {
  if (change.rollout.reason === 'Resumed') return `pg_notify('sluice_wants', 'retry')`;
  const routeIds = (change.plan ?? rollout.plan).routes.map((route) => route.id);
  return `(SELECT count(pg_notify('sluice_wants', gateway_id)) FROM (
            SELECT DISTINCT a.gateway_id FROM routes r JOIN accounts a ON a.id = r.account_id
            WHERE r.id = ANY(${value(routeIds)}) AND a.gateway_id IS NOT NULL) one)`;
}

/** All routes that change, each with its new write, if it gets one; absent values stay as they are. */
function updateRoutes(
  statement: OneStatement,
  rolloutId: string,
  patches: Change['routes'],
  intentIds: Readonly<Record<string, string>>,
): void {
  const byRoute = new Map<string, Record<string, unknown>>(patches.map((patch) => [patch.routeId, { ...patch }]));
  for (const [routeId, write] of Object.entries(intentIds))
    byRoute.set(routeId, { ...byRoute.get(routeId), routeId, write });
  const changed = [...byRoute.values()].filter((patch) => Object.keys(patch).length > 1);
  if (changed.length === 0) return;
  statement.with(
    'routes_changed',
    `UPDATE rollout_routes x SET
       step_index = CASE WHEN n.p ? 'stepIndex' THEN (n.p->>'stepIndex')::int ELSE x.step_index END,
       baseline = CASE WHEN n.p ? 'baseline' THEN n.p->'baseline' ELSE x.baseline END,
       expected = CASE WHEN n.p ? 'expected' THEN n.p->'expected' ELSE x.expected END,
       verified_at = CASE WHEN n.p ? 'verifiedAt' THEN to_timestamp((n.p->>'verifiedAt')::float8 / 1000) ELSE x.verified_at END,
       held_ms = CASE WHEN n.p ? 'heldMs' THEN (n.p->>'heldMs')::bigint ELSE x.held_ms END,
       touched = CASE WHEN n.p ? 'touched' THEN (n.p->>'touched')::boolean ELSE x.touched END,
       write_id = CASE WHEN n.p ? 'write' THEN n.p->>'write' ELSE x.write_id END
     FROM changed CROSS JOIN jsonb_array_elements(${statement.json(changed)}) AS n (p)
     WHERE x.rollout_id = ${statement.value(rolloutId)} AND x.route_id = n.p->>'routeId'`,
  );
}

async function setSteadyShares(client: PoolClient, actor: Actor, steady: NonNullable<Change['steady']>): Promise<void> {
  const type: EventType = 'route.changed';
  await client.query(
    `WITH old AS (SELECT id, steady_shares FROM routes WHERE id IN (SELECT jsonb_object_keys($1::jsonb)) ORDER BY id FOR UPDATE),
     changed AS (UPDATE routes r SET steady_shares = $1::jsonb->r.id FROM old
                 WHERE r.id = old.id AND old.steady_shares IS DISTINCT FROM $1::jsonb->r.id
                 RETURNING r.id, r.project_id, old.steady_shares AS was, r.steady_shares AS now)
     SELECT append_event(project_id, $2, 'route/' || id, $3, jsonb_build_object('steadyShares', was), jsonb_build_object('steadyShares', now),
                         '{"fields": ["steadyShares"]}') FROM changed`,
    [JSON.stringify(steady), type, JSON.stringify(actor)],
  );
}

async function adopt(client: PoolClient, live: NonNullable<Change['adopted']>, decisionId: string): Promise<void> {
  await client.query(
    `UPDATE routes r SET expected = n.value, explained_by = $2, drift = NULL FROM jsonb_each($1::jsonb) AS n WHERE r.id = n.key`,
    [JSON.stringify(live), decisionId],
  );
}

function toldOf(
  loaded: LoadedRollout,
  change: Change,
  who: Pick<Announcement, 'actor' | 'before' | 'after'>,
): Announcement {
  const { id, projectId } = loaded.rollout;
  return {
    projectId,
    type: 'rollout.changed',
    subject: `rollout/${id}`,
    ...who,
    data: summaryAfter(loaded, change),
  };
}

function summaryAfter({ rollout }: LoadedRollout, change: Change): Readonly<Record<string, unknown>> {
  const { state, stepIndex, reason, message } = { ...rollout, ...change.rollout };
  return summary({
    id: rollout.id,
    name: rollout.name,
    state,
    version: rollout.version + Number(isTransition(change)),
    stepIndex,
    reason,
    message,
  });
}

/** What an event tells of a rollout: enough for a list, the rest by GET. */
export function summary(one: Summary): Readonly<Record<string, unknown>> {
  const { id, name, state, version, stepIndex, reason, message } = one;
  return { id, name, state, version, stepIndex, reason, message };
}

type Summary = Pick<LoadedRollout['rollout'], 'id' | 'name' | 'state' | 'version' | 'stepIndex' | 'reason' | 'message'>;
