import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LoadedRollout } from '@sluice/control';
import { Conflict, nothing, type Change } from '@sluice/domain';
import { createTestDatabase, eventually, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { fence, putIntent, putRollout, putRoute, putWorld, weightsOf } from './engine-rows.js';
import { PostgresFactStore } from './fact-store.js';
import { RandomIds } from './ids.js';
import { PostgresLaneStore } from './lane-store.js';
import { PostgresRolloutStore } from './rollout-store.js';

const ann = { kind: 'token', id: 'tok_ann', name: 'ann' } as const;
const ledger = {
  kind: 'shift',
  reason: 'NextStep',
  message: 'x',
  actor: 'test',
  stepIndex: 0,
  facts: {},
  decideVersion: null,
} as const;
const raise = (purpose: 'step' | 'rollback', routeId = 'rte_1'): Change => ({
  ...nothing,
  ledger,
  move: {
    purpose,
    stepIndex: purpose === 'step' ? 0 : null,
    minHealthyTargets: 1,
    forced: null,
    proposals: [
      {
        routeId,
        goal: { kind: 'shares', shares: { red: 500, black: 500 } },
        before: purpose === 'step' ? weightsOf(routeId, 100, 0) : null,
        after: weightsOf(routeId, 50, 50),
        raisedClusterIds: purpose === 'step' ? ['clu_black'] : [],
      },
    ],
  },
});

describe('storing a transition of a rollout', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: PostgresRolloutStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on('error', () => undefined);
    store = new PostgresRolloutStore(pool, new RandomIds());
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(async () => {
    await putWorld(pool);
    for (const id of ['rte_1', 'rte_2']) await putRoute(pool, id);
    await putRollout(pool, 'rol_1', ['rte_1', 'rte_2']);
  });
  const load = async (id = 'rol_1'): Promise<LoadedRollout> => (await store.load(id))!;
  const rows = async (sql: string) => (await pool.query<Record<string, unknown>>(sql)).rows;
  const stored = () =>
    rows(`SELECT (SELECT count(*)::int FROM decisions) AS decisions, (SELECT count(*)::int FROM intents) AS intents`);

  it('writes the decision, one intent per route, and which of them stands for it', async () => {
    expect(await store.commit(await load(), raise('step'))).toBe('committed');
    expect(await rows('SELECT state, priority, guards, gateway_id FROM intents')).toEqual([
      {
        state: 'pending',
        priority: 2,
        guards: { 'rollout/rol_1': '0', 'cluster/clu_black': '0', 'freeze/prj_1': '0', 'route/rte_1': '0' },
        gateway_id: 'gtw_1',
      },
    ]);
    expect(await rows(`SELECT x.route_id FROM rollout_routes x JOIN intents i ON i.id = x.write_id`)).toEqual([
      { route_id: 'rte_1' },
    ]);
  });

  it('lets one of two who decided on the same version through', async () => {
    const [first, second] = [await load(), await load()];
    const answers = await Promise.all([store.commit(first, raise('step')), store.commit(second, raise('step'))]);
    expect(answers.sort()).toEqual(['committed', 'moved']);
    expect(await stored()).toEqual([{ decisions: 1, intents: 1 }]);
  });

  it('takes what is said of it in between for no other version, and still lets one of two say it', async () => {
    const [first, second] = [await load(), await load()];
    const says = (message: string): Change => ({ ...nothing, rollout: { reason: 'StepIsHolding', message } });
    expect(await store.commit(first, says('held for 1 s'))).toBe('committed');
    expect(await store.commit(second, says('held for 0 s'))).toBe('moved');
    expect((await load()).rollout).toMatchObject({ version: first.rollout.version, message: 'held for 1 s' });
    await store.commit(await load(), raise('step'));
    expect((await load()).rollout.version).toBe(first.rollout.version + 1);
  });

  it.each([
    ['a verb', `UPDATE guards SET version = version + 1 WHERE key = 'rollout/rol_1'`],
    ['a cordon of a cluster that it raises', `UPDATE clusters SET cordoned_by = '{"by": "x"}' WHERE id = 'clu_black'`],
    ['a retirement of such a cluster', `UPDATE clusters SET retired_by = '{"by": "x"}' WHERE id = 'clu_black'`],
    ['a pin', `UPDATE routes SET pinned = '["arn:guest"]' WHERE id = 'rte_1'`],
    ['a freeze', `UPDATE guards SET version = version + 1 WHERE key = 'freeze/prj_1'`],
  ])('stores nothing of a planned move after %s', async (_sentence, change) => {
    const loaded = await load();
    await pool.query(change);
    expect(await store.commit(loaded, raise('step'))).toBe('moved');
    expect(await stored()).toEqual([{ decisions: 0, intents: 0 }]);
  });

  it.each([
    [
      'a cordon of a cluster that it does not raise',
      `UPDATE clusters SET cordoned_by = '{"by": "x"}' WHERE id = 'clu_red'`,
    ],
    ['a pin on another route', `UPDATE routes SET pinned = '["arn:guest"]' WHERE id = 'rte_2'`],
  ])('is not kept back by %s', async (_sentence, change) => {
    const loaded = await load();
    await pool.query(change);
    expect(await store.commit(loaded, raise('step'))).toBe('committed');
  });

  it('keeps no emergency back for a cordon, a pin or a freeze, only for a newer word', async () => {
    const loaded = await load();
    await pool.query(`UPDATE clusters SET cordoned_by = '{"by": "x"}', retired_by = '{"by": "x"}'`);
    await pool.query(`UPDATE guards SET version = version + 1 WHERE key IN ('freeze/prj_1', 'route/rte_1')`);
    expect(await store.commit(loaded, raise('rollback'))).toBe('committed');
    expect(await rows('SELECT guards, priority FROM intents')).toEqual([
      { guards: { 'rollout/rol_1': '0' }, priority: 0 },
    ]);
    const again = await load();
    await pool.query(`UPDATE guards SET version = version + 1 WHERE key = 'rollout/rol_1'`);
    expect(await store.commit(again, raise('rollback'))).toBe('moved');
  });

  it('waits for a cordon that is under way, and stores nothing once it is there', async () => {
    const loaded = await load();
    const person = await pool.connect();
    await person.query(`BEGIN; UPDATE clusters SET cordoned_by = '{"by": "x"}' WHERE id = 'clu_black'`);
    const committing = store.commit(loaded, raise('step'));
    await eventually('the wait', async () => {
      const { rowCount } = await pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rowCount || null;
    });
    await person.query('COMMIT');
    person.release();
    expect(await committing).toBe('moved');
  });

  it('ends what was not sent, and moves the guard, so that what was marked in between is covered as well', async () => {
    await putIntent(pool, 'pending', { guards: { 'rollout/rol_1': 0 } });
    await putIntent(pool, 'sent', { guards: { 'rollout/rol_1': 0 }, routeId: 'rte_2', state: 'sent' });
    await store.say('rol_1', ann, () => ({ ...nothing, rollout: { state: 'Aborted' }, ledger, supersede: 'aborted' }));
    expect(await rows('SELECT id, state FROM intents ORDER BY id')).toEqual([
      { id: 'pending', state: 'superseded' },
      { id: 'sent', state: 'sent' },
    ]);
    const lanes = new PostgresLaneStore(pool);
    await lanes.defer(fence, 'sent', 0, { reason: 'NotApplied', message: 'Not applied.' });
    expect(await rows(`SELECT state FROM intents WHERE id = 'sent'`)).toEqual([{ state: 'superseded' }]);
  });

  it('refuses claims that somebody else has, and names the holder; nothing of the change stays', async () => {
    await putRollout(pool, 'rol_2', []);
    await pool.query(`INSERT INTO rollout_routes (rollout_id, route_id, position) VALUES ('rol_2', 'rte_1', 0)`);
    const start: Change = { ...nothing, rollout: { state: 'Running' }, ledger, claims: 'take' };
    await expect(store.commit(await load('rol_2'), start)).rejects.toThrow(Conflict);
    await expect(store.commit(await load('rol_2'), start)).rejects.toMatchObject({
      reason: 'RouteIsBusy',
      facts: { rolloutIds: ['rol_1'] },
    });
    expect(await stored()).toEqual([{ decisions: 0, intents: 0 }]);
    await pool.query(`DELETE FROM claims`);
    await putIntent(pool, 'oneOff', { rolloutId: null, purpose: 'oneOff' });
    await expect(store.commit(await load('rol_2'), start)).rejects.toMatchObject({
      reason: 'RouteIsBusy',
      facts: { rolloutIds: [] },
    });
  });
});

describe('wake-ups', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: PostgresRolloutStore;
  let lanes: PostgresLaneStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on('error', () => undefined);
    store = new PostgresRolloutStore(pool, new RandomIds());
    lanes = new PostgresLaneStore(pool);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(async () => {
    await putWorld(pool);
    await putRoute(pool, 'rte_1');
    await putRollout(pool, 'rol_1', ['rte_1']);
    await pool.query(`INSERT INTO wakeups (rollout_id, at) VALUES ('rol_1', clock_timestamp() - interval '1 ms')`);
  });
  const hold = (wakeAt: number | null): Change => ({ ...nothing, rollout: { reason: 'StepIsHolding' }, wakeAt });
  const settle = async (id: string) => {
    await putIntent(pool, id, { state: 'sent' });
    await lanes.settle(fence, id, { state: 'failed', reason: 'x', message: 'x', live: null, requestId: null });
  };
  const far = () => Date.now() + 3_600_000;
  const nextInMs = async () => {
    const { ids, nextInMs: inMs } = await store.claimDue(1, 0);
    return ids.length > 0 ? 0 : inMs;
  };
  const isDue = async () => (await nextInMs()) === 0;

  it('that a decision has seen is replaced by its own wish, or by none', async () => {
    await store.commit((await store.load('rol_1'))!, hold(far()));
    expect(await nextInMs()).toBeGreaterThan(3_000_000);
    await store.commit((await store.load('rol_1'))!, hold(null));
    expect(await nextInMs()).toBeNull();
  });

  it('is told to those who wait where it comes before they look anyway', async () => {
    const told: string[] = [];
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    client.on('notification', ({ channel }) => void told.push(channel));
    await client.query('LISTEN sluice_rollouts');
    await store.commit((await store.load('rol_1'))!, hold(far()));
    await client.query('SELECT 1');
    expect(told).toEqual([]);
    await store.commit((await store.load('rol_1'))!, hold(Date.now() + 500));
    await eventually('the signal', async () => told.length > 0 || null);
    await client.end();
  });

  it.each([
    ['wishes to sleep until an event', null],
    ['wishes to sleep for an hour', 3_600_000],
  ])('that came between load and commit stays, whatever the decision wishes: it %s', async (_sentence, inMs) => {
    const loaded = (await store.load('rol_1'))!;
    await settle('int_1');
    expect(await store.commit(loaded, hold(inMs === null ? null : Date.now() + inMs))).toBe('committed');
    expect(await isDue()).toBe(true);
  });

  it('that came where none was stays as well', async () => {
    await pool.query('DELETE FROM wakeups');
    const loaded = (await store.load('rol_1'))!;
    expect(loaded.woken).toBeNull();
    await settle('int_1');
    await store.commit(loaded, hold(null));
    expect(await isDue()).toBe(true);
  });

  it('that came after another decider had put the row away is not taken for the one before it', async () => {
    const slow = (await store.load('rol_1'))!;
    await store.commit((await store.load('rol_1'))!, hold(null));
    await settle('int_1');
    await store.commit(slow, hold(null));
    expect(await isDue()).toBe(true);
  });

  it('by a look stays the same way', async () => {
    const loaded = (await store.load('rol_1'))!;
    const watched = {
      periodMs: 1_000,
      runs: [],
      fact: { ok: false, at: Date.now(), transient: true, code: 'x', message: 'x' },
    } as const;
    await new PostgresFactStore(pool).record(
      fence,
      [{ kind: 'action', accountId: 'acc_1', arn: 'arn:rte_1', watched }],
      [0],
    );
    await store.commit(loaded, hold(null));
    expect(await isDue()).toBe(true);
  });

  it('are claimed once, going back first, and come again when their taker dies', async () => {
    await putRoute(pool, 'rte_2');
    await putRollout(pool, 'rol_2', ['rte_2'], 'RollingBack');
    await pool.query(
      `INSERT INTO wakeups (rollout_id, at, priority) VALUES ('rol_2', clock_timestamp() - interval '1 ms', 0)`,
    );
    const claim = async (limit: number, ms: number) => (await store.claimDue(limit, ms)).ids;
    expect(await claim(1, 60_000)).toEqual(['rol_2']);
    expect(await claim(5, 0)).toEqual(['rol_1']);
    expect(await claim(5, 60_000)).toEqual(['rol_1']);
    expect(await claim(5, 60_000)).toEqual([]);
  });
});
