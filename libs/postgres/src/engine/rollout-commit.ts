import type { PoolClient } from 'pg';
import type { Announcement, CommitResult, Ids, LoadedRollout } from '@sluice/control';
import type { Actor, Change, EnginePart, EventType, Move } from '@sluice/domain';
import { engineActor, isEmergency } from '@sluice/domain';
import { refuseOverNewer, releaseClaims, takeClaims } from './claims.js';
import type { FrozenPlans } from './frozen-plans.js';
import { guardsHold, lockGuard, moveGuard } from './guards.js';
import { appendEvent, notify } from './ledger-writes.js';
import { commitMove, supersedePending } from './moves.js';
import { assignments } from './rollout-patch.js';
import { toSummary } from './rollout-views.js';
import type { RolloutRow } from './rows.js';
import { setWakeup } from './wakeups.js';

export interface Writer {
  readonly ids: Ids;
  readonly plans: FrozenPlans;
}

/**
 * Stores one transition. Lock order everywhere: guards, claims, the rollout, its routes, routes, intents, each by id.
 * `moved`: the revision or a guard that the change relies on is not what it was.
 */
export async function commitChange(
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
  const row = await updateRollout(client, loaded, change, frozenPlanId);
  await updateRoutes(client, rollout.id, change.routes);
  if (change.steady) await setSteadyShares(client, actor, change.steady);
  if (change.supersede !== null) await supersedePending(client, rollout.id, change.supersede);
  await writeDecision(client, writer.ids, loaded, change, guards);
  await setWakeup(client, rollout.id, change.wakeAt, row.state === 'RollingBack' ? 0 : 1, loaded.woken);
  // other receivers come next: somebody has to look at them
  if (change.claims !== 'keep' || change.rollout.stepIndex !== undefined || change.rollout.state !== undefined)
    await notify(client, 'wants', change.rollout.reason === 'Resumed' ? 'retry' : '');
  if (isNews(loaded, change))
    await appendEvent(client, {
      projectId: rollout.projectId,
      type: 'rollout.changed',
      subject: `rollout/${rollout.id}`,
      actor,
      before,
      after: before && { ...toSummary(row, loaded.now) },
      data: summary(row),
    });
}

async function writeDecision(
  client: PoolClient,
  ids: Ids,
  { rollout }: LoadedRollout,
  change: Change,
  guards: Readonly<Record<string, bigint>>,
): Promise<void> {
  if (!change.ledger) return;
  const { ledger, move } = change;
  const committed = await commitMove(client, ids, {
    projectId: rollout.projectId,
    rolloutId: rollout.id,
    ledger,
    move,
    guards,
  });
  if (move) await pointToWrites(client, rollout.id, move, committed.intentIds);
  if (change.adopted) await adopt(client, change.adopted, committed.decisionId);
}

/** The new intents stand for their routes from now on. */
async function pointToWrites(
  client: PoolClient,
  rolloutId: string,
  move: Move,
  intentIds: Readonly<Record<string, string>>,
): Promise<void> {
  const routeIds = move.proposals.map((proposal) => proposal.routeId);
  await client.query(
    `UPDATE rollout_routes x SET write_id = n.write_id
     FROM unnest($2::text[], $3::text[]) AS n (route_id, write_id) WHERE x.rollout_id = $1 AND x.route_id = n.route_id`,
    [rolloutId, routeIds, routeIds.map((id) => intentIds[id])],
  );
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

async function updateRollout(
  client: PoolClient,
  loaded: LoadedRollout,
  change: Change,
  frozenPlanId: string | null,
): Promise<RolloutRow> {
  const set = assignments(change.rollout, 5);
  const plan = change.plan;
  const frozen =
    plan && frozenPlanId !== null
      ? {
          sql: `, frozen_plan_id = $${String(5 + set.values.length)}, route_count = $${String(6 + set.values.length)}, step_count = $${String(7 + set.values.length)}`,
          values: [frozenPlanId, plan.routes.length, plan.steps.length],
        }
      : { sql: '', values: [] };
  const { rows } = await client.query<RolloutRow>(
    `UPDATE rollouts SET version = version + $2, revision = revision + $3, updated_at = now(), next_at = to_timestamp($4::float8 / 1000)${set.sql === '' ? '' : `, ${set.sql}`}${frozen.sql}
     WHERE id = $1 RETURNING *`,
    [
      loaded.rollout.id,
      Number(isTransition(change)),
      Number(isNews(loaded, change)),
      change.wakeAt,
      ...set.values,
      ...frozen.values,
    ],
  );
  return rows[0]!;
}

/** One statement for all routes that change; absent values stay as they are. */
async function updateRoutes(client: PoolClient, rolloutId: string, patches: Change['routes']): Promise<void> {
  const changed = patches.filter((patch) => Object.keys(patch).length > 1);
  if (changed.length === 0) return;
  await client.query(
    `UPDATE rollout_routes x SET
       step_index = CASE WHEN n.p ? 'stepIndex' THEN (n.p->>'stepIndex')::int ELSE x.step_index END,
       baseline = CASE WHEN n.p ? 'baseline' THEN n.p->'baseline' ELSE x.baseline END,
       expected = CASE WHEN n.p ? 'expected' THEN n.p->'expected' ELSE x.expected END,
       verified_at = CASE WHEN n.p ? 'verifiedAt' THEN to_timestamp((n.p->>'verifiedAt')::float8 / 1000) ELSE x.verified_at END,
       held_ms = CASE WHEN n.p ? 'heldMs' THEN (n.p->>'heldMs')::bigint ELSE x.held_ms END,
       touched = CASE WHEN n.p ? 'touched' THEN (n.p->>'touched')::boolean ELSE x.touched END,
       write_id = CASE WHEN n.p ? 'write' THEN NULL ELSE x.write_id END
     FROM jsonb_array_elements($2::jsonb) AS n (p) WHERE x.rollout_id = $1 AND x.route_id = n.p->>'routeId'`,
    [rolloutId, JSON.stringify(changed)],
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

/** What an event tells of a rollout: enough for a list, the rest by GET. */
export function summary(row: RolloutRow): Record<string, unknown> {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    version: row.version,
    stepIndex: row.step_index,
    reason: row.reason,
    message: row.message,
  };
}
