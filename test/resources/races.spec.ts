import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, awsAccountId, createResourceWorld, region, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;

describe('two callers at once', () => {
  let world: ResourceWorld;
  let home: { projectId: string; accountId: string };
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('races');
  });
  afterAll(() => world.close());

  const outcomes = async (calls: readonly Promise<unknown>[]) => {
    const settled = await Promise.allSettled(calls);
    return settled.map((one) =>
      one.status === 'fulfilled'
        ? 'done'
        : ((one.reason as { reason?: string; name: string }).reason ?? (one.reason as Error).name),
    );
  };

  it('never make a sixth backend of one route', async () => {
    const arn = world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg('first'), weight: 1 }] });
    const route = await world.resources.routes.register(admin, { ...home, name: 'full', arn });
    const clusterId = await world.cluster(home, 'full');
    const names = Array.from({ length: 8 }, (_, i) => `more-${i}`);
    for (const name of names)
      world.loadBalancer.world.putTargetGroup(
        { name, protocol: 'HTTP', port: 80, targetType: 'ip', vpcId: 'vpc-00000001', healthCheck: {}, tags: {} },
        tg(name),
      );
    const made = await outcomes(
      names.map((name) =>
        world.resources.backends.create(admin, {
          routeId: route.id,
          clusterId,
          name,
          namespace: 'shop',
          service: 'web',
          port: 80,
          targetGroupArn: tg(name),
        }),
      ),
    );
    expect(made.filter((one) => one === 'done')).toHaveLength(4);
    expect(new Set(made)).toEqual(new Set(['done', 'TooManyTargetGroups']));
  });

  it('leave no account in a project that is removed', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { id: projectId } = await world.resources.projects.create(admin, { name: `short-lived ${round}` });
      const account = {
        projectId,
        name: 'late',
        awsAccountId,
        region,
        credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 's' },
      };
      const [created, removed] = await outcomes([
        world.resources.accounts.create(admin, account),
        world.resources.projects.remove(admin, projectId),
      ]);
      const { rows } = await world.database.pool.query(
        'SELECT (SELECT count(*)::int FROM accounts WHERE project_id = $1) AS accounts, (SELECT count(*)::int FROM projects WHERE id = $1) AS projects',
        [projectId],
      );
      expect([created, removed]).toEqual(created === 'done' ? ['done', 'ProjectNotEmpty'] : ['NotFound', 'done']);
      expect(rows).toEqual([created === 'done' ? { accounts: 1, projects: 1 } : { accounts: 0, projects: 0 }]);
    }
  });

  it('get one name and one listener once', async () => {
    const arn = world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg('once'), weight: 1 }] });
    const made = await outcomes(
      [1, 2, 3].map((i) => world.resources.routes.register(admin, { ...home, name: `once ${i}`, arn })),
    );
    expect(made.sort()).toEqual(['AlreadyExists', 'AlreadyExists', 'done']);
  });

  it('tell of one resource in the order in which it changed', async () => {
    const { id } = await world.resources.projects.create(admin, { name: 'event' });
    const clusterIds = await Promise.all([1, 2, 3].map((i) => world.cluster(home, `told ${i}`)));
    await Promise.all(
      Array.from({ length: 21 }, (_, i) =>
        world.resources.clusters.update(admin, clusterIds[i % 3] ?? '', { name: `event ${i}` }),
      ),
    );
    const events = await world.events();
    expect(events.filter(({ subject }) => subject === `project/${id}`)).toHaveLength(1);
    for (const clusterId of clusterIds) {
      const names = events
        .filter(({ subject }) => subject === `cluster/${clusterId}`)
        .map(({ after }) => after?.['name']);
      expect(names).toHaveLength(8);
      expect(names.at(-1)).toBe((await world.resources.clusters.get(admin, clusterId)).name);
    }
  });

  it('with one If-Match: one of them wins', async () => {
    const clusterId = await world.cluster(home, 'matched');
    const made = await outcomes(
      [1, 2, 3].map((i) =>
        world.resources.clusters.update(admin, clusterId, { labels: { winner: String(i) } }, { ifVersion: 1 }),
      ),
    );
    expect(made.sort()).toEqual(['PreconditionFailed', 'PreconditionFailed', 'done']);
    expect((await world.resources.clusters.get(admin, clusterId)).version).toBe(2);
  });
});
