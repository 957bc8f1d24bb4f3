import pg from 'pg';
import type { AwsAccess, CrashPoint, EngineParts } from '@sluice/control';
import {
  Clock,
  OneOffWeights,
  Rollouts,
  createEngine,
  defaultGatewaySettings,
  defaultLaneSettings,
  defaultReaderSettings,
  type Engine,
} from '@sluice/control';
import type { PlanSpec, Weights } from '@sluice/domain';
import {
  PostgresDriftStore,
  PostgresFactStore,
  PostgresGatewayStore,
  PostgresLaneStore,
  PostgresRolloutStore,
  PostgresRouteWriteStore,
  PostgresSignals,
  RandomIds,
} from '@sluice/postgres';
import { InMemoryLoadBalancer, NodeTimers, createTestDatabase } from '@sluice/testing';
import { replayed } from '../replayed.js';

export const operator = {
  actor: { kind: 'token', id: 'tok_ops', name: 'ops' },
  role: 'operator',
  projectId: null,
} as const;
const access: AwsAccess = {
  accountId: '000000000000',
  region: 'eu-central-1',
  endpoint: null,
  credentials: null,
  role: null,
};
export const targetGroup = (name: string): string =>
  `arn:aws:elasticloadbalancing:eu-central-1:000000000000:targetgroup/${name}/0123456789abcdef`;
export const red = targetGroup('red');
export const black = targetGroup('black');
export const weights = (onRed: number, onBlack: number): Weights => [
  { targetGroupArn: black, weight: onBlack },
  { targetGroupArn: red, weight: onRed },
];
type Settings = EngineParts['settings'];
/** Looks every 50 ms, leases of two seconds: the tests wait for events, and these are what they wait for. */
const fast: Settings = {
  ...defaultGatewaySettings,
  ...defaultReaderSettings,
  ...defaultLaneSettings,
  leaseMs: 2_000,
  writeTimeoutMs: 500,
  leaseMarginMs: 50,
  moveEveryMs: 1_000,
  minPeriodMs: 50,
  timeoutMs: 2_000,
  recordDelayMs: 10,
  lagMs: 1_000,
  pollMs: 100,
};

class SystemClock extends Clock {
  now(): number {
    return Date.now();
  }
}

/** Short holds. */
export const quickPlan = (routeId: string, overrides: Partial<PlanSpec> = {}): PlanSpec => ({
  schemaVersion: 1,
  routes: { kind: 'ids', ids: [routeId] },
  minHealthyTargets: 1,
  settleMs: 50,
  maxFactAgeMs: null,
  onHealthLost: 'block',
  bakeMs: 60_000,
  steps: {
    kind: 'explicit',
    steps: [
      { shares: { red: 90, black: 10 }, holdMs: 100 },
      { shares: { red: 50, black: 50 }, holdMs: 100 },
      { shares: { red: 0, black: 100 }, holdMs: 100 },
    ],
  },
  ...overrides,
});

export interface Replica {
  readonly engine: Engine;
  /** Its leases: a test may keep it from renewing them. */
  readonly gateways: PostgresGatewayStore;
  stop(): Promise<void>;
  /** Ends it as kill -9 would: its connections break, nothing is handed over. */
  die(): void;
}

/** One database, one load balancer in memory, one route from red to black (others by `addRoute`), and as many replicas as a test starts. */
export class EngineWorld {
  readonly loadBalancer = new InMemoryLoadBalancer();
  /** How replicas get into an account; a test may put a failure in its place. */
  access: (accountId: string) => Promise<AwsAccess> = async () => access;
  readonly ids = new RandomIds();
  private readonly closers: (() => Promise<void>)[] = [];
  private constructor(
    readonly databaseUrl: string,
    readonly pool: pg.Pool,
    readonly routeArn: string,
    private readonly dropDatabase: () => Promise<void>,
  ) {}

  static async start(live: Weights = weights(100, 0)): Promise<EngineWorld> {
    const database = await createTestDatabase();
    const pool = new pg.Pool({ connectionString: database.url, max: 8 });
    pool.on('error', () => undefined);
    const world = new EngineWorld(database.url, pool, '', database.drop);
    const routeArn = world.loadBalancer.addRoute({ weights: live });
    Object.assign(world, { routeArn });
    await world.seed(live);
    return world;
  }

  private async seed(live: Weights): Promise<void> {
    await this.pool.query(`INSERT INTO projects (id, name, created_by) VALUES ('prj_1', 'shop', 'test')`);
    await this.pool.query(
      `INSERT INTO gateways (id, partition, aws_account_id, region) VALUES ('gtw_1', 'aws', '000000000000', 'eu-central-1')`,
    );
    await this.pool.query(
      `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by) VALUES ('acc_1', 'prj_1', 'main', '000000000000', 'eu-central-1', 'x', 'gtw_1', '{"modifyPerSecond": 50, "modifyBurst": 50, "readPerSecond": 100, "readBurst": 200}', 'test')`,
    );
    for (const [id, name] of [
      ['clu_1', 'blue-2025'],
      ['clu_2', 'green-2026'],
    ]) {
      await this.pool.query(
        `INSERT INTO clusters (id, project_id, account_id, name, server, ca_pem, credentials, created_by) VALUES ($1, 'prj_1', 'acc_1', $2, 'https://c', '-', '{}', 'test')`,
        [id, name],
      );
    }
    await this.seedRoute('rte_1', this.routeArn, live, { red, black });
  }

  /** Another record of the same AWS account: it shares the gateway, and nothing else. */
  async addAccount(id: string): Promise<void> {
    await this.pool.query(
      `INSERT INTO accounts (id, project_id, name, aws_account_id, region, external_id, gateway_id, api_budget, created_by)
       SELECT $1, project_id, $1, aws_account_id, region, external_id, gateway_id, api_budget, created_by FROM accounts WHERE id = 'acc_1'`,
      [id],
    );
  }

  /** A route of its own target groups, with backends of the same names; returns its ARN. */
  async addRoute(id: string, accountId = 'acc_1'): Promise<string> {
    const own = { red: targetGroup(`red-${id}`), black: targetGroup(`black-${id}`) };
    const live = [
      { targetGroupArn: own.black, weight: 0 },
      { targetGroupArn: own.red, weight: 100 },
    ];
    const arn = this.loadBalancer.addRoute({ weights: live });
    await this.seedRoute(id, arn, live, own, accountId);
    return arn;
  }

  private async seedRoute(
    id: string,
    arn: string,
    live: Weights,
    targetGroups: { red: string; black: string },
    accountId = 'acc_1',
  ): Promise<void> {
    const { ownership, protocol, port, ...action } = await this.loadBalancer.readRoute(access, arn);
    await this.pool.query(
      `INSERT INTO routes (id, project_id, account_id, name, arn, load_balancer_arn, listener_arn, protocol, port, is_default, ownership, expected, created_by)
       VALUES ($1, 'prj_1', $10, $1, $2, $3, $4, $5, $6, $7, $8, $9, 'test')`,
      [
        id,
        arn,
        action.loadBalancerArn,
        action.listenerArn,
        protocol,
        port,
        action.isDefault,
        JSON.stringify(ownership),
        JSON.stringify(live),
        accountId,
      ],
    );
    // as registering a route does: what was read then is the first look
    await this.pool.query(
      `INSERT INTO facts (account_id, subject, at, period_ms, look, runs)
       SELECT $6, f.subject, to_timestamp(f.at / 1000.0), 30000, jsonb_build_object('ok', true, 'value', f.value),
              jsonb_build_array(jsonb_build_object('from', f.at, 'to', f.at, 'joined', false, 'mark', f.mark))
       FROM (VALUES ('action/' || $1::text, $2::jsonb, $3::jsonb, $5::bigint), ('owner/' || $1, $4::jsonb, '"unowned"', $5)) AS f (subject, value, mark, at)`,
      [
        arn,
        JSON.stringify(action),
        JSON.stringify(action.action.weights),
        JSON.stringify(ownership),
        Date.now(),
        accountId,
      ],
    );
    for (const [name, cluster, targetGroupArn] of [
      ['red', 'clu_1', targetGroups.red],
      ['black', 'clu_2', targetGroups.black],
    ]) {
      await this.pool.query(
        `INSERT INTO backends (id, project_id, route_id, cluster_id, name, namespace, service, port, target_group_arn, target_type, created_by)
         VALUES ($1, 'prj_1', $2, $3, $4, $4 || '-ns', $4 || '-service', '80', $5, 'ip', 'test')`,
        [`bck_${String(name)}_${id}`, id, cluster, name, targetGroupArn],
      );
    }
  }

  async plan(spec: PlanSpec = quickPlan('rte_1')): Promise<string> {
    const id = this.ids.next('pln');
    await this.pool.query(
      `INSERT INTO plans (id, project_id, name, latest_version, created_by) VALUES ($1, 'prj_1', $1, 1, 'test')`,
      [id],
    );
    await this.pool.query(`INSERT INTO plan_versions (plan_id, version, spec, created_by) VALUES ($1, 1, $2, 'test')`, [
      id,
      JSON.stringify(spec),
    ]);
    return id;
  }

  get store(): PostgresRolloutStore {
    return new PostgresRolloutStore(this.pool, this.ids);
  }

  get rollouts(): Rollouts {
    return new Rollouts({ store: this.store, ids: this.ids });
  }

  get oneOff(): OneOffWeights {
    return new OneOffWeights(new PostgresRouteWriteStore(this.pool, this.ids));
  }

  async startRollout(spec?: PlanSpec): Promise<string> {
    return (await this.rollouts.create(operator, { projectId: 'prj_1', planId: await this.plan(spec) })).id;
  }

  /** A replica of its own: its pool, its signals, its lanes. `crashPoint` may throw to end it where it stands. */
  async replica(
    owner: string,
    options: { crashPoint?: (point: CrashPoint) => void; settings?: Partial<Settings> } = {},
  ): Promise<Replica> {
    const settings = { ...fast, ...options.settings };
    const pool = new pg.Pool({ connectionString: this.databaseUrl, max: 8 });
    pool.on('error', () => undefined);
    const signals = new PostgresSignals(this.databaseUrl);
    await signals.start();
    const gateways = new PostgresGatewayStore(this.databaseUrl, settings.leaseMs);
    const engine = createEngine({
      owner,
      rollouts: new PostgresRolloutStore(pool, this.ids),
      gateways,
      lanes: new PostgresLaneStore(pool),
      facts: new PostgresFactStore(pool),
      drift: new PostgresDriftStore(pool, this.ids),
      loadBalancer: this.loadBalancer,
      access: (accountId) => this.access(accountId),
      signals,
      timers: new NodeTimers(),
      clock: new SystemClock(),
      settings,
      log: this.log,
      agents: async () => undefined,
      bindings: async () => undefined,
      hooks: options.crashPoint ? { crashPoint: options.crashPoint } : {},
    });
    await engine.start();
    let stopped: Promise<void> | null = null;
    const stop = () =>
      (stopped ??= (async () => {
        await engine.stop();
        await signals.stop();
        await gateways.close();
        await pool.end();
      })());
    const die = () => {
      // the timers of a dead process don't go on either, so they are ended with the world; its connections are gone by then
      stopped = Promise.all([signals.stop(), gateways.close(), pool.end()]).then(() =>
        engine.stop().catch(() => undefined),
      );
    };
    this.closers.push(stop);
    return { engine, gateways, stop, die };
  }

  /** What replicas tell; `SLUICE_TEST_LOG=1` shows it. */
  private readonly log = {
    info: (message: string, fields: object) => process.env['SLUICE_TEST_LOG'] && console.log(message, fields),
    warn: (message: string, fields: object) => process.env['SLUICE_TEST_LOG'] && console.warn(message, fields),
  };

  /** Whatever the scenario was: every decision of it replays. */
  async stop(): Promise<void> {
    await Promise.all(this.closers.map((close) => close()));
    try {
      const { broken } = await replayed(this.pool);
      if (broken.length > 0) throw new Error(broken.join('\n'));
    } finally {
      await this.pool.end();
      await this.dropDatabase();
    }
  }
}

export { eventually } from '../eventually.js';
