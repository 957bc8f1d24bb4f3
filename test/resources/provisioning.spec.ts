import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { admin, createResourceWorld, errorOf, firstPage, type ResourceWorld } from './resource-world.js';

describe('provisioning and clean-up', () => {
  let database: TestDatabase;
  let world: ResourceWorld;
  let tests = 0;
  let home: { projectId: string; accountId: string };
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    tests += 1;
    world = await createResourceWorld({}, database);
    // every world in memory hands out the same ARNs
    await world.database.pool.query(
      'TRUNCATE provisioned_resources, routes, backends, bindings, rollout_routes, claims, facts, guards',
    );
    home = await world.project(`provisioning ${tests}`);
  });
  afterEach(() => world.close());

  const loadBalancerInput = () => ({
    ...home,
    name: 'shop',
    scheme: 'internal' as const,
    subnets: ['subnet-0a', 'subnet-0b'],
    securityGroups: ['sg-0a'],
  });
  const groupInput = (name: string) => ({
    ...home,
    name,
    protocol: 'HTTP',
    port: 80,
    targetType: 'ip' as const,
    vpcId: 'vpc-00000001',
  });

  /** A load balancer, a listener over `red` and `black`, and a rule: all ours. */
  async function everything() {
    const { provisioning } = world.resources;
    const loadBalancer = await provisioning.createLoadBalancer(admin, loadBalancerInput());
    const red = await provisioning.createTargetGroup(admin, groupInput('red'));
    const black = await provisioning.createTargetGroup(admin, groupInput('black'));
    const weights = [
      { targetGroupArn: red.arn, weight: 100 },
      { targetGroupArn: black.arn, weight: 0 },
    ];
    const listener = await provisioning.createListener(admin, {
      ...home,
      loadBalancerArn: loadBalancer.arn,
      port: 8080,
      protocol: 'HTTP',
      weights,
    });
    const rule = await provisioning.createRule(admin, {
      ...home,
      listenerArn: listener.arn,
      priority: 1,
      conditions: { paths: ['/shop/*'] },
      weights,
    });
    return { loadBalancer, red, black, listener, rule };
  }
  /** A dry run, then with its digest what it said. */
  async function cleanUp() {
    const { digest } = await world.resources.provisioning.cleanUp(admin, home.projectId, { dryRun: true });
    return world.resources.provisioning.cleanUp(admin, home.projectId, { digest });
  }
  const tagsOf = (arn: string) => world.loadBalancer.world.tagged(arn).tags;

  it('tags what it creates as ours, of this project and this record', async () => {
    const { loadBalancer, red, listener, rule } = await everything();
    for (const made of [loadBalancer, red, listener, rule]) {
      expect(tagsOf(made.arn)).toEqual({
        'sluice.dev/managed-by': 'sluice',
        'sluice.dev/project': home.projectId,
        'sluice.dev/resource': made.id,
      });
      expect(made).toMatchObject({ createdByUs: true, removedAt: null });
    }
    const route = await world.resources.routes.register(admin, { ...home, name: 'own', arn: rule.arn });
    expect(route.ownership).toEqual({ kind: 'sluice' });
  });

  it("gives an EKS Auto Mode cluster's target group the tag by which the cluster may use it", async () => {
    const clusterId = await world.cluster(home, 'auto');
    await world.resources.clusters.update(admin, clusterId, { bindingApi: 'eks.amazonaws.com/v1' });
    const group = await world.resources.provisioning.createTargetGroup(admin, { ...groupInput('auto'), clusterId });
    expect(tagsOf(group.arn)).toMatchObject({ 'eks:eks-cluster-name': 'auto', 'sluice.dev/managed-by': 'sluice' });
  });

  it('forgets a creation that AWS certainly refused, and remembers one in doubt', async () => {
    const { provisioning } = world.resources;
    world.loadBalancer.faults.outage = { code: 'InvalidSubnet', kind: 'terminal' };
    expect(await errorOf(provisioning.createLoadBalancer(admin, loadBalancerInput()))).toMatchObject({
      name: 'InvalidInput',
      issues: [{ field: 'subnets' }],
    });
    world.loadBalancer.faults.outage = null;
    expect((await provisioning.list(admin, { projectId: home.projectId }, firstPage)).items).toEqual([]);

    world.loadBalancer.faults.dropReply = 1;
    expect(await errorOf(provisioning.createLoadBalancer(admin, loadBalancerInput()))).toMatchObject({
      name: 'ExternalFailure',
      ambiguous: true,
    });
    const report = await cleanUp();
    expect(report.left).toEqual([
      expect.objectContaining({ reason: 'OutcomeUnknown', message: expect.stringContaining('named shop') }),
    ]);
    expect(world.loadBalancer.world.loadBalancers.size).toBe(1);
  });

  it('knows what it made by its ARN, whatever fails after the creation', async () => {
    const { provisioning } = world.resources;
    const { faults } = world.loadBalancer;
    const make = world.loadBalancer.createTargetGroup.bind(world.loadBalancer);
    world.loadBalancer.createTargetGroup = async (...args) => {
      const made = await make(...args);
      faults.throttle = 1;
      return made;
    };
    expect(await errorOf(provisioning.createTargetGroup(admin, groupInput('red')))).toMatchObject({
      name: 'ExternalFailure',
      code: 'Throttling',
    });
    const [{ arn } = { arn: '' }] = (await provisioning.list(admin, { projectId: home.projectId }, firstPage)).items;
    expect(world.loadBalancer.world.targetGroups.has(arn)).toBe(true);
    expect((await cleanUp()).removed).toEqual([{ kind: 'targetGroup', arn }]);
  });

  it('does not take what AWS gave back for a repeated creation as its own', async () => {
    const { provisioning } = world.resources;
    const there = world.loadBalancer.world.putLoadBalancer({
      name: 'shop',
      type: 'application',
      scheme: 'internal',
      subnets: [],
      securityGroups: [],
      tags: { team: 'other' },
    });
    world.loadBalancer.world.putLoadBalancer = () => there;
    expect(await errorOf(provisioning.createLoadBalancer(admin, loadBalancerInput()))).toMatchObject({
      reason: 'AlreadyExists',
      facts: { arn: there.arn },
    });
    expect((await provisioning.list(admin, { projectId: home.projectId }, firstPage)).items).toEqual([]);
  });

  it('builds nothing on what a controller owns: it would remove it again', async () => {
    const owned = world.loadBalancer.world.putLoadBalancer({
      name: 'k8s',
      type: 'application',
      scheme: 'internal',
      subnets: [],
      securityGroups: [],
      tags: { 'elbv2.k8s.aws/cluster': 'prod', 'ingress.k8s.aws/stack': 'a/b' },
    });
    const red = await world.resources.provisioning.createTargetGroup(admin, groupInput('red'));
    const input = {
      ...home,
      loadBalancerArn: owned.arn,
      port: 80,
      protocol: 'HTTP',
      weights: [{ targetGroupArn: red.arn, weight: 1 }],
    };
    expect(await errorOf(world.resources.provisioning.createListener(admin, input))).toMatchObject({
      reason: 'OwnedByReconciler',
    });
  });

  it('validates everything on a dry run and calls nothing that changes', async () => {
    expect(
      await world.resources.provisioning.createLoadBalancer(admin, loadBalancerInput(), { dryRun: true }),
    ).toMatchObject({ kind: 'loadBalancer', details: { name: 'shop' } });
    expect(world.loadBalancer.world.loadBalancers.size).toBe(0);
    expect((await world.resources.provisioning.list(admin, { projectId: home.projectId }, firstPage)).items).toEqual(
      [],
    );
  });

  it.each([
    ['a long name', { name: 'x'.repeat(33) }, 'name'],
    ['a hyphen at the end', { name: 'shop-' }, 'name'],
    ['a reserved name', { name: 'internal-shop' }, 'name'],
    ['one subnet', { subnets: ['subnet-0a'] }, 'subnets'],
    ['the same subnet twice', { subnets: ['subnet-0a', 'subnet-0a'] }, 'subnets'],
    ['no subnet id', { subnets: ['subnet-0a', 'x\0'] }, 'subnets.1'],
  ])('refuses a load balancer with %s, by its field', async (_what, patch, field) => {
    expect(
      await errorOf(world.resources.provisioning.createLoadBalancer(admin, { ...loadBalancerInput(), ...patch })),
    ).toMatchObject({ name: 'InvalidInput', issues: [{ field }] });
  });

  it('never writes weights that no load balancer should have', async () => {
    const { loadBalancer, red } = await everything();
    const input = { ...home, loadBalancerArn: loadBalancer.arn, port: 81, protocol: 'HTTP' };
    for (const weights of [
      [],
      [{ targetGroupArn: red.arn, weight: 0 }],
      [{ targetGroupArn: red.arn, weight: 1000 }],
      [
        { targetGroupArn: red.arn, weight: 1 },
        { targetGroupArn: red.arn, weight: 1 },
      ],
    ]) {
      expect(await errorOf(world.resources.provisioning.createListener(admin, { ...input, weights }))).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field: 'weights' }],
      });
    }
  });

  describe('a rule on a listener that serves', () => {
    /** Red has healthy targets and serves by the default action, black waits at weight 0. */
    async function serving() {
      const made = await everything();
      world.loadBalancer.setHealth(made.red.arn, { healthy: 3 });
      const rule = (weights: Record<string, number>, forced?: { reason: string }) =>
        world.resources.provisioning.createRule(admin, {
          ...home,
          listenerArn: made.listener.arn,
          priority: 2,
          conditions: { paths: ['/*'] },
          weights: Object.entries(weights).map(([targetGroupArn, weight]) => ({ targetGroupArn, weight })),
          ...(forced && { forced }),
        });
      return { ...made, rule };
    }
    const ledger = async () =>
      (
        await world.database.pool.query(
          `SELECT kind, reason, message, actor, state, facts FROM decisions WHERE project_id = $1 AND kind = 'createRule' ORDER BY seq`,
          [home.projectId],
        )
      ).rows.slice(1);

    it('is not made with a target group that has no healthy targets, and the way out is said', async () => {
      const { red, black, rule } = await serving();
      const error = await errorOf(rule({ [red.arn]: 50, [black.arn]: 50 }));
      expect(error).toMatchObject({ reason: 'WaitingForHealthyTargets' });
      expect(error.message).toContain('Or force it');
      expect(world.loadBalancer.world.rules.size).toBe(1);
      expect(await ledger()).toEqual([]);
      world.loadBalancer.setHealth(black.arn, { healthy: 1 });
      await rule({ [red.arn]: 50, [black.arn]: 50 });
    });

    it('is not made with a target group that nobody checks yet', async () => {
      const { rule } = await serving();
      const blue = await world.resources.provisioning.createTargetGroup(admin, groupInput('blue'));
      expect(await errorOf(rule({ [blue.arn]: 1 }))).toMatchObject({ reason: 'ReceiverNotAttached' });
    });

    it('is not made for a cluster that is cordoned, whatever is forced', async () => {
      const { listener, black, rule } = await serving();
      world.loadBalancer.setHealth(black.arn, { healthy: 1 });
      const route = await world.resources.routes.register(admin, { ...home, name: 'route', arn: listener.arn });
      const clusterId = await world.cluster(home, 'green');
      await world.resources.backends.create(admin, {
        routeId: route.id,
        clusterId,
        namespace: 'shop',
        service: 'web',
        port: 80,
        targetGroupArn: black.arn,
      });
      await world.resources.clusters.cordon(admin, clusterId, { reason: 'upgrade' });
      expect(await errorOf(rule({ [black.arn]: 1 }, { reason: 'now' }))).toMatchObject({ reason: 'ClusterIsCordoned' });
    });

    it('never takes requests from the healthy to give them to nobody, whatever is forced', async () => {
      const { black, rule } = await serving();
      expect(await errorOf(rule({ [black.arn]: 1 }, { reason: 'now' }))).toMatchObject({ reason: 'NoHealthyReceiver' });
    });

    it('is a decision in the ledger, with who, why, what went before and how it ended', async () => {
      const { red, black, rule } = await serving();
      const made = await rule({ [red.arn]: 50, [black.arn]: 50 }, { reason: 'it warms up' });
      expect(await ledger()).toEqual([
        expect.objectContaining({
          kind: 'createRule',
          reason: 'RuleForced',
          message: 'it warms up',
          actor: 'token:ann',
          state: 'applied',
          facts: expect.objectContaining({
            resourceId: made.id,
            before: expect.arrayContaining([{ targetGroupArn: red.arn, weight: 100 }]),
          }),
        }),
      ]);
      world.loadBalancer.faults.outage = { code: 'PriorityInUse', kind: 'terminal' };
      expect(await errorOf(rule({ [red.arn]: 100 }))).toBeDefined();
      world.loadBalancer.faults.outage = null;
      expect(await errorOf(rule({ [red.arn]: 100 }))).toMatchObject({ reason: 'AlreadyExists' });
      expect((await ledger()).map((one) => one.state)).toEqual(['applied', 'failed']);
    });
  });

  describe('clean-up', () => {
    it('removes what we created from the rule up, and says the same beforehand on a dry run', async () => {
      const made = await everything();
      const expected = ['rule', 'listener', 'red', 'black', 'loadBalancer'].map(
        (key) => made[key as keyof typeof made].arn,
      );
      const dry = await world.resources.provisioning.cleanUp(admin, home.projectId, { dryRun: true });
      expect(dry.removed.map((one) => one.arn)).toEqual(expected);
      expect(world.loadBalancer.world.rules.size).toBe(1);
      const report = await world.resources.provisioning.cleanUp(admin, home.projectId, { digest: dry.digest });
      expect(report).toEqual({ ...dry, dryRun: false });
      const { loadBalancers, listeners, rules, targetGroups } = world.loadBalancer.world;
      expect([loadBalancers.size, listeners.size, rules.size, targetGroups.size]).toEqual([0, 0, 0, 0]);
      expect(await cleanUp()).toMatchObject({ dryRun: false, removed: [], left: [] });
    });

    it('removes nothing without the digest of a dry run, nor when something else would go by now', async () => {
      const { red } = await everything();
      const { provisioning } = world.resources;
      const dry = await provisioning.cleanUp(admin, home.projectId, { dryRun: true });
      expect(await errorOf(provisioning.cleanUp(admin, home.projectId))).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field: 'digest' }],
      });
      const stored = world.loadBalancer.world.targetGroup(red.arn);
      world.loadBalancer.world.targetGroups.set(red.arn, { ...stored, tags: {} });
      expect(await errorOf(provisioning.cleanUp(admin, home.projectId, { digest: dry.digest }))).toMatchObject({
        reason: 'CleanUpChanged',
      });
      expect(world.loadBalancer.world.rules.size).toBe(1);
    });

    it('leaves what a registered route stands on, and what an action sends requests to, however idle our records are', async () => {
      const { loadBalancer, listener, rule, red, black } = await everything();
      const { arn } = await world.resources.provisioning.createTargetGroup(admin, groupInput('blue'));
      const own = await world.resources.routes.register(admin, { ...home, name: 'own', arn: rule.arn });
      // by the console, in a rule of a listener that we never saw
      const theirs = world.loadBalancer.world.putListener({
        loadBalancerArn: loadBalancer.arn,
        port: 9999,
        protocol: 'HTTP',
        action: {
          weights: [{ targetGroupArn: arn, weight: 1 }],
          stickiness: { enabled: false },
          otherActions: [],
        },
        tags: {},
      });
      const report = await cleanUp();
      expect(Object.fromEntries(report.left.map((one) => [one.arn, one.reason]))).toEqual({
        [rule.arn]: 'RouteRegistered',
        [listener.arn]: 'RouteRegistered',
        [red.arn]: 'StillServing',
        [black.arn]: 'ResourceInUse',
        [arn]: 'StillServing',
        [loadBalancer.arn]: 'RouteRegistered',
      });
      expect(report.left.find((one) => one.arn === arn)?.message).toContain(theirs.arn);
      await world.resources.routes.remove(admin, own.id);
      world.loadBalancer.world.deleteListener(theirs.arn);
      expect((await cleanUp()).left).toEqual([]);
    });

    it('leaves what was adopted, what lost our tags and what others stand on, with the reason', async () => {
      const { loadBalancer, listener, red } = await everything();
      const theirs = world.loadBalancer.world.putListener({
        loadBalancerArn: loadBalancer.arn,
        port: 9999,
        protocol: 'HTTP',
        action: null,
        tags: {},
      });
      const adopted = world.loadBalancer.world.putTargetGroup({
        name: 'theirs',
        protocol: 'HTTP',
        port: 80,
        targetType: 'ip',
        vpcId: 'vpc-00000001',
        healthCheck: {},
        tags: {},
      });
      await world.resources.provisioning.adoptTargetGroup(admin, { ...home, arn: adopted.arn });
      const stored = world.loadBalancer.world.targetGroup(red.arn);
      world.loadBalancer.world.targetGroups.set(red.arn, { ...stored, tags: { owner: 'somebody' } });
      const { left } = await cleanUp();
      expect(Object.fromEntries(left.map((one) => [one.arn, one.reason]))).toEqual({
        [adopted.arn]: 'Adopted',
        [red.arn]: 'NotOursAnyMore',
        [loadBalancer.arn]: 'HasOthers',
      });
      expect(left.find((one) => one.reason === 'HasOthers')?.message).toContain(theirs.arn);
      expect(world.loadBalancer.world.listeners.has(listener.arn)).toBe(false);
      expect(world.loadBalancer.world.listeners.has(theirs.arn)).toBe(true);
    });

    it('waits for bindings and rollouts, and carries on when they are gone', async () => {
      const { listener, rule, red } = await everything();
      const route = await world.resources.routes.register(admin, { ...home, name: 'route', arn: listener.arn });
      const clusterId = await world.cluster(home, 'blue');
      const { backend } = await world.resources.backends.create(admin, {
        routeId: route.id,
        clusterId,
        name: 'red',
        namespace: 'shop',
        service: 'web',
        port: 80,
        targetGroupArn: red.arn,
      });
      await world.resources.bindings.apply(admin, { backendId: backend.id });
      const rolloutId = await world.rollout(route.id);
      const reasons = async () => (await cleanUp()).left.map((one) => [one.kind, one.reason]);
      expect(await reasons()).toEqual([
        ['listener', 'RouteRegistered'],
        ['targetGroup', 'BindingPresent'],
        ['targetGroup', 'ResourceInUse'],
        ['loadBalancer', 'RouteRegistered'],
      ]);
      expect(world.loadBalancer.world.rules.has(rule.arn)).toBe(false);
      // the last backend can't go to 0: it is forgotten with its share, then its route
      await world.endRollout(rolloutId);
      await world.resources.backends.remove(admin, backend.id, { forget: true });
      await world.resources.routes.remove(admin, route.id);
      expect(await reasons()).toEqual([]);
      expect(world.loadBalancer.world.targetGroups.size).toBe(0);
    });

    it('of another project does nothing and says that it does not exist', async () => {
      await everything();
      const { caller } = await world.project(`stranger ${tests}`);
      expect(
        await errorOf(world.resources.provisioning.cleanUp(caller, home.projectId, { dryRun: true })),
      ).toMatchObject({
        name: 'NotFound',
      });
      expect(world.loadBalancer.world.rules.size).toBe(1);
    });

    it('takes an outage for an outage: nothing is forgotten', async () => {
      await everything();
      world.loadBalancer.faults.outage = { code: 'ServiceUnavailable', kind: 'transient' };
      const { removed, left } = await cleanUp();
      world.loadBalancer.faults.outage = null;
      expect(removed).toEqual([]);
      expect(new Set(left.map((one) => one.reason))).toEqual(new Set(['ServiceUnavailable']));
      expect((await cleanUp()).removed).toHaveLength(5);
    });
  });
});
