import { describe, expect, it } from '@jest/globals';
import type { ApplyBinding, BindingState } from '@sluice/control';
import { desiredBinding, targetGroupArn } from './cluster-world.js';
import type { WorldInTest } from './contract.js';

/** The binding of an answer that must be `applied`; a refusal fails with its own words. */
function applied(outcome: ApplyBinding): BindingState {
  if (outcome.result === 'applied') return outcome.binding;
  throw new Error(`refused as ${outcome.reason}: ${outcome.message}`);
}

/** A binding that may be applied is applied as wanted, once, and nothing else changes. */
export function applyContract({ world, freshNamespace }: WorldInTest): void {
  describe('applying a binding', () => {
    const prepared = async () => {
      const namespace = freshNamespace();
      await world().service({
        namespace,
        name: 'red-service',
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', port: 9000 },
        ],
      });
      return desiredBinding({ namespace });
    };

    it('makes it with exactly the wanted Service, port, target group and labels', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      const binding = applied(await agent.applyBinding(access, desired));
      expect(binding).toMatchObject({
        namespace: desired.namespace,
        name: 'sluice-red',
        service: 'red-service',
        port: 80,
        targetGroupArn: desired.targetGroupArn,
        targetType: 'ip',
        labels: desired.labels,
        deleting: false,
        generation: 1,
        problems: [],
      });
      expect(await world().spec(desired)).toEqual({
        serviceRef: { name: 'red-service', port: 80 },
        targetGroupARN: desired.targetGroupArn,
        targetType: 'ip',
      });
    });

    it('changes nothing when it is applied a second time', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      const first = applied(await agent.applyBinding(access, desired));
      const second = applied(await agent.applyBinding(access, desired));
      expect(second).toEqual(first);
    });

    it('follows a changed port, given by name', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      await agent.applyBinding(access, desired);
      const binding = applied(await agent.applyBinding(access, { ...desired, port: 'admin' }));
      expect(binding).toMatchObject({ port: 'admin', generation: 2 });
    });

    it('changes nothing in a dry run, and still says what would be', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      const binding = applied(await agent.applyBinding(access, desired, { dryRun: true }));
      expect(binding).toMatchObject({ service: 'red-service' });
      expect(await agent.readBinding(access, desired.namespace, desired.name)).toBeNull();
    });

    it('lets the security groups of the load balancer in when networking is wanted, and takes it back when it is not', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      applied(
        await agent.applyBinding(access, {
          ...desired,
          networking: { securityGroupIds: ['sg-1', 'sg-2'], port: 8080 },
        }),
      );
      expect(await world().spec(desired)).toMatchObject({
        networking: {
          ingress: [
            {
              from: [{ securityGroup: { groupID: 'sg-1' } }, { securityGroup: { groupID: 'sg-2' } }],
              ports: [{ protocol: 'TCP', port: 8080 }],
            },
          ],
        },
      });
      await agent.applyBinding(access, desired);
      expect(await world().spec(desired)).not.toHaveProperty('networking');
    });

    it('opens every TCP port when networking names none', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      applied(await agent.applyBinding(access, { ...desired, networking: { securityGroupIds: ['sg-1'], port: null } }));
      expect(await world().spec(desired)).toMatchObject({
        networking: { ingress: [{ ports: [{ protocol: 'TCP' }] }] },
      });
    });

    it('applies to a Service without ready pods, and says that nothing is registered yet', async () => {
      const { agent, access } = world();
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', readyPods: 0, notReadyPods: 1 });
      const binding = applied(await agent.applyBinding(access, desiredBinding({ namespace })));
      expect(binding.problems).toEqual([expect.stringContaining('ServiceHasNoEndpoints')]);
    });

    it.each(['NodePort', 'LoadBalancer'] as const)('takes a %s Service for target type instance', async (type) => {
      const { agent, access } = world();
      const namespace = freshNamespace();
      await world().service({ namespace, name: 'red-service', type });
      const binding = applied(await agent.applyBinding(access, desiredBinding({ namespace, targetType: 'instance' })));
      expect(binding.targetType).toBe('instance');
    });

    it('lets two bindings of one Service fill two target groups', async () => {
      const { agent, access } = world();
      const desired = await prepared();
      await agent.applyBinding(access, desired);
      const second = applied(
        await agent.applyBinding(access, {
          ...desired,
          name: 'sluice-red-2',
          targetGroupArn: targetGroupArn(`${desired.namespace}-2`),
        }),
      );
      expect(second.service).toBe('red-service');
    });
  });
}
