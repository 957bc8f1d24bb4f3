import { describe, expect, it } from '@jest/globals';
import { desiredBinding } from './cluster-world.js';
import type { WorldInTest } from './contract.js';

/** A binding goes only when its target group is drained and it is ours, and it is gone only when the controller let go. */
export function removeContract({ world, freshNamespace }: WorldInTest): void {
  const drained = { drained: true, message: 'weight 0 for 5 minutes' };
  const remove = (binding: { namespace: string; name: string }, proof = drained) =>
    world().agent.removeBinding(world().access, binding, proof);
  const prepared = async () => {
    const namespace = freshNamespace();
    await world().service({ namespace, name: 'red-service' });
    return desiredBinding({ namespace });
  };
  const applied = async () => {
    const desired = await prepared();
    await world().agent.applyBinding(world().access, desired);
    return desired;
  };

  describe('removing a binding', () => {
    it('removes it when it is drained', async () => {
      const binding = await applied();
      expect(await remove(binding)).toEqual({ result: 'removed' });
      expect(await world().agent.readBinding(world().access, binding.namespace, binding.name)).toBeNull();
    });

    it('is absent when there is none', async () => {
      expect(await remove(await prepared())).toEqual({ result: 'absent' });
    });

    it('stays while its target group still serves, for the reason that the drain gave', async () => {
      const binding = await applied();
      const refusal = await remove(binding, { drained: false, message: 'its weight is still 50 on route shop' });
      expect(refusal).toMatchObject({
        result: 'refused',
        reason: 'StillServing',
        message: expect.stringContaining('still 50 on route shop'),
      });
      expect(await world().agent.readBinding(world().access, binding.namespace, binding.name)).not.toBeNull();
    });

    it('is removing until the controller has dropped its finalizer, and says what it waits for', async () => {
      const binding = await applied();
      await world().setFinalizers(binding, ['elbv2.k8s.aws/resources']);
      expect(await remove(binding)).toEqual({ result: 'removing' });
      expect(await remove(binding)).toEqual({ result: 'removing' });
      const state = await world().agent.readBinding(world().access, binding.namespace, binding.name);
      expect(state).toMatchObject({
        deleting: true,
        problems: [expect.stringMatching(/^Terminating: .*AWS Load Balancer Controller/)],
      });
      await world().setFinalizers(binding, []);
      expect(await remove(binding)).toEqual({ result: 'absent' });
    });

    it('leaves what Sluice did not make', async () => {
      const binding = await prepared();
      await world().foreignBinding({ ...binding, labels: {} });
      expect(await remove(binding)).toMatchObject({ result: 'refused', reason: 'NotOurs' });
    });

    it('leaves what a controller made from an Ingress', async () => {
      const binding = await prepared();
      await world().foreignBinding({
        ...binding,
        labels: { 'app.kubernetes.io/managed-by': 'sluice', 'ingress.k8s.aws/stack': 'shop' },
      });
      expect(await remove(binding)).toMatchObject({ result: 'refused', reason: 'ManagedByController' });
    });

    it('says what the user may not do', async () => {
      const binding = await applied();
      expect(await world().agent.removeBinding(world().powerless, binding, drained)).toMatchObject({
        result: 'refused',
        reason: 'Forbidden',
      });
    });
  });
}
