import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Clock,
  ExternalFailure,
  WeightWriter,
  createResources,
  type AwsAccess,
  type CallOptions,
  type Caller,
  type CreateAccount,
  type Resources,
} from '@sluice/control';
import {
  InMemoryClusterAgent,
  InMemoryLoadBalancer,
  NodeTimers,
  createTestDatabase,
  eventually,
  type TestDatabase,
} from '@sluice/testing';
import { AesGcmSealer } from '../crypto/aes-gcm-sealer.js';
import { FileReferences } from '../crypto/file-references.js';
import { PostgresFactStore } from '../engine/fact-store.js';
import { PostgresGatewayStore } from '../engine/gateway-store.js';
import { RandomIds } from '../engine/ids.js';
import { PostgresSignals } from '../engine/signals.js';
import { openDatabase, type Database } from '../prisma.js';
import { PrismaResourceStore } from './prisma-resource-store.js';

const admin: Caller = { actor: { kind: 'token', id: 'tok_ann', name: 'ann' }, role: 'admin', projectId: null };
const numbers = { ours: '000000000000', theirs: '999999999999' };
const role = (name: string) => `arn:aws:iam::${numbers.ours}:role/${name}`;

class StandingClock extends Clock {
  now = () => Date.now();
}

class NoWriter extends WeightWriter {
  requestAttach = () => Promise.reject(new Error('not here'));
  requestDetach = () => Promise.reject(new Error('not here'));
}

/** AWS whose roles lead to different accounts: `elsewhere` into another number, `bogus` nowhere, `hanging` never answers. */
class RoledLoadBalancer extends InMemoryLoadBalancer {
  asked: string[] = [];
  partition = 'aws';
  away = false;
  during: () => Promise<unknown> = () => Promise.resolve();
  private readonly hanging: (() => void)[] = [];
  override async check(access: AwsAccess, _options?: CallOptions) {
    const name = access.role?.arn.split('/')[1] ?? 'none';
    this.asked.push(name);
    await this.during();
    if (name === 'hanging') await new Promise<void>((resolve) => this.hanging.push(resolve));
    if (name === 'bogus')
      throw new ExternalFailure({
        system: 'aws',
        kind: 'terminal',
        code: 'AccessDenied',
        message: 'may not assume it',
      });
    if (this.away)
      throw new ExternalFailure({ system: 'aws', kind: 'transient', code: 'Throttling', message: 'rate exceeded' });
    const accountId = name === 'elsewhere' ? numbers.theirs : numbers.ours;
    return { accountId, arn: `arn:${this.partition}:sts::${accountId}:assumed-role/${name}/sluice`, loadBalancers: 1 };
  }
  get hangingCalls(): number {
    return this.hanging.length;
  }
  letGo(): void {
    for (const go of this.hanging.splice(0)) go();
  }
}

describe('the gateway of an account', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let aws: RoledLoadBalancer;
  let resources: Resources;
  beforeEach(async () => {
    testDatabase = await createTestDatabase();
    database = openDatabase(testDatabase.url);
    aws = new RoledLoadBalancer();
    resources = createResources(
      {
        store: new PrismaResourceStore(database.prisma),
        facts: new PostgresFactStore(database.pool),
        timers: new NodeTimers(),
        clock: new StandingClock(),
        ids: new RandomIds(),
        loadBalancer: aws,
        clusterAgent: new InMemoryClusterAgent(),
        sealer: new AesGcmSealer([{ id: 'test', bytes: randomBytes(32) }]),
        references: new FileReferences(null),
        weightWriter: () => new NoWriter(),
        parseClusterCredentials: () => {
          throw new Error('not here');
        },
        parseKubeconfig: () => {
          throw new Error('not here');
        },
      },
      { allowProcessCredentials: true },
    );
    await database.pool.query(
      `INSERT INTO projects (id, name, created_by) VALUES ('prj_1', 'one', 'test'), ('prj_2', 'two', 'test')`,
    );
  });
  afterEach(async () => {
    aws.letGo();
    await database.close();
    await testDatabase.drop();
  });

  const create = (name: string, input: Partial<CreateAccount> = {}) =>
    resources.accounts.create(admin, {
      projectId: 'prj_1',
      name,
      awsAccountId: numbers.ours,
      region: 'eu-central-1',
      roleArn: role(name),
      ...input,
    });
  const gatewayOf = async (accountId: string): Promise<string | null> => {
    const { rows } = await database.pool.query<{ gateway_id: string | null }>(
      'SELECT gateway_id FROM accounts WHERE id = $1',
      [accountId],
    );
    return rows[0]!.gateway_id;
  };
  const gateways = async () =>
    (
      await database.pool.query<{ partition: string; aws_account_id: string; region: string }>(
        'SELECT partition, aws_account_id, region FROM gateways ORDER BY region, partition',
      )
    ).rows;
  const openIntent = (id: string, accountId: string, state = 'pending') =>
    database.pool.query(
      `INSERT INTO intents (id, project_id, account_id, gateway_id, route_id, listener_arn, decision_id, purpose, priority, state, goal, after, min_healthy_targets)
       VALUES ($1, 'prj_1', $2, (SELECT gateway_id FROM accounts WHERE id = $2), 'rou_1', 'l', 'dec_1', 'step', 2, $3, '{}', '[]', 1)`,
      [id, accountId, state],
    );
  const intentGateway = async (id: string) =>
    (await database.pool.query<{ gateway_id: string | null }>('SELECT gateway_id FROM intents WHERE id = $1', [id]))
      .rows[0]!.gateway_id;

  it('is there with the account, and two records of one real account share one, whatever project they are of', async () => {
    const one = await create('one');
    const other = await create('other', { projectId: 'prj_2' });
    expect(await gatewayOf(one.id)).toMatch(/^gtw_/);
    expect(await gatewayOf(other.id)).toBe(await gatewayOf(one.id));
    expect(await gateways()).toEqual([{ partition: 'aws', aws_account_id: numbers.ours, region: 'eu-central-1' }]);
    expect(one).toMatchObject({ version: 1, check: { ok: true } });
  });

  it('is one even where ten records are proven in the same moment', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, (_, i) => create(`r${i}`)));
    expect(new Set(await Promise.all(made.map((account) => gatewayOf(account.id)))).size).toBe(1);
    expect(await gateways()).toHaveLength(1);
  });

  it('tells every record of it, and no caller of another project, what its owner published of its budgets', async () => {
    const one = await create('one', { apiBudget: { readPerSecond: 2 } });
    const other = await create('other', { projectId: 'prj_2', apiBudget: { modifyPerSecond: 1 } });
    const told = async (id: string) => (await resources.accounts.gateway(admin, id)).gateway;
    const budget = { modifyPerSecond: 1, modifyBurst: 20, readPerSecond: 2, readBurst: 20 };
    const shared = { id: await gatewayOf(one.id), budget, accountCount: 2 };
    expect(await told(one.id)).toEqual({ ...shared, isOwned: false, spending: null });
    const leases = new PostgresGatewayStore(testDatabase.url, 60_000);
    try {
      const [grant] = await leases.claim('a', 60_000, 0, 1);
      expect(await told(one.id)).toEqual({ ...shared, isOwned: true, spending: null });
      const spending = {
        reads: { perSecond: 1.8, allowedPerSecond: 2, tokens: 7 },
        writes: { perSecond: 0.4, allowedPerSecond: 0.5, tokens: 3 },
        lookEveryMs: 36_000,
      };
      await leases.renew('a', [{ ...grant!, spending }], 60_000);
      const published = { ...spending, at: expect.any(String) };
      expect(await told(other.id)).toEqual({ ...shared, isOwned: true, spending: published });
      await leases.release({ fence: grant!, inFlightRouteIds: [] });
      expect(await told(other.id)).toMatchObject({ isOwned: false });
      await leases.claim('b', 60_000, 0, 1);
      expect(await told(other.id)).toMatchObject({ isOwned: true, spending: null });
    } finally {
      await leases.close();
    }
    const stranger = { ...admin, projectId: 'prj_2' };
    await expect(resources.accounts.gateway(stranger, one.id)).rejects.toMatchObject({ name: 'NotFound' });
  });

  it('is another one in another Region or partition', async () => {
    await create('one');
    await create('far', { region: 'eu-west-1' });
    aws.partition = 'aws-cn';
    await create('china', { region: 'cn-north-1' });
    expect(await gateways()).toEqual([
      { partition: 'aws-cn', aws_account_id: numbers.ours, region: 'cn-north-1' },
      { partition: 'aws', aws_account_id: numbers.ours, region: 'eu-central-1' },
      { partition: 'aws', aws_account_id: numbers.ours, region: 'eu-west-1' },
    ]);
  });

  it('is none where the record leads into another account, which both :check and the account name', async () => {
    const account = await create('elsewhere');
    expect(await gatewayOf(account.id)).toBeNull();
    expect(account.check).toMatchObject({ ok: false, message: expect.stringContaining(numbers.theirs) });
    expect(account.check).toMatchObject({ message: expect.stringContaining(numbers.ours) });
    await expect(resources.proveAccount.prove(account.id)).rejects.toMatchObject({
      name: 'Conflict',
      reason: 'AccountNumberDiffers',
      facts: { declared: numbers.ours, actual: numbers.theirs },
    });
    expect(await resources.accounts.check(admin, account.id)).toMatchObject({
      ok: false,
      identity: { accountId: numbers.theirs },
      advice: expect.stringContaining('Correct the role'),
    });
    expect(await gateways()).toEqual([]);
  });

  it('is none on a dry run, which asks AWS nothing', async () => {
    await resources.accounts.create(
      admin,
      { projectId: 'prj_1', name: 'x', awsAccountId: numbers.ours, region: 'eu-central-1', roleArn: role('x') },
      { dryRun: true },
    );
    expect(aws.asked).toEqual([]);
  });

  it('is never given to a record whose role is bogus, which slows nobody', async () => {
    const bogus = await create('bogus');
    const good = await create('good');
    expect(bogus.check).toMatchObject({ ok: false, message: 'AccessDenied: may not assume it' });
    await database.pool.query(`UPDATE accounts SET asked_at = asked_at - interval '1 minute'`);
    expect(await resources.proveAccount.proveOpen()).toEqual([{ accountId: bogus.id, code: 'AccessDenied' }]);
    expect(await gatewayOf(bogus.id)).toBeNull();
    expect(await gatewayOf(good.id)).not.toBeNull();
  });

  it('comes to the others while some that hang are being proven', async () => {
    aws.away = true;
    const hanging: string[] = [];
    for (let i = 0; i < 7; i += 1) hanging.push((await create(`h${i}`)).id);
    const good = await create('good');
    await database.pool.query(
      `UPDATE accounts SET asked_at = NULL, role_arn = CASE WHEN id = $1 THEN role_arn ELSE $2 END`,
      [good.id, role('hanging')],
    );
    aws.away = false;
    const proving = resources.proveAccount.proveOpen();
    await eventually('the gateway of the good one', () => gatewayOf(good.id));
    expect(await gatewayOf(hanging[0]!)).toBeNull();
    await eventually('all the others asked', async () => aws.hangingCalls === 7 || null);
    aws.letGo();
    expect(await proving).toEqual([]);
  });

  it('comes to the others, too, where asking for one breaks in a way that nobody foresaw', async () => {
    aws.away = true;
    const made = [await create('one'), await create('other'), await create('third')];
    await database.pool.query('UPDATE accounts SET asked_at = NULL');
    aws.away = false;
    aws.during = () => {
      aws.during = () => Promise.resolve();
      return Promise.reject(new TypeError('a bug'));
    };
    await expect(resources.proveAccount.proveOpen()).rejects.toThrow('1 accounts could not be asked for');
    const proven = await Promise.all(made.map((account) => gatewayOf(account.id)));
    expect(proven.filter((one) => one === null)).toHaveLength(1);
  });

  it('comes with the next try of a worker after AWS was away, once a minute whoever tries', async () => {
    aws.away = true;
    const account = await create('late');
    expect(account.check).toMatchObject({ ok: false, message: 'Throttling: rate exceeded' });
    aws.away = false;
    expect(await resources.proveAccount.proveOpen()).toEqual([]);
    expect(aws.asked).toHaveLength(1);
    await database.pool.query(`UPDATE accounts SET asked_at = asked_at - interval '1 minute'`);
    await resources.proveAccount.proveOpen();
    expect(await gatewayOf(account.id)).not.toBeNull();
    expect(await resources.accounts.get(admin, account.id)).toMatchObject({ version: 1, check: { ok: true } });
  });

  it('is left when the way in changes, and taken again when that is proven; the writes go with it', async () => {
    const account = await create('one');
    await openIntent('int_1', account.id);
    await openIntent('int_2', account.id, 'applied');
    const proven = await gatewayOf(account.id);
    const changed = await resources.accounts.update(admin, account.id, { roleArn: role('elsewhere') });
    expect(changed).toMatchObject({ version: 2, check: { ok: false } });
    expect([await gatewayOf(account.id), await intentGateway('int_1')]).toEqual([null, null]);
    expect(await intentGateway('int_2')).toBe(proven);
    await resources.accounts.update(admin, account.id, { roleArn: role('one') });
    expect([await gatewayOf(account.id), await intentGateway('int_1')]).toEqual([proven, proven]);
  });

  it('stays while AWS is away, and what is renamed is not asked for', async () => {
    const account = await create('one');
    aws.away = true;
    expect(await resources.accounts.check(admin, account.id)).toMatchObject({ ok: false });
    await resources.accounts.update(admin, account.id, { name: 'renamed' });
    expect(await gatewayOf(account.id)).not.toBeNull();
    expect(aws.asked).toHaveLength(2);
  });

  it('is lost when the same way in leads elsewhere now', async () => {
    const account = await create('one');
    await openIntent('int_1', account.id);
    const check = aws.check.bind(aws);
    aws.check = async (access, options) => ({ ...(await check(access, options)), accountId: numbers.theirs });
    await resources.accounts.check(admin, account.id);
    expect([await gatewayOf(account.id), await intentGateway('int_1')]).toEqual([null, null]);
  });

  it('is that of the way in that stands, not of the one that was asked when it changed', async () => {
    const account = await create('one');
    aws.during = async () => {
      aws.during = () => Promise.resolve();
      await database.pool.query('UPDATE accounts SET role_arn = $2, gateway_id = NULL WHERE id = $1', [
        account.id,
        role('elsewhere'),
      ]);
    };
    await expect(resources.proveAccount.prove(account.id)).rejects.toMatchObject({ reason: 'AccountNumberDiffers' });
    expect(await gatewayOf(account.id)).toBeNull();
  });

  it('takes in the writes that were decided in the moment of the proof', async () => {
    const account = await create('one');
    await openIntent('int_1', account.id);
    await database.pool.query('UPDATE intents SET gateway_id = NULL');
    await resources.proveAccount.proveOpen();
    expect(await intentGateway('int_1')).toBe(await gatewayOf(account.id));
  });

  it('is there before a route of it is read, or the route is refused with the reason', async () => {
    const targetGroupArn = `arn:aws:elasticloadbalancing:eu-west-1:${numbers.ours}:targetgroup/red/0123456789abcdef`;
    const arn = aws.addRoute({ weights: [{ targetGroupArn, weight: 100 }] });
    const register = (accountId: string) =>
      resources.routes.register(admin, { projectId: 'prj_1', accountId, name: `of-${accountId.slice(4)}`, arn });
    const differs = await create('elsewhere', { region: 'eu-west-1' });
    await expect(register(differs.id)).rejects.toMatchObject({ reason: 'AccountNumberDiffers' });
    const bogus = await create('bogus', { region: 'eu-west-1' });
    await expect(register(bogus.id)).rejects.toMatchObject({ reason: 'AwsAccessDenied' });
    aws.away = true;
    const late = await create('late', { region: 'eu-west-1' });
    await expect(register(late.id)).rejects.toMatchObject({ name: 'ExternalFailure', code: 'Throttling' });
    aws.away = false;
    await register(late.id);
    expect(await gatewayOf(late.id)).not.toBeNull();
  });

  it('is told to the replicas when it is new', async () => {
    const signals = new PostgresSignals(testDatabase.url);
    await signals.start();
    const told = new Promise<string>((resolve) => void signals.on('gateways', resolve));
    await create('one');
    await told;
    await signals.stop();
  });
});
