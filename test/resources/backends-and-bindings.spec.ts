import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Conflict } from '@sluice/domain';
import { eventually } from '@sluice/testing';
import { admin, createResourceWorld, errorOf, type ResourceWorld } from './resource-world.js';

const tg = (name: string) => `arn:aws:elasticloadbalancing:eu-west-1:000000000000:targetgroup/${name}/0123456789abcdef`;
const minuteMs = 60_000;

describe('backends and bindings', () => {
  let world: ResourceWorld;
  let home: { projectId: string; accountId: string };
  let count = 0;
  beforeAll(async () => {
    world = await createResourceWorld();
    home = await world.project('backends');
  });
  afterAll(() => world.close());

  const newGroup = (name: string, patch: object = {}) =>
    world.loadBalancer.world.putTargetGroup(
      {
        name,
        protocol: 'HTTP',
        port: 80,
        targetType: 'ip',
        vpcId: 'vpc-00000001',
        healthCheck: {},
        tags: {},
        ...patch,
      },
      tg(name),
    ).arn;

  /** A route with `red` of a cluster, and a second cluster for `black`. */
  async function scene() {
    count += 1;
    const [red, black] = [`red${count}`, `black${count}`];
    const route = await world.resources.routes.register(admin, {
      ...home,
      name: `route ${count}`,
      arn: world.loadBalancer.addRoute({ weights: [{ targetGroupArn: tg(red), weight: 1 }] }),
    });
    newGroup(black);
    const [blue, green] = [await world.cluster(home, `blue-${count}`), await world.cluster(home, `green-${count}`)];
    const service = { namespace: 'shop', service: 'web', port: 80 };
    const redInput = { routeId: route.id, clusterId: blue, name: 'red', ...service, targetGroupArn: tg(red) };
    const blackInput = { routeId: route.id, clusterId: green, name: 'black', ...service, targetGroupArn: tg(black) };
    return { route, red, black, blue, green, service, redInput, blackInput };
  }

  describe('a backend', () => {
    it('is attached at weight 0 before anything else, unless it is in the action already', async () => {
      const { route, redInput, blackInput, red, black } = await scene();
      expect(await world.resources.backends.create(admin, redInput)).toMatchObject({
        attachNeeded: false,
        attachDecisionId: null,
      });
      const { attachDecisionId } = await world.resources.backends.create(admin, blackInput);
      expect(attachDecisionId).not.toBeNull();
      expect(world.loadBalancer.weightsOf(route.arn)).toEqual([
        { targetGroupArn: tg(black), weight: 0 },
        { targetGroupArn: tg(red), weight: 1 },
      ]);
    });

    it('does not stay when its attachment is refused', async () => {
      const { route, blackInput } = await scene();
      world.writer.refuseWith = new Conflict('RouteIsBusy', 'a rollout moves it', { rolloutId: 'rol_a' });
      const error = await errorOf(world.resources.backends.create(admin, blackInput));
      world.writer.refuseWith = null;
      expect(error).toMatchObject({ reason: 'RouteIsBusy' });
      expect(
        (await world.resources.backends.list(admin, { routeId: route.id }, { limit: 5, cursor: null })).items,
      ).toEqual([]);
    });

    it('waits for an earlier write to its route, not for a rollout', async () => {
      const { blackInput, black, route } = await scene();
      world.writer.refuseWith = new Conflict('RouteIsBusy', 'another write is outstanding');
      const creating = world.resources.backends.create(admin, blackInput);
      await eventually(
        'the backend',
        async () =>
          (await world.resources.backends.list(admin, { routeId: route.id }, { limit: 1, cursor: null })).items[0] ??
          null,
      );
      world.writer.refuseWith = null;
      expect((await creating).attachDecisionId).not.toBeNull();
      expect(world.loadBalancer.weightsOf(route.arn).map((one) => one.targetGroupArn)).toContain(tg(black));
    });

    it('is named after its cluster when nobody names it', async () => {
      const { redInput } = await scene();
      const { name: _, ...unnamed } = redInput;
      expect((await world.resources.backends.create(admin, unnamed)).backend.name).toBe(`blue-${count}`);
    });

    it('writes nothing on a dry run', async () => {
      const { route, blackInput } = await scene();
      expect(await world.resources.backends.create(admin, blackInput, { dryRun: true })).toMatchObject({
        attachNeeded: true,
        attachDecisionId: null,
      });
      expect(
        (await world.resources.backends.list(admin, { routeId: route.id }, { limit: 5, cursor: null })).items,
      ).toEqual([]);
      expect(world.loadBalancer.weightsOf(route.arn)).toHaveLength(1);
    });

    it('needs a target group that suits the route', async () => {
      const { blackInput } = await scene();
      const refused = async (name: string, patch: object) =>
        errorOf(
          world.resources.backends.create(admin, { ...blackInput, targetGroupArn: newGroup(`${name}${count}`, patch) }),
        );
      expect(await refused('tcp', { protocol: 'TCP' })).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field: 'targetGroupArn' }],
      });
      expect(await refused('elsewhere', { vpcId: 'vpc-other' })).toMatchObject({ name: 'InvalidInput' });
      expect(await refused('lambda', { targetType: 'lambda' })).toMatchObject({ name: 'InvalidInput' });
      expect(
        await refused('owned', { tags: { 'elbv2.k8s.aws/cluster': 'prod', 'ingress.k8s.aws/stack': 'x' } }),
      ).toMatchObject({ reason: 'TargetGroupOwnedByReconciler' });
      expect(
        await errorOf(world.resources.backends.create(admin, { ...blackInput, targetGroupArn: tg('missing') })),
      ).toMatchObject({ name: 'InvalidInput', issues: [{ field: 'targetGroupArn' }] });
      const busy = (await scene()).red;
      expect(
        await errorOf(world.resources.backends.create(admin, { ...blackInput, targetGroupArn: tg(busy) })),
      ).toMatchObject({ reason: 'TargetGroupInUse' });
    });

    it('of an Auto Mode cluster needs the tag by which that cluster may register targets', async () => {
      const { blackInput, green } = await scene();
      await world.resources.clusters.update(admin, green, { bindingApi: 'eks.amazonaws.com/v1' });
      expect(await errorOf(world.resources.backends.create(admin, blackInput))).toMatchObject({
        reason: 'AutoModeTagMissing',
      });
    });

    it('is the fifth at most, pinned and foreign target groups counted', async () => {
      const { route, blackInput, red } = await scene();
      const foreign = [1, 2, 3, 4].map((i) => newGroup(`foreign${count}-${i}`));
      world.loadBalancer.editByConsole(route.arn, {
        weights: [tg(red), ...foreign].map((targetGroupArn) => ({ targetGroupArn, weight: 1 })),
      });
      expect(await errorOf(world.resources.backends.create(admin, blackInput))).toMatchObject({
        reason: 'TooManyTargetGroups',
      });
    });

    it('has a target group of its own: two clusters would deregister each other', async () => {
      const { redInput, green } = await scene();
      await world.resources.backends.create(admin, redInput);
      expect(
        await errorOf(world.resources.backends.create(admin, { ...redInput, clusterId: green, name: 'other' })),
      ).toMatchObject({ reason: 'TargetGroupAlreadyBound' });
      expect(await errorOf(world.resources.backends.create(admin, redInput))).toMatchObject({
        reason: 'AlreadyExists',
      });
    });

    it.each([
      [{ port: 0 }, 'port'],
      [{ port: 1e9 }, 'port'],
      [{ port: 'UPPER' }, 'port'],
      [{ namespace: 'a\0b' }, 'namespace'],
      [{ service: 'x'.repeat(64) }, 'service'],
      [{ name: ' red' }, 'name'],
      [{ targetGroupArn: 'tg' }, 'targetGroupArn'],
    ])('is refused with %j, by its field', async (patch, field) => {
      const { redInput } = await scene();
      expect(await errorOf(world.resources.backends.create(admin, { ...redInput, ...patch }))).toMatchObject({
        name: 'InvalidInput',
        issues: [{ field }],
      });
    });

    it('leaves the action with its target group, once it has no weight and no binding', async () => {
      const { route, redInput, blackInput, red, black } = await scene();
      const { backend: redBackend } = await world.resources.backends.create(admin, redInput);
      const { backend } = await world.resources.backends.create(admin, blackInput);
      expect(await errorOf(world.resources.backends.remove(admin, redBackend.id))).toMatchObject({
        reason: 'BackendIsServing',
      });
      await world.resources.bindings.apply(admin, { backendId: backend.id });
      expect(await errorOf(world.resources.backends.remove(admin, backend.id))).toMatchObject({
        reason: 'BindingPresent',
      });
      world.clock.pass(10 * minuteMs);
      await world.resources.bindings.remove(admin, (await bindingOf(backend.id)).id);
      await world.resources.backends.remove(admin, backend.id, { dryRun: true });
      expect(world.loadBalancer.weightsOf(route.arn)).toHaveLength(2);
      await world.resources.backends.remove(admin, backend.id);
      expect(world.loadBalancer.weightsOf(route.arn)).toEqual([{ targetGroupArn: tg(red), weight: 1 }]);
      expect(await errorOf(world.resources.backends.get(admin, backend.id))).toMatchObject({ name: 'NotFound' });
      expect(black).toBeDefined();
    });
  });

  describe('a binding', () => {
    async function bound() {
      const parts = await scene();
      const { backend: redBackend } = await world.resources.backends.create(admin, parts.redInput);
      const { backend } = await world.resources.backends.create(admin, parts.blackInput);
      const { binding } = await world.resources.bindings.apply(admin, { backendId: backend.id });
      return { ...parts, redBackend, backend, binding };
    }

    it('is applied with our labels, and what the cluster shows is kept', async () => {
      const { backend, binding, green } = await bound();
      expect(binding).toMatchObject({
        state: 'Applied',
        reason: null,
        clusterId: green,
        namespace: 'shop',
        networking: null,
        observed: { service: 'web' },
      });
      expect(binding.name).toMatch(/^sluice-black-[a-z0-9]{6}$/);
      expect(world.agent.applied.at(-1)?.desired).toMatchObject({
        labels: {
          'app.kubernetes.io/managed-by': 'sluice',
          'sluice.dev/backend': backend.id,
          'sluice.dev/project': home.projectId,
        },
      });
      expect(
        (await world.events()).filter((event) => event.subject === `binding/${binding.id}`).map((event) => event.type),
      ).toEqual(['binding.created', 'binding.changed']);
    });

    it("lets the load balancer's security groups in when it has any, unless switched off", async () => {
      const { route, blackInput } = await scene();
      const { backend } = await world.resources.backends.create(admin, blackInput);
      const described = world.loadBalancer.world.loadBalancer(route.loadBalancerArn);
      world.loadBalancer.world.loadBalancers.set(described.arn, { ...described, securityGroups: ['sg-0lb'] });
      const networking = async (choice?: 'auto' | 'off' | { securityGroupIds: string[] }) =>
        (await world.resources.bindings.dryRun(admin, { backendId: backend.id, ...(choice && { networking: choice }) }))
          .desired.networking;
      expect(await networking()).toEqual({ securityGroupIds: ['sg-0lb'], port: null });
      expect(await networking('off')).toBeNull();
      expect(await networking({ securityGroupIds: ['sg-mine'] })).toEqual({
        securityGroupIds: ['sg-mine'],
        port: null,
      });
      expect(
        await errorOf(
          world.resources.bindings.apply(admin, { backendId: backend.id, networking: { securityGroupIds: ['x'] } }),
        ),
      ).toMatchObject({ name: 'InvalidInput', issues: [{ field: 'networking.securityGroupIds.0' }] });
      expect(world.agent.applied.filter((one) => one.clusterId === backend.clusterId)).toEqual([]);
    });

    it('that the cluster refuses is an outcome with the way out, not an error', async () => {
      const { blackInput } = await scene();
      const { backend } = await world.resources.backends.create(admin, { ...blackInput, service: 'missing' });
      const { binding, outcome } = await world.resources.bindings.apply(admin, { backendId: backend.id });
      expect(outcome).toMatchObject({ result: 'refused', reason: 'ServiceNotFound' });
      expect(binding).toMatchObject({ state: 'Refused', reason: 'ServiceNotFound', observed: null });
      await world.resources.backends.remove(admin, backend.id);
    });

    it('stays Pending with the reason when the cluster is down, and is applied again later under the same name', async () => {
      const { blackInput, green } = await scene();
      const { backend } = await world.resources.backends.create(admin, blackInput);
      world.agent.switchOff(green);
      expect(
        await errorOf(world.resources.bindings.apply(admin, { backendId: backend.id, name: 'chosen' })),
      ).toMatchObject({ name: 'ExternalFailure', kind: 'transient' });
      expect(await bindingOf(backend.id)).toMatchObject({ state: 'Pending', reason: 'ECONNREFUSED', name: 'chosen' });
      world.agent.switchOn(green);
      expect(
        (await world.resources.bindings.apply(admin, { backendId: backend.id, name: 'other' })).binding,
      ).toMatchObject({ state: 'Applied', name: 'chosen' });
    });

    it('shows what became of it in the cluster when read back', async () => {
      const { binding, green } = await bound();
      world.agent.cluster(green).bindings.clear();
      expect(await world.resources.bindings.refresh(admin, binding.id)).toMatchObject({
        state: 'Pending',
        reason: 'BindingMissing',
        observed: null,
      });
    });

    it('stays until its target group is drained: weight 0 for the longest of settle, stickiness and deregistration times', async () => {
      const { route, redBackend, backend, binding, red, black } = await bound();
      const shares = (redWeight: number, blackWeight: number) => [
        { targetGroupArn: tg(red), weight: redWeight },
        { targetGroupArn: tg(black), weight: blackWeight },
      ];
      await world.settle(route.id, shares(50, 50));
      expect(await errorOf(world.resources.bindings.remove(admin, binding.id))).toMatchObject({
        reason: 'StillServing',
      });
      await world.settle(route.id, shares(100, 0));
      world.clock.pass(4 * minuteMs);
      // a later write that leaves it at 0 does not start the wait again
      await world.settle(route.id, shares(99, 0));
      world.clock.pass(minuteMs - 1);
      const early = await errorOf(world.resources.bindings.remove(admin, binding.id));
      expect(early).toMatchObject({ reason: 'StillServing', facts: { readyAt: world.clock.now() + 1 } });
      expect(early.message).toContain('unmeasured');
      world.clock.pass(1);
      const { binding: gone, drained } = await world.resources.bindings.remove(admin, binding.id);
      expect(gone).toMatchObject({ state: 'Removed' });
      expect(drained).toMatchObject({ drained: true, measured: false });
      expect(world.agent.removed.at(-1)).toMatchObject({ clusterId: backend.clusterId, name: binding.name });
      expect(redBackend).toBeDefined();
    });

    it('stays when somebody else took the weight away, until that drift has been seen long enough', async () => {
      const { route, binding, red, black } = await bound();
      await world.settle(route.id, [
        { targetGroupArn: tg(red), weight: 50 },
        { targetGroupArn: tg(black), weight: 50 },
      ]);
      const live = [
        { targetGroupArn: tg(black), weight: 0 },
        { targetGroupArn: tg(red), weight: 50 },
      ];
      world.loadBalancer.editByConsole(route.arn, { weights: live });
      world.clock.pass(60 * minuteMs);
      expect((await errorOf(world.resources.bindings.remove(admin, binding.id))).message).toContain(
        'nobody knows since when',
      );
      await world.database.pool.query('UPDATE routes SET drift = $2 WHERE id = $1', [
        route.id,
        JSON.stringify({ at: new Date(world.clock.now()).toISOString(), live, message: '' }),
      ]);
      world.clock.pass(5 * minuteMs);
      expect((await world.resources.bindings.remove(admin, binding.id)).binding.state).toBe('Removed');
    });

    it('is not called drained while AWS cannot be read', async () => {
      const { binding } = await bound();
      world.clock.pass(60 * minuteMs);
      world.loadBalancer.faults.outage = { code: 'ServiceUnavailable', kind: 'transient' };
      const error = await errorOf(world.resources.bindings.remove(admin, binding.id));
      world.loadBalancer.faults.outage = null;
      expect(error).toMatchObject({ name: 'ExternalFailure' });
      expect(await world.resources.bindings.get(admin, binding.id)).toMatchObject({ state: 'Applied' });
    });

    it('of another project does not exist', async () => {
      const { binding, backend } = await bound();
      const { caller } = await world.project(`stranger ${count}`);
      expect(await errorOf(world.resources.bindings.get(caller, binding.id))).toMatchObject({ name: 'NotFound' });
      expect(await errorOf(world.resources.bindings.apply(caller, { backendId: backend.id }))).toMatchObject({
        name: 'NotFound',
      });
      expect(
        (await world.resources.bindings.list(caller, { routeId: backend.routeId }, { limit: 5, cursor: null })).items,
      ).toEqual([]);
    });
  });

  async function bindingOf(backendId: string) {
    const [binding] = (await world.resources.bindings.list(admin, { backendId }, { limit: 1, cursor: null })).items;
    if (!binding) throw new Error(`backend ${backendId} has no binding`);
    return binding;
  }
});
