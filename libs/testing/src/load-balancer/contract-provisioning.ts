import { describe, expect, it } from '@jest/globals';
import {
  buildWorld,
  counted,
  failureOf,
  loadBalancerSpec,
  several,
  targetGroupSpec,
  weightsOf,
} from './contract-world.js';
import type { LoadBalancerPeer, PeerCapabilities } from './peer.js';

const tags = { 'sluice.dev/project': 'p-1', 'sluice.dev/note': 'made by a test' };

export function describeProvisioning(peer: () => LoadBalancerPeer, can: PeerCapabilities): void {
  describe('creating, describing and deleting', () => {
    it('describes a load balancer as it was asked for', async () => {
      const { port, access, network } = peer();
      const spec = loadBalancerSpec(peer(), tags);
      const { arn } = await port.createLoadBalancer(access, spec);

      const described = await port.describeLoadBalancer(access, arn);
      expect(described).toMatchObject({
        arn,
        name: spec.name,
        type: 'application',
        scheme: 'internal',
        vpcId: network.vpcId,
        tags,
      });
      expect([...described.subnets].sort()).toEqual([...network.subnets].sort());
      expect(described.securityGroups).toEqual(network.securityGroups);
      expect(described.dnsName).not.toBe('');
    });

    it('describes a target group with its health check and where it is used', async () => {
      const { listenerArn, loadBalancerArn, write, red } = await buildWorld(peer());
      const { port, access, network } = peer();
      const spec = targetGroupSpec(peer(), tags);
      const { arn } = await port.createTargetGroup(access, spec);
      expect(await port.describeTargetGroup(access, arn)).toMatchObject({
        arn,
        name: spec.name,
        protocol: 'HTTP',
        port: 8080,
        targetType: 'ip',
        vpcId: network.vpcId,
        loadBalancerArns: [],
        healthCheck: spec.healthCheck,
        tags,
      });

      await write(listenerArn, weightsOf([red, 1], [arn, 0]));
      expect((await port.describeTargetGroup(access, red)).loadBalancerArns).toEqual([loadBalancerArn]);
    });

    it('describes a listener', async () => {
      const { listenerArn, loadBalancerArn } = await buildWorld(peer(), { listener: tags });
      const { port, access } = peer();

      expect(await port.describeListener(access, listenerArn)).toEqual({
        arn: listenerArn,
        loadBalancerArn,
        port: 80,
        protocol: 'HTTP',
        tags,
      });
    });

    it('names what would be deleted along with a load balancer and with a listener, without its default rule', async () => {
      const { addRule, listenerArn, loadBalancerArn, red } = await buildWorld(peer());
      const { port, access } = peer();
      const ruleArn = await addRule(7, weightsOf([red, 1]));

      expect(await port.partsOf(access, loadBalancerArn)).toEqual([listenerArn]);
      expect(await port.partsOf(access, listenerArn)).toEqual([ruleArn]);
    });

    it('reads the tags of more resources than one call takes', async () => {
      const { addTargetGroup, loadBalancerArn, listenerArn } = await buildWorld(peer());
      const { port, access } = peer();
      const groups = await several(22, (i) => addTargetGroup({ number: String(i) }));

      const found = await port.tagsOf(access, [loadBalancerArn, listenerArn, ...groups]);
      expect(found).toHaveLength(24);
      expect(found.find(({ arn }) => arn === groups[21])).toEqual({
        kind: 'targetGroup',
        arn: groups[21],
        tags: { number: '21' },
      });
      expect(found.find(({ arn }) => arn === loadBalancerArn)).toEqual({
        kind: 'loadBalancer',
        arn: loadBalancerArn,
        tags: {},
      });
    });

    it('does not delete a target group that an action refers to, at weight 0 either', async () => {
      const { write, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      await write(listenerArn, weightsOf([red, 0], [black, 1]));

      expect(await failureOf(port.deleteTargetGroup(access, red))).toMatchObject({
        code: 'ResourceInUse',
        kind: 'terminal',
      });
    });

    it('deletes from the rule up, and deleting again is a success', async () => {
      const { addRule, listenerArn, loadBalancerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const ruleArn = await addRule(1, weightsOf([red, 1]));

      for (const again of [false, true]) {
        await port.deleteRule(access, ruleArn);
        await port.deleteListener(access, listenerArn);
        await port.deleteTargetGroup(access, red);
        await port.deleteTargetGroup(access, black);
        await port.deleteLoadBalancer(access, loadBalancerArn);
        if (!again)
          expect(await failureOf(port.describeLoadBalancer(access, loadBalancerArn))).toMatchObject({
            code: 'LoadBalancerNotFound',
          });
      }
    });

    it('keeps AWS’s code when a rule’s priority is taken', async () => {
      const { addRule, red } = await buildWorld(peer());
      await addRule(5, weightsOf([red, 1]));

      expect(await failureOf(addRule(5, weightsOf([red, 1])))).toMatchObject({
        code: 'PriorityInUse',
        kind: 'terminal',
        ambiguous: false,
      });
    });

    it('keeps AWS’s code when a port or a target group is taken', async () => {
      const first = await buildWorld(peer());
      const second = await buildWorld(peer());
      const { port, access } = peer();
      const listener = {
        loadBalancerArn: first.loadBalancerArn,
        port: 80,
        protocol: 'HTTP',
        weights: weightsOf([first.red, 1]),
        tags: {},
      };

      if (can.refusesDuplicateListeners) {
        expect(await failureOf(port.createListener(access, listener))).toMatchObject({
          code: 'DuplicateListener',
          kind: 'terminal',
        });
      }
      if (can.oneLoadBalancerPerTargetGroup) {
        const foreign = first.write(first.listenerArn, weightsOf([second.red, 1]));
        expect(await failureOf(foreign)).toMatchObject({ code: 'TargetGroupAssociationLimit', kind: 'terminal' });
      }
      expect((await first.read(first.listenerArn)).action.weights).toEqual(
        weightsOf([first.red, 90], [first.black, 10]),
      );
    });

    it('refuses unsafe weights in a new listener or rule', async () => {
      const { addRule, loadBalancerArn, red } = await buildWorld(peer());
      const { port, access } = peer();
      const zero = weightsOf([red, 0]);

      expect(await failureOf(addRule(9, zero))).toMatchObject({ code: 'UnsafeWeights' });
      const listener = port.createListener(access, {
        loadBalancerArn,
        port: 81,
        protocol: 'HTTP',
        weights: zero,
        tags: {},
      });
      expect(await failureOf(listener)).toMatchObject({ code: 'UnsafeWeights' });
    });

    it('knows how long a deregistered target drains: 300 s unless it was changed', async () => {
      const { red } = await buildWorld(peer());
      const { port, access } = peer();
      expect(await port.deregistrationDelayMs(access, red)).toBe(300_000);
    });

    it('knows whose credentials it has, by one request', async () => {
      const { port, access } = peer();
      const { ops, take } = counted();

      const { partition, accountNumber, arn } = await port.identity(access, { take });
      expect(arn).toMatch(new RegExp(`^arn:${partition}:(iam|sts)::${accountNumber}:`));
      expect(accountNumber).toMatch(/^\d{12}$/);
      expect(ops).toEqual(['GetCallerIdentity']);
    });

    it('checks that the account answers', async () => {
      await buildWorld(peer());
      const { port, access } = peer();

      const checked = await port.check(access);
      expect(checked.accountId).toMatch(/^\d{12}$/);
      expect(checked.arn).toMatch(/^arn:aws:/);
      expect(checked.loadBalancers).toBeGreaterThan(0);
    });
  });
}
