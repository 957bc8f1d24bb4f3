import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Binding } from '@sluice/control';
import { admin, createResourceWorld, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;

describe('bindings that nobody asks about', () => {
  let world: ResourceWorld;
  let count = 0;
  beforeAll(async () => {
    world = await createResourceWorld();
  });
  afterAll(() => world.close());

  /** An account of its own, a cluster in it, and an applied binding there. */
  async function bound() {
    count += 1;
    const home = await world.project(`refresh ${count}`);
    const route = await world.resources.routes.register(admin, {
      projectId: home.projectId,
      accountId: home.accountId,
      name: 'shop',
      arn: world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg(`red${count}`), weight: 1 }] }),
    });
    const clusterId = await world.cluster(home, 'blue');
    const { backend } = await world.resources.backends.create(admin, {
      routeId: route.id,
      clusterId,
      name: 'red',
      namespace: 'shop',
      service: 'web',
      port: 80,
      targetGroupArn: tg(`red${count}`),
    });
    const { binding } = await world.resources.bindings.apply(admin, { backendId: backend.id });
    return { ...home, clusterId, backend, binding };
  }
  const run = ({ accountId }: { accountId: string }) => world.resources.bindingRefresh.run([accountId]);
  const now = (binding: Binding) => world.resources.bindings.get(admin, binding.id);
  const told = async (binding: Binding) =>
    (await world.events()).filter((event) => event.subject === `binding/${binding.id}`).length;
  const force = (binding: Binding, state: Binding['state']) =>
    world.database.pool.query('UPDATE bindings SET state = $2 WHERE id = $1', [binding.id, state]);

  it('are neither written nor told of while they are as they were', async () => {
    const scene = await bound();
    const [before, events] = [await now(scene.binding), await told(scene.binding)];
    await run(scene);
    await run(scene);
    expect(await now(scene.binding)).toEqual(before);
    expect(await told(scene.binding)).toBe(events);
  });

  it('show once that one is gone from its cluster, and that it is back', async () => {
    const scene = await bound();
    const kept = new Map(world.agent.cluster(scene.clusterId).bindings);
    const events = await told(scene.binding);
    world.agent.cluster(scene.clusterId).bindings.clear();
    await run(scene);
    expect(await now(scene.binding)).toMatchObject({ state: 'Pending', reason: 'BindingMissing', observed: null });
    await run(scene);
    await run(scene);
    expect(await told(scene.binding)).toBe(events + 1);
    for (const [key, value] of kept) world.agent.cluster(scene.clusterId).bindings.set(key, value);
    await run(scene);
    expect(await now(scene.binding)).toMatchObject({ state: 'Applied', reason: null });
    expect(await told(scene.binding)).toBe(events + 2);
  });

  it('stay as they were while their cluster cannot be asked, and others are still looked at', async () => {
    const [down, up] = [await bound(), await bound()];
    world.agent.switchOff(down.clusterId);
    world.agent.cluster(up.clusterId).bindings.clear();
    const failures = await world.resources.bindingRefresh.run([down.accountId, up.accountId]);
    expect(failures).toEqual([{ clusterId: down.clusterId, code: 'ECONNREFUSED' }]);
    expect(await now(down.binding)).toEqual(down.binding);
    expect(await now(up.binding)).toMatchObject({ reason: 'BindingMissing' });
  });

  it.each([
    ['Removing', 'Removed'],
    ['Pending', 'Pending'],
  ] as const)('in %s become %s when absent, at the second look only: somebody may be at it', async (state, end) => {
    const scene = await bound();
    await force(scene.binding, state);
    world.agent.cluster(scene.clusterId).bindings.clear();
    await run(scene);
    expect(await now(scene.binding)).toMatchObject({ state, reason: null });
    await run(scene);
    expect(await now(scene.binding)).toMatchObject({
      state: end,
      reason: end === 'Pending' ? 'BindingMissing' : null,
      observed: null,
    });
  });

  it('are left alone when they are refused, removed, or of an account that another replica has', async () => {
    const [mine, others] = [await bound(), await bound()];
    await force(mine.binding, 'Refused');
    world.agent.cluster(mine.clusterId).bindings.clear();
    world.agent.cluster(others.clusterId).bindings.clear();
    await run(mine);
    await run(mine);
    expect(await now(mine.binding)).toMatchObject({ state: 'Refused' });
    expect(await now(others.binding)).toMatchObject({ state: 'Applied' });
  });

  it('keep what somebody wrote while the cluster was asked', async () => {
    const scene = await bound();
    const read = world.agent.readBinding.bind(world.agent);
    world.agent.readBinding = async () => {
      world.agent.readBinding = read;
      world.clock.pass(1);
      await world.resources.bindings.apply(admin, { backendId: scene.backend.id });
      return null;
    };
    await run(scene);
    expect(await now(scene.binding)).toMatchObject({ state: 'Applied' });
  });
});
