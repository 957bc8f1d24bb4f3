import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { defaultApiBudget, type Caller } from '@sluice/control';
import {
  admin,
  awsAccountId,
  createResourceWorld,
  errorOf,
  firstPage,
  region,
  type ResourceWorld,
} from './resource-world.js';

describe('projects and accounts', () => {
  let world: ResourceWorld;
  beforeAll(async () => {
    world = await createResourceWorld();
  });
  afterAll(() => world.close());

  it('tells people of a new project in the same transaction', async () => {
    const project = await world.resources.projects.create(admin, { name: 'told' });
    expect(project).toMatchObject({ name: 'told', version: 1, createdBy: 'token:ann' });
    expect((await world.events()).find(({ subject }) => subject === `project/${project.id}`)).toMatchObject({
      type: 'project.created',
      projectId: project.id,
    });
  });

  it('refuses a second project of the same name', async () => {
    await world.resources.projects.create(admin, { name: 'twice' });
    expect(await errorOf(world.resources.projects.create(admin, { name: 'twice' }))).toMatchObject({
      name: 'Conflict',
      reason: 'AlreadyExists',
    });
  });

  it('changes nothing and tells nobody on a dry run, but checks all the same', async () => {
    const before = (await world.events()).length;
    expect(await world.resources.projects.create(admin, { name: 'rehearsed' }, { dryRun: true })).toMatchObject({
      name: 'rehearsed',
    });
    expect(await errorOf(world.resources.projects.create(admin, { name: 'told' }, { dryRun: true }))).toMatchObject({
      reason: 'AlreadyExists',
    });
    expect((await world.resources.projects.list(admin, firstPage)).items.map((one) => one.name)).not.toContain(
      'rehearsed',
    );
    expect(await world.events()).toHaveLength(before);
  });

  it('lets nobody who is bound to a project create another, not even as a rehearsal', async () => {
    const { caller } = await world.project('bound');
    for (const options of [{}, { dryRun: true }])
      expect(await errorOf(world.resources.projects.create(caller, { name: 'another' }, options))).toMatchObject({
        name: 'Forbidden',
      });
    expect((await world.resources.projects.list(admin, firstPage)).items.map((one) => one.name)).not.toContain(
      'another',
    );
  });

  it('hides a project from a token of another one', async () => {
    const mine = await world.project('mine');
    const theirs = await world.project('theirs');
    expect(await errorOf(world.resources.projects.get(mine.caller, theirs.projectId))).toMatchObject({
      name: 'NotFound',
    });
    expect(await errorOf(world.resources.accounts.get(mine.caller, theirs.accountId))).toMatchObject({
      name: 'NotFound',
    });
    expect(
      await errorOf(world.resources.accounts.list(mine.caller, { projectId: theirs.projectId }, firstPage)),
    ).toMatchObject({ name: 'NotFound' });
    expect((await world.resources.accounts.list(mine.caller, {}, firstPage)).items.map((one) => one.id)).toEqual([
      mine.accountId,
    ]);
    expect((await world.resources.projects.list(mine.caller, firstPage)).items.map((one) => one.id)).toEqual([
      mine.projectId,
    ]);
  });

  it('keeps a project while anything is left in it', async () => {
    const { projectId, accountId } = await world.project('full');
    expect(await errorOf(world.resources.projects.remove(admin, projectId))).toMatchObject({
      reason: 'ProjectNotEmpty',
      facts: { left: ['1 accounts'] },
    });
    const adopted = world.loadBalancer.world.putLoadBalancer({
      name: 'adopted',
      type: 'application',
      scheme: 'internal',
      subnets: [],
      securityGroups: [],
      tags: {},
    });
    await world.resources.provisioning.adoptLoadBalancer(admin, { projectId, accountId, arn: adopted.arn });
    await world.resources.accounts.remove(admin, accountId);
    await world.resources.projects.remove(admin, projectId);
    expect(await errorOf(world.resources.projects.get(admin, projectId))).toMatchObject({ name: 'NotFound' });
  });

  it.each([
    '',
    'prj_\0',
    'no id at all',
    "prj_'; drop table projects --",
    'prj_00000000000000000000',
    `prj_${'x'.repeat(60)}`,
  ])('answers that %j does not exist', async (id) => {
    expect(await errorOf(world.resources.projects.get(admin, id))).toMatchObject({ name: 'NotFound' });
  });

  it.each(['', ' ', 'nul\0', '\ud800', 'x'.repeat(64), 'line\nbreak'])(
    'refuses the name %j before the store sees it',
    async (name) => {
      expect(await errorOf(world.resources.projects.create(admin, { name }))).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field: 'name' }],
      });
    },
  );

  describe('an account', () => {
    it('comes with a gateway and an external id of its own, and never shows its credentials', async () => {
      const { projectId, accountId } = await world.project('lanes');
      const account = await world.resources.accounts.get(admin, accountId);
      expect(account).toMatchObject({ credentials: 'stored', apiBudget: defaultApiBudget });
      expect(account.externalId).toMatch(/^sluice-[0-9a-f-]{36}$/);
      expect(
        JSON.stringify([account, await world.resources.accounts.list(admin, { projectId }, firstPage)]),
      ).not.toContain('super-secret-key');
      const { rows } = await world.database.pool.query(
        'SELECT g.region, g.partition FROM gateways g JOIN accounts a ON a.gateway_id = g.id WHERE a.id = $1',
        [accountId],
      );
      expect(rows).toEqual([{ region, partition: 'aws' }]);
      const stored = await world.database.pool.query<{ credentials: object }>(
        'SELECT credentials FROM accounts WHERE id = $1',
        [accountId],
      );
      expect(JSON.stringify(stored.rows)).not.toContain('super-secret-key');
    });

    it('keeps the figures of its API budget that a change does not name', async () => {
      const { accountId } = await world.project('budgets');
      const account = await world.resources.accounts.update(admin, accountId, { apiBudget: { readPerSecond: 2 } });
      expect(account.apiBudget).toEqual({ ...defaultApiBudget, readPerSecond: 2 });
    });

    it('is reached with its unsealed credentials, endpoint and role', async () => {
      const { accountId } = await world.project('reached');
      const account = await world.resources.accounts.update(admin, accountId, {
        roleArn: 'arn:aws:iam::000000000000:role/sluice',
      });
      expect(await world.resources.accountAccess.access(accountId)).toEqual({
        accountId: awsAccountId,
        region,
        endpoint: 'http://127.0.0.1:4566',
        credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'super-secret-key' },
        role: { arn: 'arn:aws:iam::000000000000:role/sluice', externalId: account.externalId },
      });
    });

    it('refuses sealed credentials that were copied to another account', async () => {
      const one = await world.project('copied from');
      const other = await world.project('copied to');
      await world.database.pool.query(
        'UPDATE accounts SET credentials = (SELECT credentials FROM accounts WHERE id = $1) WHERE id = $2',
        [one.accountId, other.accountId],
      );
      const error = await errorOf(world.resources.accountAccess.access(other.accountId));
      expect(error).toMatchObject({ reason: 'CredentialsUnreadable' });
      expect(error.message).not.toContain('super-secret-key');
    });

    it.each([
      ['http://169.254.169.254/', 'endpoint'],
      ['http://127.0.0.1:4567/', 'endpoint'],
      ['http://127.0.0.1:4566.evil.test/', 'endpoint'],
      ['https://evil.test/.amazonaws.com', 'endpoint'],
      ['https://user:pw@elasticloadbalancing.eu-west-1.amazonaws.com', 'endpoint'],
      ['file:///etc/passwd', 'endpoint'],
    ])('refuses the endpoint %s, which nobody allowed', async (endpoint, field) => {
      const { projectId } = await world.project(`endpoint ${Math.random().toString(36).slice(2)}`);
      const input = {
        projectId,
        name: 'x',
        awsAccountId,
        region,
        endpoint,
        credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's' },
      };
      expect(await errorOf(world.resources.accounts.create(admin, input))).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field }],
      });
    });

    it('names every field that is wrong at once', async () => {
      const { projectId } = await world.project('all at once');
      const input = {
        projectId,
        name: '',
        awsAccountId: '12',
        region: 'mars',
        roleArn: 'nobody',
        apiBudget: { modifyPerSecond: 1e308, modifyBurst: 0.5, readPerSecond: 0, readBurst: 1e9 },
      };
      const { issues } = await errorOf(world.resources.accounts.create(admin, input));
      expect(issues?.map((one) => one.field).sort()).toEqual([
        'apiBudget.modifyBurst',
        'apiBudget.modifyPerSecond',
        'apiBudget.readBurst',
        'apiBudget.readPerSecond',
        'awsAccountId',
        'credentials',
        'name',
        'region',
        'roleArn',
      ]);
    });

    it('keeps what a check found, and says how to trust us when the role refuses', async () => {
      const { accountId } = await world.project('checked');
      expect(await world.resources.accounts.check(admin, accountId)).toMatchObject({
        ok: true,
        advice: null,
        identity: { accountId: awsAccountId },
      });
      const { externalId } = await world.resources.accounts.update(admin, accountId, {
        roleArn: 'arn:aws:iam::000000000000:role/sluice',
      });
      world.loadBalancer.faults.outage = { code: 'AccessDenied', kind: 'terminal' };
      const refused = await world.resources.accounts.check(admin, accountId);
      world.loadBalancer.faults.outage = null;
      expect(refused).toMatchObject({ ok: false, account: { check: { ok: false } } });
      expect(refused.advice).toContain(`sts:ExternalId = ${externalId}`);
    });

    it('changes only when the version is the one the caller saw', async () => {
      const { accountId } = await world.project('versions');
      const { version } = await world.resources.accounts.update(
        admin,
        accountId,
        { name: 'renamed' },
        { ifVersion: 1 },
      );
      expect(version).toBe(2);
      expect(
        await errorOf(world.resources.accounts.update(admin, accountId, { name: 'again' }, { ifVersion: 1 })),
      ).toMatchObject({ name: 'PreconditionFailed', facts: { version: 2 } });
    });
  });

  describe('pages', () => {
    it('go through everything once, also when things share a millisecond', async () => {
      const { projectId } = await world.project('pages');
      await Promise.all(
        Array.from({ length: 7 }, (_, i) =>
          world.resources.accounts.create(admin, {
            projectId,
            name: `account ${i}`,
            awsAccountId,
            region,
            credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's' },
          }),
        ),
      );
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: { items: readonly { id: string }[]; next: string | null } = await world.resources.accounts.list(
          admin,
          { projectId },
          { limit: 3, cursor },
        );
        expect(page.items.length).toBeLessThanOrEqual(3);
        seen.push(...page.items.map((one) => one.id));
        cursor = page.next;
      } while (cursor !== null);
      expect(seen).toHaveLength(8);
      expect(new Set(seen).size).toBe(8);
    });

    it.each(['', 'x', '\0', 'AAAA', Buffer.from('99999999999999999999.prj_a').toString('base64url'), 'x'.repeat(300)])(
      'refuse the cursor %j',
      async (cursor) => {
        const bound: Caller = { ...admin };
        expect(await errorOf(world.resources.projects.list(bound, { limit: 5, cursor }))).toMatchObject({
          name: 'InvalidInput',
          issues: [{ field: 'cursor' }],
        });
      },
    );
  });
});
