import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Caller, EventView } from '@sluice/control';
import { certificateAuthority } from '@sluice/testing';
import { admin, createResourceWorld, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;
const bob: Caller = { actor: { kind: 'token', id: 'tok_bob', name: 'bob' }, role: 'admin', projectId: null };

describe('what people are told of a change', () => {
  let world: ResourceWorld;
  let home: Awaited<ReturnType<ResourceWorld['project']>>;
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('told');
  });
  afterAll(() => world.close());

  const of = async (subject: string): Promise<readonly EventView[]> =>
    (await world.events()).filter((event) => event.subject === subject);
  /** Rounds a view as it comes out of Postgres. */
  const plain = (view: object): unknown => JSON.parse(JSON.stringify(view));

  async function bound(name: string) {
    const group = tg(name);
    const route = await world.resources.routes.register(admin, {
      projectId: home.projectId,
      accountId: home.accountId,
      name,
      arn: world.loadBalancer.addRoute({ weights: [{ targetGroupArn: group, weight: 1 }] }),
    });
    const clusterId = await world.cluster(home, name);
    const { backend } = await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: group,
    });
    const { binding } = await world.resources.bindings.apply(admin, { backendId: backend.id });
    return { route, clusterId, backend, binding };
  }

  it('says who did it, what it was before and what it is now, as the API shows both', async () => {
    const { clusters } = world.resources;
    const id = await world.cluster(home, 'seen');
    const before = await clusters.get(admin, id);
    const after = await clusters.cordon(bob, id, { reason: 'kernel' });
    await clusters.remove(bob, id);
    expect(await of(`cluster/${id}`)).toMatchObject([
      { type: 'cluster.created', actor: admin.actor, before: null, after: plain(before) },
      {
        type: 'cluster.changed',
        actor: bob.actor,
        before: plain(before),
        after: plain(after),
        data: { fields: ['cordoned'] },
      },
      { type: 'cluster.removed', actor: bob.actor, before: plain(after), after: null },
    ]);
  });

  it('is told of every kind that is created, changed or removed', async () => {
    const { resources } = world;
    const { id: projectId } = await resources.projects.create(bob, { name: 'each kind' });
    const { token } = await resources.tokens.create(bob, { name: 'each kind', role: 'viewer', projectId });
    await resources.tokens.revoke(bob, token.id);
    const { plan } = await resources.plans.create(bob, { projectId, name: 'each kind', spec: spec(10) });
    await resources.plans.newVersion(bob, plan.id, spec(20));
    await resources.plans.remove(bob, plan.id);
    await resources.projects.remove(bob, projectId);
    const { route, backend, binding } = await bound('each');
    await resources.routes.update(bob, route.id, { labels: { app: 'each' } });
    await resources.backends.remove(bob, backend.id, { forget: true });
    const events = (await world.events()).filter(({ actor }) => actor.id === bob.actor.id);
    const told = [
      `token/${token.id}`,
      `plan/${plan.id}`,
      `project/${projectId}`,
      `route/${route.id}`,
      `backend/${backend.id}`,
      `binding/${binding.id}`,
    ].map((subject) =>
      [
        subject.split('/')[0],
        ...events.filter((one) => one.subject === subject).map((one) => one.type.split('.')[1]),
      ].join(' '),
    );
    expect(told).toEqual([
      'token created changed',
      'plan created changed removed',
      'project created removed',
      'route changed changed',
      'backend removed',
      'binding removed',
    ]);
    const shares = events
      .filter((one) => one.subject === `plan/${plan.id}`)
      .map(({ before, after }) => [percentOf(before), percentOf(after)]);
    expect(shares).toEqual([
      [null, 10],
      [10, 20],
      [20, null],
    ]);
  });

  it('is one event for each resource of a transaction, and none for a dry run or where nothing changed', async () => {
    const { route, backend } = await bound('quiet');
    const count = (await world.events()).length;
    await world.resources.routes.update(admin, route.id, { name: 'loud' }, { dryRun: true });
    await world.resources.routes.update(admin, route.id, { name: 'quiet', labels: {} });
    expect(await world.events()).toHaveLength(count);
    await world.resources.backends.remove(admin, backend.id, { forget: true });
    expect(
      (await world.events())
        .slice(count)
        .map(({ type }) => type)
        .sort(),
    ).toEqual(['backend.removed', 'binding.removed', 'route.changed']);
  });

  it('is a must: nothing is written outside of a transaction', async () => {
    await expect(world.store.read.projects.update(home.projectId, { name: 'untold' })).rejects.toThrow(
      'people are told',
    );
    expect(await world.store.read.projects.find(home.projectId)).toMatchObject({ name: 'told' });
  });

  it('names credentials that were replaced, without a word of them', async () => {
    const id = await world.cluster(home, 'rotated');
    const { server } = await world.resources.clusters.get(admin, id);
    await world.resources.clusters.connect(bob, id, {
      server,
      caPem: world.caPem,
      credentials: { token: 'sown-rotated' },
    });
    expect((await of(`cluster/${id}`)).at(-1)?.data).toEqual({ fields: ['kubeSystemUid', 'credentials'] });
  });

  it('has no secret of any resource in it, wherever one can be sown', async () => {
    const { resources } = world;
    const sown = 'sown-4f1c';
    const { projectId, accountId } = home;
    const keys = (secret: string) => ({
      accessKeyId: `AKIA${secret.replaceAll('-', '')}`,
      secretAccessKey: `${secret}/aws`,
    });
    const account = await resources.accounts.create(admin, {
      projectId,
      name: 'sown',
      awsAccountId: '111122223333',
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:4566',
      credentials: keys(sown),
    });
    await resources.accounts.update(admin, account.id, { credentials: keys(`${sown}-2`) });
    await resources.accounts.check(admin, account.id);
    const authority = await certificateAuthority();
    const { certPem: clientCertificate, keyPem: clientKey } = await authority.client('sluice');
    const server = 'https://10.0.0.11:6443';
    const clusters = await Promise.all(
      [{ token: `${sown}-token` }, { clientCertificate, clientKey }].map((credentials, n) =>
        resources.clusters.create(admin, {
          projectId,
          accountId,
          name: `sown ${n}`,
          server,
          caPem: world.caPem,
          credentials,
        }),
      ),
    );
    for (const { id } of clusters) {
      await resources.clusters.check(admin, id);
      await resources.clusters.connect(admin, id, {
        server,
        caPem: world.caPem,
        credentials: { token: `${sown}-again` },
      });
      await resources.clusters.remove(admin, id);
    }
    const { token, secret } = await resources.tokens.create(admin, { name: 'sown', role: 'viewer', projectId: null });
    await resources.tokens.revoke(admin, token.id);
    await resources.accounts.remove(admin, account.id);
    await world.events();
    const { rows } = await world.database.pool.query<{ told: string }>('SELECT e::text AS told FROM events e');
    const stored = await world.database.pool.query<{ hash: string }>('SELECT hash FROM tokens WHERE id = $1', [
      token.id,
    ]);
    const told = rows.map((row) => row.told).join('\n');
    expect(told).toContain(`token/${token.id}`);
    const secrets = [
      sown,
      sown.replaceAll('-', ''),
      clientKey.split('\n')[1],
      secret?.slice(15),
      stored.rows[0]?.hash,
      'PRIVATE KEY',
      '"ciphertext"',
      '"sealed',
    ];
    expect(secrets.filter((one) => one === undefined || told.includes(one))).toEqual([]);
  });
});

describe('what was seen or derived', () => {
  let world: ResourceWorld;
  let home: Awaited<ReturnType<ResourceWorld['project']>>;
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('status');
  });
  afterAll(() => world.close());
  const told = async (subject: string) => (await world.events()).filter((event) => event.subject === subject).length;

  it('is written and told only when it has changed, and is no part of the ETag: checks of a cluster', async () => {
    const { clusters } = world.resources;
    const id = await world.cluster(home, 'green');
    const created = await clusters.get(admin, id);
    const first = await clusters.check(admin, id);
    const events = await told(`cluster/${id}`);
    for (let i = 0; i < 3; i += 1) {
      world.clock.pass(30_000);
      expect((await clusters.check(admin, id)).cluster).toEqual(first.cluster);
    }
    expect(await told(`cluster/${id}`)).toBe(events);
    world.agent.switchOff(id);
    world.clock.pass(30_000);
    const off = await clusters.check(admin, id);
    expect(off.cluster.check?.at).not.toBe(first.cluster.check?.at);
    expect(await told(`cluster/${id}`)).toBe(events + 1);
    const update = clusters.update(admin, id, { labels: { env: 'x' } }, { ifVersion: created.version });
    expect(await update).toMatchObject({ version: created.version + 1 });
  });

  it('holds for checks of an account', async () => {
    const { accounts } = world.resources;
    const { version } = await accounts.get(admin, home.accountId);
    const first = await accounts.check(admin, home.accountId);
    const events = await told(`account/${home.accountId}`);
    world.clock.pass(30_000);
    expect((await accounts.check(admin, home.accountId)).account).toEqual(first.account);
    expect(await told(`account/${home.accountId}`)).toBe(events);
    expect(first.account.version).toBe(version);
  });

  it('holds for a binding that is applied, read back and removed', async () => {
    const group = tg('status');
    const route = await world.resources.routes.register(admin, {
      projectId: home.projectId,
      accountId: home.accountId,
      name: 'status',
      arn: world.loadBalancer.addRoute({ weights: [{ targetGroupArn: group, weight: 1 }] }),
    });
    const clusterId = await world.cluster(home, 'status');
    const { backend } = await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: group,
    });
    const { bindings } = world.resources;
    const { binding } = await bindings.apply(admin, { backendId: backend.id });
    expect(binding).toMatchObject({ state: 'Applied', version: 1 });
    const events = await told(`binding/${binding.id}`);
    world.clock.pass(1_000);
    expect(await bindings.refresh(admin, binding.id)).toEqual(binding);
    expect(await told(`binding/${binding.id}`)).toBe(events);
    world.agent.cluster(clusterId).bindings.clear();
    expect(await bindings.refresh(admin, binding.id)).toMatchObject({ state: 'Pending', version: 1 });
    expect(await told(`binding/${binding.id}`)).toBe(events + 1);
    await bindings.apply(admin, { backendId: backend.id, networking: { securityGroupIds: ['sg-0123456789abcdef0'] } });
    expect(await bindings.get(admin, binding.id)).toMatchObject({ version: 2 });
  });

  it.each([
    ['projects', [], ['name']],
    ['accounts', ['gateway_id', 'checked_at', 'check_result', 'asked_at'], ['name', 'credentials', 'api_budget']],
    [
      'clusters',
      ['kube_system_uid', 'checked_at', 'check_result'],
      ['name', 'labels', 'cordoned_by', 'credentials', 'ca_pem'],
    ],
    [
      'routes',
      ['expected', 'explained_by', 'drift', 'ownership'],
      ['name', 'pinned', 'steady_shares', 'acknowledgement'],
    ],
    ['bindings', ['state', 'reason', 'message', 'observed', 'observed_at'], ['name', 'networking']],
  ])('holds for %s whoever writes: %j count for nothing, %j do', async (table, status, asked) => {
    const { rows } = await world.database.pool.query<{ name: string; type: string }>(
      `SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = $1`,
      [table],
    );
    const another = { text: 'another', jsonb: '{"another": true}', 'timestamp with time zone': '2026-01-01' };
    const versions = async (column: string) => {
      const type = rows.find(({ name }) => name === column)!.type as keyof typeof another;
      const { rows: after } = await world.database.pool.query<{ grown: number }>(
        `WITH one AS (SELECT id, version FROM ${table} ORDER BY id LIMIT 1)
         UPDATE ${table} t SET ${column} = $1 FROM one WHERE t.id = one.id RETURNING t.version - one.version AS grown`,
        [another[type]],
      );
      return after.map(({ grown }) => grown);
    };
    for (const column of status) expect([column, await versions(column)]).toEqual([column, [0]]);
    for (const column of asked) {
      expect([column, await versions(column)]).toEqual([column, [1]]);
      expect([column, await versions(column)]).toEqual([column, [0]]);
    }
  });
});

function spec(percent: number) {
  return {
    routes: { kind: 'labels', labels: { app: 'shop' } },
    steps: { kind: 'explicit', steps: [{ shares: { red: 100 - percent, black: percent }, holdMs: 60_000 }] },
  } as const;
}

function percentOf(plan: Readonly<Record<string, unknown>> | null): number | null {
  const black = /"black":(\d+)/.exec(JSON.stringify(plan))?.[1];
  return black === undefined ? null : Number(black);
}
