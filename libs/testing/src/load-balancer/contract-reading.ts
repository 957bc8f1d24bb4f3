import { describe, expect, it } from '@jest/globals';
import { tagsOfOurs } from '@sluice/domain';
import { buildWorld, failureOf, several, weightsOf } from './contract-world.js';
import type { LoadBalancerPeer } from './peer.js';

export function describeReading(peer: () => LoadBalancerPeer): void {
  describe('reading a route', () => {
    it('reads a listener’s default action in canonical form', async () => {
      const { read, listenerArn, loadBalancerArn, red, black } = await buildWorld(peer());

      expect(await read(listenerArn)).toEqual({
        routeArn: listenerArn,
        loadBalancerArn,
        listenerArn,
        protocol: 'HTTP',
        port: 80,
        isDefault: true,
        action: { weights: weightsOf([red, 90], [black, 10]), stickiness: { enabled: false }, otherActions: [] },
        document: expect.objectContaining({ unknown: [] }),
        ownership: expect.objectContaining({ kind: 'unowned' }),
      });
    });

    it('reads a rule, and knows the listener and load balancer above it', async () => {
      const { read, addRule, listenerArn, loadBalancerArn, red, black } = await buildWorld(peer());
      const ruleArn = await addRule(7, weightsOf([red, 0], [black, 500]));

      expect(await read(ruleArn)).toMatchObject({
        routeArn: ruleArn,
        listenerArn,
        loadBalancerArn,
        isDefault: false,
        port: 80,
        action: { weights: weightsOf([red, 0], [black, 500]) },
      });
    });

    it('reads the one-target-group short form like any other forward action', async () => {
      const { read, addRule, listenerArn, red, black } = await buildWorld(peer());
      const ruleArn = await addRule(1, weightsOf([red, 1], [black, 1]));
      await peer().editByConsole(listenerArn, { kind: 'shortForm', targetGroupArn: black });
      await peer().editByConsole(ruleArn, { kind: 'shortForm', targetGroupArn: black });

      expect((await read(listenerArn)).action).toEqual({
        weights: weightsOf([black, 1]),
        stickiness: { enabled: false },
        otherActions: [],
      });
      expect((await read(ruleArn)).action.weights).toEqual(weightsOf([black, 1]));
    });

    it('shows what somebody else wrote', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      await peer().editByConsole(listenerArn, { kind: 'weights', weights: weightsOf([red, 1], [black, 4]) });

      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 1], [black, 4]));
    });

    it('reads stickiness, and what logs users in by type and a digest that stays the same', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer(), { protocol: 'HTTPS' });
      await peer().editByConsole(listenerArn, {
        kind: 'authenticateAndStick',
        weights: weightsOf([red, 30], [black, 70]),
        stickySeconds: 300,
      });

      const { action } = await read(listenerArn);
      expect(action.weights).toEqual(weightsOf([red, 30], [black, 70]));
      expect(action.stickiness).toEqual({ enabled: true, durationSeconds: 300 });
      expect(action.otherActions).toEqual([{ type: 'authenticate-oidc', digest: expect.stringMatching(/./) }]);
      expect((await read(listenerArn)).action).toEqual(action);
    });

    it('says of an action that forwards nowhere that it is none', async () => {
      const { read, listenerArn } = await buildWorld(peer());
      await peer().editByConsole(listenerArn, { kind: 'fixedResponse' });

      expect(await failureOf(read(listenerArn))).toMatchObject({
        name: 'ExternalFailure',
        code: 'NotAForwardAction',
        kind: 'terminal',
      });
    });

    it('keeps AWS’s code when a route is not there', async () => {
      const { read, addRule, listenerArn, red } = await buildWorld(peer());
      const ruleArn = await addRule(1, weightsOf([red, 1]));
      const { port, access } = peer();
      await port.deleteRule(access, ruleArn);
      expect(await failureOf(read(ruleArn))).toMatchObject({
        code: 'RuleNotFound',
        kind: 'terminal',
        ambiguous: false,
      });

      await port.deleteListener(access, listenerArn);
      expect(await failureOf(read(listenerArn))).toMatchObject({ code: 'ListenerNotFound', kind: 'terminal' });
    });

    it('refuses what is not the ARN of a route', async () => {
      const { read, red } = await buildWorld(peer());
      expect(await failureOf(read('rule 7'))).toMatchObject({ code: 'InvalidArn', kind: 'terminal' });
      expect(await failureOf(read(red))).toMatchObject({ code: 'InvalidArn', kind: 'terminal' });
    });

    it('reads many routes at once and fails only those that are gone', async () => {
      const { addRule, listenerArn, red, black } = await buildWorld(peer());
      const rules = await several(24, (i) => addRule(i + 1, weightsOf([red, i + 1], [black, 900])));
      const [gone = ''] = rules.splice(11, 1);
      const { port, access } = peer();
      await port.deleteRule(access, gone);

      const routes = await port.readRoutes(access, [listenerArn, ...rules, gone, 'nonsense']);
      expect(routes.get(gone)).toMatchObject({ failure: { code: 'RuleNotFound' } });
      expect(routes.get('nonsense')).toMatchObject({ failure: { code: 'InvalidArn' } });
      expect(routes.get(listenerArn)).toMatchObject({
        isDefault: true,
        action: { weights: weightsOf([red, 90], [black, 10]) },
      });
      expect(rules.map((arn) => routes.get(arn))).toEqual(
        rules.map((routeArn) => expect.objectContaining({ routeArn, isDefault: false })),
      );
      expect(routes.size).toBe(26);
    });

    it('finds the owner by the tags of the rule, its listener and its load balancer', async () => {
      const ours = await buildWorld(peer());
      const ruleArn = await ours.addRule(1, weightsOf([ours.red, 1]), { 'elbv2.k8s.aws/cluster': 'blue-2025' });
      expect((await ours.read(ruleArn)).ownership).toMatchObject({
        kind: 'continuous',
        evidence: expect.stringContaining('elbv2.k8s.aws/cluster'),
      });
      expect((await ours.read(ours.listenerArn)).ownership.kind).toBe('unowned');

      const generated = await buildWorld(peer(), { listener: { 'ingress.k8s.aws/stack': 'shop/web' } });
      expect((await generated.read(generated.listenerArn)).ownership.kind).toBe('continuous');

      const stack = await buildWorld(peer(), { loadBalancer: { 'ingress.eks.amazonaws.com/stack': 'shop/web' } });
      expect((await stack.read(stack.listenerArn)).ownership.kind).toBe('continuous');

      const applied = await buildWorld(peer(), { listener: { ManagedBy: 'Terraform' } });
      expect((await applied.read(applied.listenerArn)).ownership.kind).toBe('applyTime');

      const sluice = await buildWorld(peer(), { listener: tagsOfOurs('p-1', 'listener') });
      expect((await sluice.read(sluice.listenerArn)).ownership.kind).toBe('sluice');
    });
  });
}
