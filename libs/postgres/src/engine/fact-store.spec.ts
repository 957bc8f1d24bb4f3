import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { FactWrite, GatewayFence } from '@sluice/control';
import type { Fact, TargetHealth, Weights } from '@sluice/domain';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { PostgresFactStore } from './fact-store.js';

const noon = Date.UTC(2026, 10, 23, 12);
const fence: GatewayFence = { gatewayId: 'gtw_1', epoch: 7n, grantId: '00000000-0000-4000-8000-000000000001' };
const red = 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/red/1';
const black = 'arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/black/2';
const weights = (redWeight: number, blackWeight: number): Weights => [
  { targetGroupArn: black, weight: blackWeight },
  { targetGroupArn: red, weight: redWeight },
];

let database: TestDatabase;
let pool: pg.Pool;
let listener: pg.Client;
let store: PostgresFactStore;
let notified: number;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 4 });
  pool.on('error', () => undefined);
  listener = new pg.Client({ connectionString: database.url });
  listener.on('error', () => undefined);
  await listener.connect();
  await listener.query('LISTEN sluice_rollouts');
  listener.on('notification', () => (notified += 1));
  store = new PostgresFactStore(pool);
});
afterAll(async () => {
  await pool.end();
  await listener.end();
  await database.drop();
});

beforeEach(async () => {
  await pool.query(
    `TRUNCATE gateways, accounts, routes, backends, rollouts, rollout_routes, frozen_plans, claims, wakeups, facts, guards`,
  );
  await pool.query(
    `INSERT INTO gateways (id, partition, aws_account_id, region, owner, epoch, grant_id, lease_until)
     VALUES ('gtw_1', 'aws', '1', 'eu-west-1', 'a', 7, $1, clock_timestamp() + interval '1 minute'),
            ('gtw_2', 'aws', '2', 'eu-west-1', 'b', 7, $1, clock_timestamp() + interval '1 minute')`,
    [fence.grantId],
  );
  await pool.query(
    `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
     SELECT id, 'prj_1', id, '1', 'eu-west-1', 'x', gateway, '{}', 'test'
     FROM (VALUES ('acc_1', 'gtw_1'), ('acc_2', 'gtw_1'), ('acc_elsewhere', 'gtw_2'), ('acc_unproven', NULL)) AS a (id, gateway)`,
  );
  await answered();
});

/** Whatever was notified before this has arrived. */
async function answered(): Promise<void> {
  await listener.query('SELECT 1');
  notified = 0;
}

async function route(id: string, accountId = 'acc_1', isDefault = false): Promise<void> {
  await pool.query(
    `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, ownership, expected, created_by)
     VALUES ($1, 'prj_1', $2, $1, 'arn:' || $1, 'arn:lb', 'arn:listener', 'HTTP', 80, $3, '{"kind": "unowned"}', '[]', 'test')`,
    [id, accountId, isDefault],
  );
  for (const [name, arn] of [
    ['red', red],
    ['black', black],
  ]) {
    await pool.query(
      `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_by)
       VALUES ($1 || $2, 'prj_1', $1, 'clu_1', $2, 'ns', 's', '80', $3, 'ip', 'test')`,
      [id, name, arn],
    );
  }
}

interface InRollout {
  readonly state?: string;
  readonly stepIndex?: number;
  readonly pausedFrom?: string;
  readonly expected?: Weights;
  readonly isClaimed?: boolean;
}

/** A rollout 90/10, 50/50, 0/100 over these routes, holding its first step. */
async function rollout(id: string, routeIds: readonly string[], change: InRollout = {}): Promise<void> {
  const { state = 'Running', stepIndex = 0, pausedFrom = null, expected = weights(90, 10), isClaimed = true } = change;
  const backends = [
    { name: 'red', targetGroupArn: red },
    { name: 'black', targetGroupArn: black },
  ];
  const steps = [
    [900, 100],
    [500, 500],
    [0, 1000],
  ].map(([r, b]) => ({ shares: { red: r, black: b } }));
  await pool.query(`INSERT INTO frozen_plans (id, body) VALUES ($1, $2)`, [
    id,
    { steps, routes: routeIds.map((routeId) => ({ id: routeId, backends })) },
  ]);
  await pool.query(
    `INSERT INTO rollouts (id, project_id, plan_id, plan_version, name, state, frozen_plan_id, route_count, step_count, step_index, paused_from, reason, message, created_by)
     VALUES ($1, 'prj_1', 'pln_1', 1, $1, $2, $1, $3, 3, $4, $5, '', '', 'test')`,
    [id, state, routeIds.length, stepIndex, pausedFrom],
  );
  for (const [position, routeId] of routeIds.entries()) {
    await pool.query(
      `INSERT INTO rollout_routes (rollout_id, route_id, position, baseline, expected) VALUES ($1, $2, $3, $4, $5)`,
      [id, routeId, position, JSON.stringify(weights(100, 0)), JSON.stringify(expected)],
    );
    if (isClaimed) await pool.query(`INSERT INTO claims (route_id, rollout_id) VALUES ($1, $2)`, [routeId, id]);
  }
}

function healthOf(arn: string, healthy: number): TargetHealth {
  const none = { initial: 0, unhealthy: 0, draining: 0, unused: 0, unavailable: 0, reasons: {} };
  return { targetGroupArn: arn, healthy, ...none, total: healthy };
}

function health(at: number, healthy: number, arn = black, accountId = 'acc_1'): FactWrite {
  const fact: Fact<TargetHealth> = { ok: true, at, value: healthOf(arn, healthy) };
  const runs = [{ from: at, to: at, joined: false, mark: healthy }];
  return { kind: 'health', accountId, arn, watched: { fact, periodMs: 30_000, runs } };
}

function action(at: number, arn: string): FactWrite {
  const action = { weights: weights(90, 10), stickiness: { enabled: false }, otherActions: [] } as const;
  const place = { routeArn: arn, loadBalancerArn: 'arn:lb', listenerArn: 'arn:listener', isDefault: false };
  const value = { ...place, action, document: { actions: [], unknown: [] } };
  const runs = [{ from: at - 10, to: at, joined: true, mark: action.weights }];
  return {
    kind: 'action',
    accountId: 'acc_1',
    arn,
    watched: { fact: { ok: true, at, value }, periodMs: 69_001, runs },
  };
}

function ownerUnseen(at: number, arn: string): FactWrite {
  const fact = { ok: false, at, transient: false, code: 'AccessDenied', message: 'no' } as const;
  const runs = [{ from: at, to: at, joined: false, mark: null }];
  return { kind: 'owner', accountId: 'acc_1', arn, watched: { fact, periodMs: 300_000, runs } };
}

async function awake(): Promise<readonly string[]> {
  const { rows } = await pool.query<{ rollout_id: string }>(
    'SELECT rollout_id FROM wakeups WHERE at <= clock_timestamp() ORDER BY 1',
  );
  return rows.map((row) => row.rollout_id);
}

describe('what a gateway wants to look at', () => {
  it('every registered route of its account records, whoever they belong to, and of no other gateway', async () => {
    await route('rte_1');
    await route('rte_2', 'acc_2', true);
    await route('rte_3', 'acc_elsewhere');
    await route('rte_4', 'acc_unproven');
    const { routes, health: groups } = await store.wants('gtw_1');
    expect(routes).toEqual([
      {
        accountId: 'acc_1',
        routeId: 'rte_1',
        arn: 'arn:rte_1',
        listenerArn: 'arn:listener',
        loadBalancerArn: 'arn:lb',
        isDefault: false,
      },
      expect.objectContaining({ accountId: 'acc_2', routeId: 'rte_2', isDefault: true }),
    ]);
    expect(groups).toEqual([]);
  });

  it('the target groups of a running rollout: raised by this step or the next, or giving', async () => {
    await route('rte_1');
    await rollout('rol_1', ['rte_1']);
    expect((await store.wants('gtw_1')).health).toEqual([
      { accountId: 'acc_1', targetGroupArn: red, as: 'donor' },
      { accountId: 'acc_1', targetGroupArn: black, as: 'raised' },
    ]);
  });

  it.each<[string, InRollout, object]>([
    [
      'before the first step the next one counts',
      { stepIndex: -1, expected: weights(100, 0) },
      { black: 'raised', red: 'donor' },
    ],
    [
      'in the last step who gave everything is left alone',
      { stepIndex: 2, expected: weights(0, 100) },
      { black: 'raised' },
    ],
    ['a paused rollout stays watched', { state: 'Paused', pausedFrom: 'Running' }, { black: 'raised', red: 'donor' }],
    ['so does a blocked one', { state: 'Blocked' }, { black: 'raised', red: 'donor' }],
    ['going back, those of the baseline are raised', { state: 'RollingBack' }, { red: 'raised', black: 'donor' }],
    ['also when that is paused', { state: 'Paused', pausedFrom: 'RollingBack' }, { red: 'raised', black: 'donor' }],
    ['a suspended one raises nobody', { state: 'Suspended' }, {}],
    ['a scheduled one holds nothing', { state: 'Scheduled', isClaimed: false }, {}],
    ['one without its claim plans nothing here', { isClaimed: false }, {}],
    ['an ended one is at rest', { state: 'Succeeded' }, {}],
  ])('%s', async (_sentence, change, expected) => {
    await route('rte_1');
    await rollout('rol_1', ['rte_1'], change);
    const groups = (await store.wants('gtw_1')).health;
    expect(Object.fromEntries(groups.map((one) => [one.targetGroupArn === red ? 'red' : 'black', one.as]))).toEqual(
      expected,
    );
  });

  it('a target group of two routes once, raised if one of them raises it, and per account record', async () => {
    for (const [id, accountId] of [
      ['rte_1', 'acc_1'],
      ['rte_2', 'acc_1'],
      ['rte_3', 'acc_2'],
      ['rte_4', 'acc_elsewhere'],
    ] as const)
      await route(id, accountId);
    await rollout('rol_1', ['rte_1', 'rte_3', 'rte_4']);
    await rollout('rol_2', ['rte_2'], { state: 'RollingBack' });
    const groups = (await store.wants('gtw_1')).health;
    expect(
      groups.map((one) => `${one.accountId} ${one.targetGroupArn === red ? 'red' : 'black'} ${one.as}`).sort(),
    ).toEqual(['acc_1 black raised', 'acc_1 red raised', 'acc_2 black raised', 'acc_2 red donor']);
  });
});

describe('looks that are stored', () => {
  it('come back as they were, to the millisecond, also those that failed', async () => {
    const looks = [health(noon + 1, 2), action(noon + 2, 'arn:rte_1'), ownerUnseen(noon + 3, 'arn:rte_1')];
    expect(await store.record(fence, looks, [])).toBe(true);
    const byKind = (all: readonly FactWrite[]) => [...all].sort((a, b) => a.kind.localeCompare(b.kind));
    expect(byKind(await store.load('gtw_1'))).toEqual(byKind(looks));
    expect(await store.load('gtw_2')).toEqual([]);
  });

  it('are never replaced by older ones', async () => {
    await store.record(fence, [health(noon + 10, 2)], []);
    expect(await store.record(fence, [health(noon, 0), action(noon, 'arn:rte_1')], [])).toBe(true);
    const stored = await store.load('gtw_1');
    expect(stored.map((one) => one.watched.fact.at).sort()).toEqual([noon, noon + 10]);
    await store.record(fence, [health(noon + 10, 1)], []);
    expect((await store.load('gtw_1')).map((one) => one.watched.runs[0]?.mark)).toContain(1);
  });

  it.each<[string, Partial<GatewayFence>, string | null]>([
    ['under an older epoch', { epoch: 6n }, null],
    ['under another grant', { grantId: '00000000-0000-4000-8000-000000000002' }, null],
    ['after the lease', {}, `UPDATE gateways SET lease_until = clock_timestamp() - interval '1 ms'`],
    ['for a gateway that was let go', {}, 'UPDATE gateways SET owner = NULL, lease_until = NULL, grant_id = NULL'],
  ])('are refused %s, and nobody is woken', async (_sentence, change, sql) => {
    await route('rte_1');
    await rollout('rol_1', ['rte_1']);
    if (sql) await pool.query(sql);
    expect(await store.record({ ...fence, ...change }, [health(noon, 0)], [0])).toBe(false);
    expect(await store.load('gtw_1')).toEqual([]);
    expect(await awake()).toEqual([]);
  });

  it('do not wait for a renewal of the lease, nor it for them', async () => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query(`UPDATE gateways SET lease_until = lease_until + interval '1 s' WHERE id = 'gtw_1'`);
    expect(await store.record(fence, [health(noon, 2)], [])).toBe(true);
    await client.query('ROLLBACK');
    client.release();
  });

  it('are found by route, with the health of its backends', async () => {
    await route('rte_1');
    await route('rte_2', 'acc_2');
    const own = health(noon, 2);
    await store.record(
      fence,
      [own, health(noon, 1, black, 'acc_2'), action(noon, 'arn:rte_1'), ownerUnseen(noon, 'arn:rte_1')],
      [],
    );
    expect(await store.ofRoutes(['rte_1', 'rte_unknown'])).toEqual({
      actions: { rte_1: action(noon, 'arn:rte_1').watched },
      owners: { rte_1: ownerUnseen(noon, 'arn:rte_1').watched.fact },
      health: { [black]: own.watched },
    });
    expect(await store.ofRoutes(['rte_2'])).toMatchObject({
      actions: {},
      owners: {},
      health: { [black]: { fact: { value: { healthy: 1 } } } },
    });
    expect(await store.ofRoutes([])).toEqual({ actions: {}, owners: {}, health: {} });
  });
});

describe('who is woken', () => {
  beforeEach(async () => {
    await route('rte_1');
    await route('rte_2');
    await route('rte_3', 'acc_2');
  });

  it.each<[string, FactWrite, readonly string[]]>([
    [
      "by a target group's health, each rollout that has it in one of its routes of that record",
      health(noon, 0),
      ['rol_1', 'rol_2'],
    ],
    ["by a route's action, the rollout that holds it", action(noon, 'arn:rte_2'), ['rol_2']],
    ["by a route's owner too", ownerUnseen(noon, 'arn:rte_1'), ['rol_1']],
    ['by what concerns nobody, nobody', health(noon, 0, 'arn:idle'), []],
  ])('%s', async (_sentence, look, expected) => {
    await rollout('rol_1', ['rte_1']);
    await rollout('rol_2', ['rte_2']);
    await rollout('rol_3', ['rte_3']);
    await answered();
    expect(await store.record(fence, [look], [0])).toBe(true);
    expect(await awake()).toEqual(expected);
    await listener.query('SELECT 1');
    expect(notified).toBe(expected.length > 0 ? 1 : 0);
  });

  it('nobody by a look that shows the same, nor by one that is older than what is known', async () => {
    await rollout('rol_1', ['rte_1']);
    await store.record(fence, [health(noon + 10, 2), action(noon, 'arn:rte_1')], []);
    await store.record(fence, [health(noon, 0)], [0]);
    await listener.query('SELECT 1');
    expect([await awake(), notified]).toEqual([[], 0]);
  });

  it.each(['Scheduled', 'Paused', 'Blocked', 'Suspended', 'Succeeded'])('not a rollout that is %s', async (state) => {
    await rollout('rol_1', ['rte_1'], { state });
    await store.record(fence, [health(noon, 0)], [0]);
    expect(await awake()).toEqual([]);
  });

  it('a rollout that goes back first of all, and nobody later than he wanted himself', async () => {
    await rollout('rol_1', ['rte_1'], { state: 'RollingBack' });
    await rollout('rol_2', ['rte_2']);
    await pool.query(
      `INSERT INTO wakeups (rollout_id, at, priority) VALUES ('rol_1', '2100-01-01', 1), ('rol_2', '2000-01-01', 1)`,
    );
    await store.record(fence, [health(noon, 0)], [0]);
    const { rows } = await pool.query<{ rollout_id: string; priority: number; year: string }>(
      `SELECT rollout_id, priority, extract(year FROM at) AS year FROM wakeups ORDER BY 1`,
    );
    expect(rows.map((row) => `${row.rollout_id} ${row.priority}`)).toEqual(['rol_1 0', 'rol_2 1']);
    expect(rows.map((row) => Number(row.year) >= 2026 && Number(row.year) < 2100)).toEqual([true, false]);
  });
});
