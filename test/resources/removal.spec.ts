import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { OneOffWeights } from '@sluice/control';
import { PostgresFactStore, PostgresRouteWriteStore, RandomIds } from '@sluice/postgres';
import { admin, createResourceWorld, errorOf, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;
const minuteMs = 60_000;

describe('what serves is not removed', () => {
  let world: ResourceWorld;
  let home: { projectId: string; accountId: string };
  let count = 0;
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('removal');
  });
  afterAll(() => world.close());

  const shares = (red: string, redWeight: number, black: string, blackWeight: number) => [
    { targetGroupArn: tg(red), weight: redWeight },
    { targetGroupArn: tg(black), weight: blackWeight },
  ];

  /** A route with red and black in two clusters, both bound; all requests go to red, black was at 0 since just now. */
  async function scene() {
    count += 1;
    const [red, black] = [`red-${count}`, `black-${count}`];
    const arn = world.loadBalancer.addRoute({ weights: shares(red, 100, black, 0) });
    const route = await world.resources.routes.register(admin, { ...home, name: `removal ${count}`, arn });
    const made = [];
    for (const name of [red, black]) {
      const clusterId = await world.cluster(home, name);
      const input = { routeId: route.id, clusterId, name, namespace: 'shop', service: 'web', port: 80 };
      const { backend } = await world.resources.backends.create(admin, { ...input, targetGroupArn: tg(name) });
      const { binding } = await world.resources.bindings.apply(admin, { backendId: backend.id });
      made.push({ clusterId, backend, binding });
    }
    await world.settle(route.id, shares(red, 100, black, 0));
    return { route, red, black, ofRed: made[0]!, ofBlack: made[1]! };
  }

  /** The same load balancer's other listener: HTTPS beside HTTP, as everybody has it. Not registered here. */
  function otherListener(route: { loadBalancerArn: string }, weights: ReturnType<typeof shares>) {
    return world.loadBalancer.world.putListener({
      loadBalancerArn: route.loadBalancerArn,
      port: 443,
      protocol: 'HTTPS',
      action: { weights, stickiness: { enabled: false }, otherActions: [] },
      tags: {},
    });
  }
  const removed = (id: string) => errorOf(world.resources.bindings.remove(admin, id));
  const goes = async (id: string) => (await world.resources.bindings.remove(admin, id)).binding.state;

  describe('a binding', () => {
    it('stays while a listener that is not registered here sends its target group requests', async () => {
      const { route, red, black, ofBlack } = await scene();
      const listener = otherListener(route, shares(red, 0, black, 100));
      world.clock.pass(60 * minuteMs);
      const error = await removed(ofBlack.binding.id);
      expect(error).toMatchObject({ reason: 'StillServing', facts: { routeArn: listener.arn } });
      expect(error.message).toContain('not registered here');
      expect(await world.resources.bindings.get(admin, ofBlack.binding.id)).toMatchObject({ state: 'Applied' });
      world.loadBalancer.world.deleteListener(listener.arn);
      expect(await goes(ofBlack.binding.id)).toBe('Removed');
    });

    it('stays while an action that nobody watches names its target group at weight 0: since when, nobody knows', async () => {
      const { route, red, black, ofBlack } = await scene();
      otherListener(route, shares(red, 100, black, 0));
      world.clock.pass(60 * minuteMs);
      expect((await removed(ofBlack.binding.id)).message).toContain('register it as a route');
    });

    it.each(['Running', 'Succeeded', 'Scheduled'] as const)(
      'stays while a rollout that may still raise it is %s',
      async (state) => {
        const { route, ofBlack } = await scene();
        world.clock.pass(60 * minuteMs);
        const rolloutId = await world.rollout(route.id, { state });
        expect(await removed(ofBlack.binding.id)).toMatchObject({ reason: 'RouteIsBusy', facts: { rolloutId } });
        await world.endRollout(rolloutId);
        expect(await goes(ofBlack.binding.id)).toBe('Removed');
      },
    );

    it('stays while a write to its route is outstanding', async () => {
      const { route, ofBlack } = await scene();
      world.clock.pass(60 * minuteMs);
      await world.database.pool.query(`UPDATE intents SET state = 'pending' WHERE route_id = $1`, [route.id]);
      expect(await removed(ofBlack.binding.id)).toMatchObject({ reason: 'RouteIsBusy' });
    });

    it('stays when its rule was made anew under another ARN, however long ago the backend was added', async () => {
      const { route, black, ofBlack } = await scene();
      world.clock.pass(24 * 60 * minuteMs);
      world.loadBalancer.world.deleteListener(route.listenerArn);
      const listener = otherListener(route, [{ targetGroupArn: tg(black), weight: 100 }]);
      expect(await removed(ofBlack.binding.id)).toMatchObject({
        reason: 'StillServing',
        facts: { routeArn: listener.arn },
      });
    });

    it('of a vanished route waits from when that was last seen, not from when the backend was added', async () => {
      const { route, ofBlack } = await scene();
      world.clock.pass(60 * minuteMs);
      await seen(route, world.clock.now(), [{ targetGroupArn: tg('any'), weight: 1 }]);
      world.loadBalancer.world.deleteListener(route.listenerArn);
      const error = await removed(ofBlack.binding.id);
      expect(error).toMatchObject({ facts: { readyAt: world.clock.now() + 5 * minuteMs } });
      expect(error.message).toContain('is gone from AWS');
      world.clock.pass(5 * minuteMs);
      expect(await goes(ofBlack.binding.id)).toBe('Removed');
    });

    it('keeps whatever was decided before from being sent: its removal moves the guard of its route', async () => {
      const { route, ofBlack } = await scene();
      const guard = async () =>
        (await world.database.pool.query('SELECT version FROM guards WHERE key = $1', [`route/${route.id}`])).rows[0]
          .version;
      const before = await guard();
      await removed(ofBlack.binding.id);
      world.clock.pass(60 * minuteMs);
      await world.resources.bindings.remove(admin, ofBlack.binding.id, { dryRun: true });
      expect(await guard()).toBe(before);
      await goes(ofBlack.binding.id);
      expect(BigInt(await guard())).toBe(BigInt(before) + 1n);
    });
  });

  it('is not raised either, while its binding is being removed', async () => {
    const { route, red, black, ofBlack } = await scene();
    const { pool } = world.database;
    // rows of this world may be of its clock's future
    await pool.query('DELETE FROM facts WHERE subject = $1', [`action/${route.arn}`]);
    await seen(route, Date.now(), shares(red, 100, black, 0));
    const weights = new OneOffWeights(new PostgresRouteWriteStore(pool, new RandomIds()));
    const raise = () => weights.set(admin, route.id, { shares: { [red]: 0, [black]: 100 }, reason: 'go' });
    await pool.query(`UPDATE bindings SET state = 'Removing' WHERE id = $1`, [ofBlack.binding.id]);
    expect(await errorOf(raise())).toMatchObject({ reason: 'BindingIsBeingRemoved' });
    await world.resources.bindings.apply(admin, { backendId: ofBlack.backend.id });
    expect((await raise()).intent.state).toBe('pending');
  });

  describe('a backend', () => {
    it.each(['Running', 'Succeeded', 'Scheduled'] as const)(
      'stays while a rollout that names it is %s',
      async (state) => {
        const { route, ofBlack } = await scene();
        world.clock.pass(60 * minuteMs);
        await goes(ofBlack.binding.id);
        const rolloutId = await world.rollout(route.id, { state });
        for (const forget of [false, true])
          expect(await errorOf(world.resources.backends.remove(admin, ofBlack.backend.id, { forget }))).toMatchObject({
            reason: 'RouteIsBusy',
            facts: { rolloutId },
          });
        expect(world.loadBalancer.weightsOf(route.arn)).toHaveLength(2);
        await world.endRollout(rolloutId);
        await world.resources.backends.remove(admin, ofBlack.backend.id);
        expect(world.loadBalancer.weightsOf(route.arn)).toHaveLength(1);
      },
    );

    it('that serves is only forgotten when asked to: nothing is written, and its target group is pinned', async () => {
      const { route, red, ofRed } = await scene();
      const [before, bindings] = [world.loadBalancer.weightsOf(route.arn), world.agent.removed.length];
      await world.resources.backends.remove(admin, ofRed.backend.id, { forget: true, dryRun: true });
      expect(await world.resources.backends.get(admin, ofRed.backend.id)).toMatchObject({ name: red });
      await world.resources.backends.remove(admin, ofRed.backend.id, { forget: true });
      expect(await errorOf(world.resources.backends.get(admin, ofRed.backend.id))).toMatchObject({ name: 'NotFound' });
      expect(await world.resources.routes.get(admin, route.id)).toMatchObject({ pinned: [tg(red)] });
      expect(world.loadBalancer.weightsOf(route.arn)).toEqual(before);
      expect(world.agent.removed).toHaveLength(bindings);
    });
  });

  describe('a cluster', () => {
    const retired = (id: string) => world.resources.clusters.retire(admin, id, { reason: 'old' });

    it('is not retired while a listener that is not registered here sends it requests', async () => {
      const { route, red, black, ofBlack } = await scene();
      const listener = otherListener(route, shares(red, 0, black, 100));
      world.clock.pass(60 * minuteMs);
      expect(await errorOf(retired(ofBlack.clusterId))).toMatchObject({
        reason: 'ClusterIsServing',
        facts: { routeArn: listener.arn, backends: [ofBlack.backend.id] },
      });
      world.loadBalancer.world.deleteListener(listener.arn);
      expect((await retired(ofBlack.clusterId)).retired).toMatchObject({ reason: 'old' });
    });

    it('is not retired before it is drained, nor while a bake may bring its share back', async () => {
      const { route, ofBlack } = await scene();
      expect(await errorOf(retired(ofBlack.clusterId))).toMatchObject({
        reason: 'ClusterIsServing',
        facts: { readyAt: world.clock.now() + 5 * minuteMs },
      });
      world.clock.pass(5 * minuteMs);
      const rolloutId = await world.rollout(route.id, { state: 'Succeeded' });
      expect(await errorOf(retired(ofBlack.clusterId))).toMatchObject({ reason: 'RouteIsBusy', facts: { rolloutId } });
      await world.endRollout(rolloutId);
      await retired(ofBlack.clusterId);
    });

    it('is retired when its rule is gone from AWS, which is said; an outage is not "gone"', async () => {
      const { route, ofRed } = await scene();
      await seen(route, world.clock.now(), [{ targetGroupArn: tg('any'), weight: 1 }]);
      world.clock.pass(5 * minuteMs);
      world.loadBalancer.faults.outage = { code: 'ServiceUnavailable', kind: 'transient' };
      expect(await errorOf(retired(ofRed.clusterId))).toMatchObject({ name: 'ExternalFailure' });
      world.loadBalancer.faults.outage = null;
      expect(await errorOf(retired(ofRed.clusterId))).toMatchObject({ reason: 'ClusterIsServing' });
      world.loadBalancer.world.deleteListener(route.listenerArn);
      await retired(ofRed.clusterId);
      const told = (await world.events()).filter((one) => one.subject === `cluster/${ofRed.clusterId}`).at(-1);
      expect(told).toMatchObject({
        after: { retired: { by: 'token:ann' } },
        data: { fields: ['retired'], vanishedRoutes: [route.name] },
      });
    });
  });

  /** What the gateway would have stored of a look. */
  function seen(
    route: { accountId: string; arn: string; listenerArn: string; loadBalancerArn: string },
    at: number,
    weights: { targetGroupArn: string; weight: number }[],
  ) {
    const action = { weights, stickiness: { enabled: false as const }, otherActions: [] };
    const { arn, listenerArn, loadBalancerArn } = route;
    const value = { routeArn: arn, listenerArn, loadBalancerArn, isDefault: true, action };
    return new PostgresFactStore(world.database.pool).first([
      {
        kind: 'action',
        accountId: route.accountId,
        arn,
        watched: {
          fact: { ok: true, at, value: { ...value, document: { actions: [], unknown: [] } } },
          periodMs: 30_000,
          runs: [{ from: at, to: at, joined: true, mark: weights }],
        },
      },
    ]);
  }
});
