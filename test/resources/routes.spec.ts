import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, createResourceWorld, errorOf, firstPage, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;

describe('routes', () => {
  let world: ResourceWorld;
  let home: { projectId: string; accountId: string };
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('routes');
  });
  afterAll(() => world.close());

  const registered = async (name: string, weights = [{ targetGroupArn: tg(name), weight: 1 }]) =>
    world.resources.routes.register(admin, { ...home, name, arn: world.loadBalancer.addRoute({ weights }) });

  it('are read at once: what is live is what is expected', async () => {
    const route = await registered('read', [
      { targetGroupArn: tg('r2'), weight: 30 },
      { targetGroupArn: tg('r1'), weight: 70 },
    ]);
    expect(route).toMatchObject({
      isDefault: true,
      protocol: 'HTTP',
      ownership: { kind: 'unowned' },
      drift: null,
      steadyShares: null,
      expected: [
        { targetGroupArn: tg('r1'), weight: 70 },
        { targetGroupArn: tg('r2'), weight: 30 },
      ],
    });
  });

  it('belong to one project; another one learns nothing of its owner', async () => {
    const route = await registered('taken');
    const other = await world.project('another tenant');
    const error = await errorOf(
      world.resources.routes.register(other.caller, {
        projectId: other.projectId,
        accountId: other.accountId,
        name: 'mine',
        arn: route.arn,
      }),
    );
    expect(error).toMatchObject({ name: 'Conflict', reason: 'AlreadyExists' });
    for (const secret of [home.projectId, route.id, 'taken', 'routes'])
      expect(error.message).not.toContain(` ${secret}`);
    expect(error.facts).toEqual({});
  });

  it('are refused when a continuous reconciler owns them, with who and what to do instead', async () => {
    const arn = world.loadBalancer.addRoute({
      weights: [{ targetGroupArn: tg('lbc'), weight: 1 }],
      tags: { 'elbv2.k8s.aws/cluster': 'prod', 'ingress.k8s.aws/stack': 'shop/web' },
    });
    const error = await errorOf(
      world.resources.routes.register(admin, {
        ...home,
        name: 'lbc',
        arn,
        acknowledgeApplyTimeTool: { reason: 'really' },
      }),
    );
    expect(error).toMatchObject({ reason: 'RouteOwnedByReconciler' });
    expect(error.message).toContain('elbv2.k8s.aws/cluster=prod');
  });

  it('of an apply-time tool need somebody who knows that its next apply may revert us', async () => {
    const arn = world.loadBalancer.addRoute({
      weights: [{ targetGroupArn: tg('cfn'), weight: 1 }],
      tags: { 'aws:cloudformation:stack-name': 'shop' },
    });
    const error = await errorOf(world.resources.routes.register(admin, { ...home, name: 'cfn', arn }));
    expect(error).toMatchObject({ reason: 'AcknowledgementNeeded' });
    expect(error.message).toContain('acknowledgeApplyTimeTool');
    const route = await world.resources.routes.register(admin, {
      ...home,
      name: 'cfn',
      arn,
      acknowledgeApplyTimeTool: { reason: 'weights are ignored there' },
    });
    expect(route.acknowledgement).toMatchObject({ by: 'token:ann', reason: 'weights are ignored there' });
  });

  it.each([
    [
      'a listener that is not there',
      'arn:aws:elasticloadbalancing:eu-west-1:000000000000:listener/app/none/0000000000000000/0000000000000000',
    ],
    [
      'another Region',
      'arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/x/0000000000000000/0000000000000000',
    ],
    [
      'another account',
      'arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/x/0000000000000000/0000000000000000',
    ],
    ['a target group', tg('x')],
    ['no ARN', '\0'],
  ])('refuse %s by the field arn', async (_what, arn) => {
    expect(await errorOf(world.resources.routes.register(admin, { ...home, name: 'bad arn', arn }))).toMatchObject({
      name: 'InvalidInput',
      issues: [{ field: 'arn' }],
    });
  });

  it('are not taken for missing while AWS is down', async () => {
    const arn = world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg('outage'), weight: 1 }] });
    world.loadBalancer.faults.outage = { code: 'ServiceUnavailable', kind: 'transient' };
    const error = await errorOf(world.resources.routes.register(admin, { ...home, name: 'outage', arn }));
    world.loadBalancer.faults.outage = null;
    expect(error).toMatchObject({ name: 'ExternalFailure', kind: 'transient' });
  });

  it('show live weights as shares, what is foreign, pinned or ours, and whether they drifted', async () => {
    const route = await registered('live', [
      { targetGroupArn: tg('a'), weight: 1 },
      { targetGroupArn: tg('b'), weight: 1 },
      { targetGroupArn: tg('c'), weight: 1 },
    ]);
    const clusterId = await world.cluster(home, 'live');
    const backend = await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      name: 'a',
      namespace: 'shop',
      service: 'web',
      port: 'http',
      targetGroupArn: tg('a'),
    });
    await world.resources.routes.update(admin, route.id, { pinned: [tg('b')] });
    const live = await world.resources.routes.live(admin, route.id);
    expect(live.shares.map(({ permille, pinned, backend: by }) => [permille, pinned, by?.id ?? null])).toEqual([
      [334, false, backend.backend.id],
      [333, true, null],
      [333, false, null],
    ]);
    expect(live).toMatchObject({ foreign: [tg('c')], drifted: false, ageMs: 0, stickiness: { enabled: false } });
    world.loadBalancer.editByConsole(route.arn, {
      weights: [
        { targetGroupArn: tg('a'), weight: 9 },
        { targetGroupArn: tg('b'), weight: 1 },
      ],
    });
    expect(await world.resources.routes.live(admin, route.id)).toMatchObject({ drifted: false });
    await world.look(route.id);
    expect(await world.resources.routes.live(admin, route.id)).toMatchObject({ drifted: true, foreign: [] });
  });

  it('pin only foreign target groups that are in the live action', async () => {
    const route = await registered('pins', [
      { targetGroupArn: tg('p1'), weight: 1 },
      { targetGroupArn: tg('p2'), weight: 1 },
    ]);
    const clusterId = await world.cluster(home, 'pins');
    await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      name: 'p1',
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg('p1'),
    });
    const { issues } = await errorOf(
      world.resources.routes.update(admin, route.id, { pinned: [tg('p1'), tg('nowhere')] }),
    );
    expect(issues?.map((one) => one.field)).toEqual(['pinned.0', 'pinned.1']);
    expect((await world.resources.routes.update(admin, route.id, { pinned: [tg('p2')] })).pinned).toEqual([tg('p2')]);
  });

  it('take steady shares of their backends that sum to 1000', async () => {
    const route = await registered('steady');
    const clusterId = await world.cluster(home, 'steady');
    await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      name: 'red',
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg('steady'),
    });
    const refused = async (steadyShares: Record<string, number>) =>
      (await errorOf(world.resources.routes.update(admin, route.id, { steadyShares }))).issues?.map((one) => one.field);
    expect(await refused({ red: 999 })).toEqual(['steadyShares']);
    expect(await refused({ black: 1000 })).toEqual(['steadyShares.black']);
    expect(await refused({ red: 1e308 })).toEqual(['steadyShares.red', 'steadyShares']);
    expect(
      (await world.resources.routes.update(admin, route.id, { steadyShares: { red: 1000 } })).steadyShares,
    ).toEqual({ red: 1000 });
    expect((await world.resources.routes.update(admin, route.id, { steadyShares: null })).steadyShares).toBeNull();
  });

  it('name the security groups when targets time out, and never take unknown health for healthy', async () => {
    const loadBalancer = world.loadBalancer.world.putLoadBalancer({
      name: 'guarded',
      type: 'application',
      scheme: 'internal',
      subnets: [],
      securityGroups: ['sg-0a'],
      tags: {},
    });
    world.loadBalancer.world.putTargetGroup(
      {
        name: 'guarded',
        protocol: 'HTTP',
        port: 80,
        targetType: 'ip',
        vpcId: 'vpc-00000001',
        healthCheck: {},
        tags: {},
      },
      tg('guarded'),
    );
    const action = {
      weights: [{ targetGroupArn: tg('guarded'), weight: 1 }],
      stickiness: { enabled: false as const },
      otherActions: [],
    };
    const { arn } = world.loadBalancer.world.putListener({
      loadBalancerArn: loadBalancer.arn,
      port: 80,
      protocol: 'HTTP',
      action,
      tags: {},
    });
    const route = await world.resources.routes.register(admin, { ...home, name: 'guarded', arn });
    const clusterId = await world.cluster(home, 'guarded');
    await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      name: 'red',
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg('guarded'),
    });
    world.loadBalancer.setHealth(tg('guarded'), { unhealthy: 3, reasons: { 'Target.Timeout': 3 } });
    await world.look(route.id);
    const [health] = (await world.resources.routes.targetHealth(admin, route.id)).backends;
    expect(health).toMatchObject({ name: 'red', failure: null, health: { unhealthy: 3, total: 3 } });
    expect(health?.advice.join(' ')).toContain('security group of the pods');
    world.clock.pass(1);
    await world.look(route.id, { code: 'Throttling', transient: true });
    const [unknown] = (await world.resources.routes.targetHealth(admin, route.id)).backends;
    expect(unknown).toMatchObject({ health: null, failure: { code: 'Throttling', transient: true } });
  });

  it('stay while a rollout moves them or they have backends', async () => {
    const route = await registered('held');
    const rolloutId = await world.rollout(route.id);
    expect(await errorOf(world.resources.routes.remove(admin, route.id))).toMatchObject({
      reason: 'RouteIsBusy',
      facts: { rolloutId },
    });
    expect(await errorOf(world.resources.routes.update(admin, route.id, { pinned: [] }))).toMatchObject({
      reason: 'RouteIsBusy',
    });
    await world.database.pool.query('DELETE FROM claims WHERE route_id = $1', [route.id]);
    await world.resources.routes.remove(admin, route.id);
    expect(await errorOf(world.resources.routes.get(admin, route.id))).toMatchObject({ name: 'NotFound' });
  });

  it('are selected by labels', async () => {
    const route = await registered('labelled');
    await world.resources.routes.update(admin, route.id, { labels: { app: 'shop' } });
    expect(
      (
        await world.resources.routes.list(admin, { projectId: home.projectId, labels: { app: 'shop' } }, firstPage)
      ).items.map((one) => one.id),
    ).toEqual([route.id]);
  });
});
