import { describe, expect, it } from '@jest/globals';
import { ExternalFailure } from '@sluice/control';
import { desiredBinding } from './cluster-world.js';
import type { WorldInTest } from './contract.js';

/** What is there is told; what is not there is null; what can't be known is a failure. */
export function readContract({ world, freshNamespace, capabilities }: WorldInTest): void {
  const applied = async () => {
    const namespace = freshNamespace();
    await world().service({ namespace, name: 'red-service' });
    const desired = desiredBinding({ namespace });
    await world().agent.applyBinding(world().access, desired);
    return desired;
  };
  const read = (binding: { namespace: string; name: string }) =>
    world().agent.readBinding(world().access, binding.namespace, binding.name);

  describe('reading a binding', () => {
    it('is null when the cluster has none of that name, or no such namespace', async () => {
      const { namespace } = await applied();
      expect(await read({ namespace, name: 'another' })).toBeNull();
      expect(await read({ namespace: freshNamespace(), name: 'sluice-red' })).toBeNull();
    });

    it('tells the Warnings of the controller, newest first, without those a later success has settled', async () => {
      const binding = await applied();
      const tell = (type: 'Warning' | 'Normal', reason: string, message: string, ageSeconds: number) =>
        world().event(binding, { type, reason, message, ageSeconds });
      await tell('Warning', 'FailedReconcile', 'AccessDenied: settled long ago', 600);
      await tell('Normal', 'SuccessfullyReconciled', 'Successfully reconciled', 500);
      await tell('Warning', 'FailedNetworkReconcile', 'no security group', 300);
      await tell('Warning', 'FailedReconcile', 'throttled', 100);
      expect((await read(binding))?.problems).toEqual([
        'FailedReconcile: throttled',
        'FailedNetworkReconcile: no security group',
      ]);
    });

    it('keeps BackendNotFound, which the controller follows with a success in the same breath', async () => {
      const binding = await applied();
      await world().event(binding, {
        type: 'Warning',
        reason: 'BackendNotFound',
        message: 'backend not found',
        ageSeconds: 60,
      });
      await world().event(binding, {
        type: 'Normal',
        reason: 'SuccessfullyReconciled',
        message: 'Successfully reconciled',
        ageSeconds: 60,
      });
      expect((await read(binding))?.problems).toEqual(['BackendNotFound: backend not found']);
    });

    it('tells a failed clean-up from the status', async () => {
      const binding = await applied();
      await world().failedCleanup(binding, 'AccessDenied: DeregisterTargets');
      expect((await read(binding))?.problems).toEqual(['FailedCleanup: AccessDenied: DeregisterTargets']);
    });

    it('says nothing of events about other bindings', async () => {
      const binding = await applied();
      const other = await applied();
      await world().event(other, { type: 'Warning', reason: 'FailedReconcile', message: 'elsewhere', ageSeconds: 10 });
      expect((await read(binding))?.problems).toEqual([]);
    });
  });

  describe('listing bindings', () => {
    it('gives those of every namespace and every owner', async () => {
      const [one, two] = [await applied(), await applied()];
      await world().foreignBinding({ ...one, name: 'foreign', labels: {}, targetGroupArn: `${one.targetGroupArn}f` });
      const names = (await world().agent.listBindings(world().access)).map(
        (binding) => `${binding.namespace}/${binding.name}`,
      );
      expect(names).toEqual(
        expect.arrayContaining([
          `${one.namespace}/sluice-red`,
          `${one.namespace}/foreign`,
          `${two.namespace}/sluice-red`,
        ]),
      );
    });

    it('fails, rather than being empty, when the cluster does not let us look', async () => {
      const failure = await world()
        .agent.listBindings(world().powerless)
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ExternalFailure);
      expect(failure).toMatchObject({ system: 'kubernetes', kind: 'terminal', code: 'Forbidden' });
    });

    it('fails when the API group is not served', async () => {
      if (capabilities.unservedApi === null) return;
      const access = { ...world().access, bindingApi: capabilities.unservedApi };
      await expect(world().agent.listBindings(access)).rejects.toMatchObject({
        name: 'ExternalFailure',
        kind: 'terminal',
        code: 'NotFound',
      });
      await expect(world().agent.readBinding(access, 'default', 'x')).rejects.toMatchObject({
        name: 'ExternalFailure',
        kind: 'terminal',
        code: 'NotFound',
      });
    });
  });

  describe('reading a Service', () => {
    it('tells its type, its ports and how many pods are ready', async () => {
      const namespace = freshNamespace();
      await world().service({
        namespace,
        name: 'red-service',
        readyPods: 3,
        notReadyPods: 1,
        otherEndpoints: 1,
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', port: 9000 },
        ],
      });
      expect(await world().agent.readService(world().access, namespace, 'red-service')).toEqual({
        namespace,
        name: 'red-service',
        type: 'ClusterIP',
        readyEndpoints: 3,
        ports: [
          { name: 'http', port: 80, nodePort: null },
          { name: 'admin', port: 9000, nodePort: null },
        ],
      });
    });

    it('tells the node ports where there are any', async () => {
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', type: 'NodePort' });
      const service = await world().agent.readService(world().access, namespace, 'red-service');
      expect(service?.ports[0]?.nodePort).toBeGreaterThanOrEqual(30_000);
    });

    it('is null when there is none', async () => {
      expect(await world().agent.readService(world().access, freshNamespace(), 'red-service')).toBeNull();
    });
  });

  describe('checking a cluster', () => {
    it('finds nothing missing for the minimum role, and tells who we are', async () => {
      const check = await world().agent.check(world().access);
      expect(check).toMatchObject({ user: 'sluice', missingPermissions: [] });
      expect(check.version).toMatch(/^v1\.\d+\./);
      expect(check.bindingApis).toContain(world().access.bindingApi);
      if (capabilities.unservedApi !== null) expect(check.bindingApis).not.toContain(capabilities.unservedApi);
    });

    it('tells which cluster it is, the same each time, and leaves it unknown to a powerless user', async () => {
      const uid = await world().agent.identify(world().access);
      expect(uid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect((await world().agent.check(world().access)).kubeSystemUid).toBe(uid);
      expect(await world().agent.identify(world().powerless)).toBeNull();
      expect((await world().agent.check(world().powerless)).kubeSystemUid).toBeNull();
    });

    it('names everything that a powerless user lacks', async () => {
      const group = world().access.bindingApi.split('/')[0];
      const { missingPermissions } = await world().agent.check(world().powerless);
      expect([...missingPermissions].sort()).toEqual([
        `create targetgroupbindings.${group}`,
        `delete targetgroupbindings.${group}`,
        'get namespaces',
        'get services',
        `get targetgroupbindings.${group}`,
        'list endpointslices.discovery.k8s.io',
        'list events',
        `list targetgroupbindings.${group}`,
        `patch targetgroupbindings.${group}`,
      ]);
    });
  });
}
