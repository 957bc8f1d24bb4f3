import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GatewayFence, Settlement } from '@sluice/control';
import { createTestDatabase, eventually, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { fence, putIntent, putRollout, putRoute, putWorld, weightsOf, type IntentRowOptions } from './engine-rows.js';
import { PostgresLaneStore } from './lane-store.js';

const half = weightsOf('rte_1', 50, 50);
const applied: Settlement = { state: 'applied', message: 'Written.', live: half, requestId: 'req-1' };
const failed: Settlement = { state: 'failed', reason: 'AccessDenied', message: 'no', live: null, requestId: null };
const superseded: Settlement = { state: 'superseded', message: 'Something newer.' };
const why = { reason: 'Throttling', message: 'slow down' };

/** Owners that are not it any more, and what makes them so. */
const strangers: readonly (readonly [string, GatewayFence, string])[] = [
  ['an older epoch', { ...fence, epoch: 6n }, 'SELECT 1'],
  ['another grant of the same epoch', { ...fence, grantId: '00000000-0000-4000-8000-000000000002' }, 'SELECT 1'],
  ['a gateway that somebody took over', fence, `UPDATE gateways SET epoch = 8, owner = 'b'`],
  ['a gateway that was let go of', fence, `UPDATE gateways SET owner = NULL, lease_until = NULL, grant_id = NULL`],
];

describe('what lanes ask of Postgres', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let store: PostgresLaneStore;
  beforeAll(async () => {
    database = await createTestDatabase();
    pool = new pg.Pool({ connectionString: database.url, max: 6 });
    pool.on('error', () => undefined);
    store = new PostgresLaneStore(pool);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });
  beforeEach(async () => {
    await putWorld(pool);
    await putRoute(pool, 'rte_1');
    await putRoute(pool, 'rte_2');
    await putRollout(pool, 'rol_1', ['rte_1', 'rte_2']);
  });

  const row = async (id = 'int_1') => {
    const { rows } = await pool.query<Record<string, unknown>>(
      `SELECT state, attempts, epoch::text, reason, message, after, live, not_before > clock_timestamp() AS waits, settled_at IS NOT NULL AS settled FROM intents WHERE id = $1`,
      [id],
    );
    return rows[0]!;
  };
  const one = async <T extends pg.QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await pool.query<T>(sql, values)).rows[0];
  const mark = (by: GatewayFence = fence, deadlineMs = 1_000, id = 'int_1') => store.markSent(by, id, deadlineMs, half);
  const atALock = () =>
    eventually('a statement that waits for a lock', async () => {
      const { rows } = await pool.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0 || null;
    });

  describe('markSent', () => {
    it('stores what goes out, under which epoch, and that the route was touched', async () => {
      await putIntent(pool, 'int_1', { guards: { 'rollout/rol_1': 0, 'cluster/clu_black': 0, 'freeze/prj_1': 0 } });
      expect(await mark()).toBe('sent');
      expect(await row()).toMatchObject({ state: 'sent', attempts: 1, epoch: '7', after: half });
      expect(await one(`SELECT touched FROM rollout_routes WHERE route_id = 'rte_1'`)).toEqual({ touched: true });
      expect(await one(`SELECT touched FROM rollout_routes WHERE route_id = 'rte_2'`)).toEqual({ touched: false });
    });

    it.each(['sent', 'applied', 'failed', 'superseded'])('changes nothing of an intent that is %s', async (state) => {
      await putIntent(pool, 'int_1', { state });
      const before = await row();
      expect(await mark()).toBe('gone');
      expect(await row()).toEqual(before);
    });

    it.each([
      ...strangers,
      ['a lease that has run out', fence, `UPDATE gateways SET lease_until = clock_timestamp() - interval '1 ms'`],
      [
        'a lease shorter than the call',
        fence,
        `UPDATE gateways SET lease_until = clock_timestamp() + interval '900 ms'`,
      ],
    ] as const)('marks nothing under %s', async (_sentence, by, change) => {
      await putIntent(pool, 'int_1');
      await pool.query(change);
      expect(await mark(by)).toBe('gone');
      expect(await row()).toMatchObject({ state: 'pending', attempts: 0 });
    });

    it.each(['rollout/rol_1', 'cluster/clu_black', 'freeze/prj_1', 'route/rte_1'])(
      'ends it instead when %s has moved',
      async (key) => {
        await putIntent(pool, 'int_1', { guards: { [key]: 0 } });
        await pool.query('UPDATE guards SET version = version + 1 WHERE key = $1', [key]);
        expect(await mark()).toBe('covered');
        expect(await row()).toMatchObject({ state: 'superseded', attempts: 0, settled: true });
        expect(await one(`SELECT state FROM decisions WHERE id = 'dec_int_1'`)).toEqual({ state: 'superseded' });
      },
    );

    it('ends it when a guard is gone with what it guarded', async () => {
      await putIntent(pool, 'int_1', { guards: { 'cluster/clu_black': 0 } });
      await pool.query(`DELETE FROM guards WHERE key = 'cluster/clu_black'`);
      expect(await mark()).toBe('covered');
    });

    it('is bound by its own guards alone', async () => {
      await putIntent(pool, 'int_1', { guards: { 'rollout/rol_1': 0 } });
      await pool.query(`UPDATE guards SET version = version + 1 WHERE key <> 'rollout/rol_1'`);
      expect(await mark()).toBe('sent');
    });

    it('ends it when the permission behind it has expired, and not before', async () => {
      await putIntent(pool, 'int_1', { notAfter: `clock_timestamp() - interval '1 ms'` });
      await putIntent(pool, 'int_2', { routeId: 'rte_2', notAfter: `clock_timestamp() + interval '1 minute'` });
      expect(await mark()).toBe('covered');
      expect(await row()).toMatchObject({ state: 'superseded', reason: 'PermissionExpired' });
      expect(await mark(fence, 1_000, 'int_2')).toBe('sent');
    });

    it.each([
      ['COMMIT', 'covered'],
      ['ROLLBACK', 'sent'],
    ])('waits for whoever is moving a guard; after %s it is %s', async (end, answer) => {
      await putIntent(pool, 'int_1', { guards: { 'cluster/clu_black': 0 } });
      const mover = await pool.connect();
      await mover.query('BEGIN');
      await mover.query(`UPDATE clusters SET cordoned_by = '{"by": "x"}' WHERE id = 'clu_black'`);
      const marking = mark();
      await atALock();
      await mover.query(end);
      mover.release();
      expect(await marking).toBe(answer);
      expect(await row()).toMatchObject({ state: answer === 'sent' ? 'sent' : 'superseded' });
    });

    it('asks for the lease after it had to wait', async () => {
      await putIntent(pool, 'int_1', { guards: { 'cluster/clu_black': 0 } });
      await pool.query(`UPDATE gateways SET lease_until = clock_timestamp() + interval '500 ms'`);
      const mover = await pool.connect();
      await mover.query(`BEGIN; SELECT 1 FROM guards WHERE key = 'cluster/clu_black' FOR UPDATE`);
      const marking = mark(fence, 100);
      await atALock();
      await eventually(
        'the end of the lease',
        async () =>
          (await one(`SELECT 1 FROM gateways WHERE id = 'gtw_1' AND lease_until < clock_timestamp()`)) ?? null,
      );
      await mover.query('COMMIT');
      mover.release();
      expect(await marking).toBe('gone');
      expect(await row()).toMatchObject({ state: 'pending' });
    });
  });

  describe('busy', () => {
    it.each([
      ['nothing', null, []],
      ['one that may be sent', {}, ['gtw_1']],
      ['one on its way', { state: 'sent' }, ['gtw_1']],
      ['one that has ended', { state: 'applied' }, []],
      ['one put off until later', { notBefore: `clock_timestamp() + interval '5 s'` }, []],
      ['one put off until just now', { notBefore: `clock_timestamp() - interval '1 s'` }, ['gtw_1']],
      ["another gateway's", { gatewayId: 'gtw_2' }, ['gtw_2']],
      ["one of a gateway that isn't asked about", { gatewayId: 'gtw_9' }, []],
    ])('of two gateways with %s', async (_, options, expected) => {
      if (options !== null) await putIntent(pool, 'int_1', options);
      expect(await store.busy(['gtw_1', 'gtw_2'])).toEqual(expected);
    });
  });

  describe('next', () => {
    const ids = async (busy: readonly string[] = [], most = 10) =>
      (await store.next(fence, busy, most)).intents.map((intent) => intent.id);

    it('goes by priority, then by listener, then by age', async () => {
      for (let i = 3; i <= 5; i += 1) await putRoute(pool, `rte_${String(i)}`);
      const put = (id: string, routeId: string, options: IntentRowOptions) =>
        putIntent(pool, id, { ...options, routeId, rolloutId: null });
      await put('step_b', 'rte_1', { priority: 2, listenerArn: 'b' });
      await put('step_a', 'rte_2', { priority: 2, listenerArn: 'a' });
      await put('step_b2', 'rte_3', { priority: 2, listenerArn: 'b' });
      await put('person', 'rte_4', { priority: 1, listenerArn: 'z' });
      await put('back', 'rte_5', { priority: 0, listenerArn: 'z' });
      expect(await ids()).toEqual(['back', 'person', 'step_a', 'step_b', 'step_b2']);
      expect(await ids([], 2)).toEqual(['back', 'person']);
    });

    it.each(['sent', 'applied', 'failed', 'superseded'])('leaves out what is %s', async (state) => {
      await putIntent(pool, 'int_1', { state });
      expect(await ids()).toEqual([]);
    });

    it('leaves out other gateways, routes that are busy, and what waits, and says how long that is', async () => {
      await putIntent(pool, 'elsewhere', { gatewayId: 'gtw_2' });
      expect(await ids()).toEqual([]);
      await putIntent(pool, 'int_1', {});
      expect(await ids(['rte_1'])).toEqual([]);
      await putIntent(pool, 'later', { routeId: 'rte_2', notBefore: `clock_timestamp() + interval '5 s'` });
      const { intents, inMs } = await store.next(fence, ['rte_1'], 10);
      expect(intents).toEqual([]);
      expect(inMs).toBeGreaterThan(4_000);
      expect(inMs).toBeLessThanOrEqual(5_000);
    });

    it('leaves out a route with a write in flight, except for an emergency', async () => {
      await putIntent(pool, 'flying', { state: 'sent' });
      await putIntent(pool, 'step', { purpose: 'step', priority: 2 });
      expect(await ids()).toEqual([]);
      await pool.query(`DELETE FROM intents WHERE id = 'step'`);
      await putIntent(pool, 'back', { purpose: 'rollback', priority: 0 });
      expect(await ids()).toEqual(['back']);
      expect(await ids(['rte_1'])).toEqual([]);
    });

    it('says of each whether something newer covers it, and what its route is now', async () => {
      await putIntent(pool, 'int_1', { guards: { 'cluster/clu_black': 0 } });
      await pool.query(`UPDATE clusters SET cordoned_by = '{"by": "x"}' WHERE id = 'clu_black'`);
      const [intent] = (await store.next(fence, [], 10)).intents;
      expect(intent).toMatchObject({ covered: true, routeArn: 'arn:rte_1', isDefault: true });
      expect(intent?.backends.map(({ name, cordoned }) => [name, cordoned]).sort()).toEqual([
        ['black', true],
        ['red', false],
      ]);
    });
  });

  describe('settle', () => {
    const lookAt = (at: number): Settlement => {
      const watched = {
        fact: { ok: false, at, transient: true, code: 'x', message: 'x' },
        periodMs: 1_000,
        runs: [],
      } as const;
      return { ...applied, look: { kind: 'action', accountId: 'acc_1', arn: 'arn:rte_1', watched } };
    };
    const seenAt = async () =>
      (await one<{ at: Date }>(`SELECT at FROM facts WHERE subject = 'action/arn:rte_1'`))?.at.getTime();

    it('stores the look that the reply was, unless a newer one is known', async () => {
      const at = Date.now();
      for (const [id, ago] of [
        ['int_1', 0],
        ['int_2', 1_000],
      ] as const) {
        await putIntent(pool, id, { state: 'sent' });
        expect(await store.settle(fence, id, lookAt(at - ago))).toBe(true);
        expect(await seenAt()).toBe(at);
      }
    });

    it('stores no look for who is fenced', async () => {
      await pool.query('DELETE FROM facts');
      await putIntent(pool, 'int_1', { state: 'sent' });
      expect(await store.settle({ ...fence, epoch: 6n }, 'int_1', lookAt(Date.now()))).toBe(false);
      expect(await seenAt()).toBeUndefined();
    });

    it.each(strangers)('changes nothing under %s', async (_sentence, by, change) => {
      await putIntent(pool, 'int_1', { state: 'sent' });
      await pool.query(change);
      expect(await store.settle(by, 'int_1', applied)).toBe(false);
      expect(await row()).toMatchObject({ state: 'sent', settled: false });
      expect(await one('SELECT explained_by FROM routes WHERE id = $1', ['rte_1'])).toEqual({ explained_by: null });
    });

    it.each(['applied', 'failed', 'superseded'])('changes nothing of what is %s', async (state) => {
      await putIntent(pool, 'int_1', { state });
      const before = await row();
      expect(await store.settle(fence, 'int_1', failed)).toBe(false);
      expect(await row()).toEqual(before);
    });

    it('of what was applied explains the route, and counts the step there', async () => {
      await putIntent(pool, 'int_1', { state: 'sent' });
      expect(await store.settle(fence, 'int_1', applied)).toBe(true);
      expect(await one(`SELECT expected, explained_by FROM routes WHERE id = 'rte_1'`)).toEqual({
        expected: half,
        explained_by: 'dec_int_1',
      });
      expect(
        await one(
          `SELECT step_index, expected, verified_at IS NOT NULL AS verified FROM rollout_routes WHERE route_id = 'rte_1'`,
        ),
      ).toEqual({ step_index: 0, expected: half, verified: true });
    });

    it.each([
      [[applied, applied], 'applied'],
      [[applied, failed], 'partlyApplied'],
      [[failed, superseded], 'failed'],
      [[superseded, superseded], 'superseded'],
    ] as const)('ends the decision with its last intent', async (outcomes, state) => {
      await putIntent(pool, 'int_1', { state: 'sent', decisionId: 'dec' });
      await putIntent(pool, 'int_2', { state: 'sent', decisionId: 'dec', routeId: 'rte_2' });
      await store.settle(fence, 'int_1', outcomes[0]);
      expect(await one(`SELECT state FROM decisions WHERE id = 'dec'`)).toEqual({ state: 'decided' });
      await store.settle(fence, 'int_2', outcomes[1]);
      expect(await one(`SELECT state FROM decisions WHERE id = 'dec'`)).toEqual({ state });
    });

    it('ends the decision also when its last two intents are settled at the same time', async () => {
      await putIntent(pool, 'int_1', { state: 'sent', decisionId: 'dec' });
      await putIntent(pool, 'int_2', { state: 'sent', decisionId: 'dec', routeId: 'rte_2' });
      // both have ended their intent before either looks for others: what comes after that waits here
      const other = await pool.connect();
      await other.query(`BEGIN; SELECT 1 FROM wakeups FOR UPDATE; LOCK TABLE wakeups IN EXCLUSIVE MODE`);
      const settling = ['int_1', 'int_2'].map((id) => store.settle(fence, id, applied));
      await eventually('both at work', async () => {
        const { rows } = await pool.query(
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rows.length === 2 || null;
      });
      await other.query('COMMIT');
      other.release();
      await Promise.all(settling);
      expect(await one(`SELECT state FROM decisions WHERE id = 'dec'`)).toEqual({ state: 'applied' });
    });

    it('wakes the rollout within a second, and at once with the last one or a failure', async () => {
      const inMs = async () =>
        Number(
          (await one<{ ms: string }>(`SELECT extract(epoch FROM at - clock_timestamp()) * 1000 AS ms FROM wakeups`))!
            .ms,
        );
      await putIntent(pool, 'int_1', { state: 'sent', decisionId: 'dec' });
      await putIntent(pool, 'int_2', { state: 'sent', decisionId: 'dec', routeId: 'rte_2' });
      await store.settle(fence, 'int_1', applied);
      expect(await inMs()).toBeGreaterThan(500);
      await store.settle(fence, 'int_2', applied);
      expect(await inMs()).toBeLessThanOrEqual(0);
    });

    it('of an older write explains nothing once a newer one of the route was verified', async () => {
      await putIntent(pool, 'old', { state: 'sent' });
      await putIntent(pool, 'new', { state: 'sent', purpose: 'rollback', priority: 0, stepIndex: null });
      const back = weightsOf('rte_1', 100, 0);
      await store.settle(fence, 'new', { ...applied, live: back });
      expect(await store.settle(fence, 'old', applied)).toBe(true);
      expect(await row('old')).toMatchObject({ state: 'applied' });
      expect(await one(`SELECT expected, explained_by FROM routes WHERE id = 'rte_1'`)).toEqual({
        expected: back,
        explained_by: 'dec_new',
      });
      expect(await one(`SELECT expected FROM rollout_routes WHERE route_id = 'rte_1'`)).toEqual({ expected: back });
    });
  });

  describe('defer', () => {
    it('puts back what was sent, for a while and with the reason', async () => {
      await putIntent(pool, 'int_1', { state: 'sent' });
      expect(await store.defer(fence, 'int_1', 5_000, why)).toBe(true);
      expect(await row()).toMatchObject({ state: 'pending', attempts: 1, waits: true, ...why });
    });

    it('counts a try that sent nothing', async () => {
      await putIntent(pool, 'int_1');
      await store.defer(fence, 'int_1', 0, why);
      expect(await row()).toMatchObject({ state: 'pending', attempts: 1 });
    });

    it.each([
      ['its guard moved', `UPDATE guards SET version = version + 1 WHERE key = 'rollout/rol_1'`],
      ['its rollout has another write for the route', `UPDATE rollout_routes SET write_id = 'int_9'`],
    ])('ends it instead when %s', async (_sentence, change) => {
      await putIntent(pool, 'int_1', { state: 'sent', guards: { 'rollout/rol_1': 0 } });
      await pool.query(change);
      await store.defer(fence, 'int_1', 0, why);
      expect(await row()).toMatchObject({ state: 'superseded', settled: true });
    });

    it.each(strangers)('changes nothing under %s', async (_sentence, by, change) => {
      await putIntent(pool, 'int_1', { state: 'sent' });
      await pool.query(change);
      expect(await store.defer(by, 'int_1', 0, why)).toBe(false);
      expect(await row()).toMatchObject({ state: 'sent' });
    });

    it('wakes the rollout with a new reason, and not with the same again', async () => {
      await putIntent(pool, 'int_1');
      await store.defer(fence, 'int_1', 0, why);
      expect(await one('SELECT 1 AS woken FROM wakeups')).toEqual({ woken: 1 });
      await pool.query('DELETE FROM wakeups');
      await store.defer(fence, 'int_1', 0, why);
      expect(await one('SELECT 1 AS woken FROM wakeups')).toBeUndefined();
    });
  });

  it('says which of those in flight something newer covers', async () => {
    await putIntent(pool, 'int_1', { state: 'sent', guards: { 'rollout/rol_1': 0 } });
    await putIntent(pool, 'int_2', { state: 'sent', routeId: 'rte_2' });
    expect(await store.covered(fence, ['int_1', 'int_2'])).toEqual([]);
    await pool.query(`UPDATE guards SET version = version + 1 WHERE key = 'rollout/rol_1'`);
    expect(await store.covered(fence, ['int_1', 'int_2'])).toEqual(['int_1']);
  });

  describe('orphans', () => {
    it('are what was sent through the gateway and nobody waits for', async () => {
      await putIntent(pool, 'waits', { state: 'sent' });
      await putIntent(pool, 'orphan', { state: 'sent', routeId: 'rte_2' });
      await putIntent(pool, 'elsewhere', { state: 'sent', rolloutId: null, gatewayId: 'gtw_2' });
      for (const state of ['pending', 'applied', 'failed', 'superseded'])
        await putIntent(pool, state, { state, rolloutId: null });
      expect((await store.orphans(fence, ['waits'])).map((intent) => intent.id)).toEqual(['orphan']);
    });
  });
});
