import { describe, expect, it } from '@jest/globals';
import type { Weights } from '@sluice/domain';
import { buildWorld, counted, failureOf, several, weightsOf } from './contract-world.js';
import type { LoadBalancerPeer, PeerCapabilities } from './peer.js';

export function describeWriting(peer: () => LoadBalancerPeer, can: PeerCapabilities): void {
  describe('writing weights', () => {
    it('writes a default action, says that the reply verified it, and a fresh read agrees', async () => {
      const { read, write, listenerArn, red, black } = await buildWorld(peer());
      const weights = weightsOf([red, 0], [black, 999]);

      const outcome = await write(listenerArn, weights);
      expect(outcome).toMatchObject({ verified: true, live: { routeArn: listenerArn, action: { weights } } });
      expect((await read(listenerArn)).action.weights).toEqual(weights);
    });

    it('writes a rule and leaves its listener’s default action alone', async () => {
      const { read, write, addRule, listenerArn, red, black } = await buildWorld(peer());
      const ruleArn = await addRule(3, weightsOf([red, 100], [black, 0]));

      expect(await write(ruleArn, weightsOf([red, 0], [black, 100]))).toMatchObject({ verified: true });
      expect((await read(ruleArn)).action.weights).toEqual(weightsOf([red, 0], [black, 100]));
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 90], [black, 10]));
    });

    it.each(['default action', 'rule'])('keeps authentication and stickiness of a %s as they were', async (where) => {
      const { read, write, addRule, listenerArn, red, black } = await buildWorld(peer(), { protocol: 'HTTPS' });
      const routeArn = where === 'rule' ? await addRule(1, weightsOf([red, 1])) : listenerArn;
      await peer().editByConsole(routeArn, {
        kind: 'authenticateAndStick',
        weights: weightsOf([red, 30], [black, 70]),
        stickySeconds: 300,
      });
      const before = await read(routeArn);

      const outcome = await write(routeArn, weightsOf([red, 70], [black, 30]));
      expect(outcome.verified).toBe(true);
      expect((await read(routeArn)).action).toEqual({ ...before.action, weights: weightsOf([red, 70], [black, 30]) });
    });

    it('writes a listener of a network load balancer, also when one target group is left', async () => {
      const { read, write, listenerArn, loadBalancerArn, red, black } = await buildWorld(peer(), { protocol: 'TCP' });

      expect(await write(listenerArn, weightsOf([red, 20], [black, 80]))).toMatchObject({ verified: true });
      expect(await read(listenerArn)).toMatchObject({
        loadBalancerArn,
        protocol: 'TCP',
        port: 5432,
        action: { weights: weightsOf([red, 20], [black, 80]) },
      });
      expect(await write(listenerArn, weightsOf([black, 80]))).toMatchObject({ verified: true });
      expect((await read(listenerArn)).action.weights.map((one) => one.targetGroupArn)).toEqual([black]);
    });

    it('is the last word over what somebody else wrote after the read: comparing is the caller’s', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      await peer().editByConsole(listenerArn, { kind: 'weights', weights: weightsOf([red, 1], [black, 4]) });

      expect(await port.writeWeights(access, base, weightsOf([red, 50], [black, 50]))).toMatchObject({
        verified: true,
      });
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 50], [black, 50]));
    });

    it('attaches a target group at weight 0 and detaches it again', async () => {
      const { read, write, addTargetGroup, listenerArn, red, black } = await buildWorld(peer());
      const green = await addTargetGroup();

      await write(listenerArn, weightsOf([red, 90], [black, 10], [green, 0]));
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 90], [black, 10], [green, 0]));
      await write(listenerArn, weightsOf([black, 10]));
      expect((await read(listenerArn)).action.weights.map((one) => one.targetGroupArn)).toEqual([black]);
    });

    it('can write again on the route that a write answered with', async () => {
      const { read, write, listenerArn, red, black } = await buildWorld(peer());
      const { live } = await write(listenerArn, weightsOf([red, 50], [black, 50]));
      if (live === null) throw new Error('the write did not answer with the route');

      const { port, access } = peer();
      await port.writeWeights(access, live, weightsOf([red, 20], [black, 80]));
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 20], [black, 80]));
    });

    it('refuses unsafe weights before anything is sent', async () => {
      const { read, write, addTargetGroup, listenerArn, red, black } = await buildWorld(peer());
      const more = await several(4, () => addTargetGroup());
      const unsafe: Weights[] = [
        [],
        weightsOf([red, 0], [black, 0]),
        weightsOf([red, 1000], [black, 0]),
        weightsOf([red, -1], [black, 10]),
        weightsOf([red, 0.5], [black, 10]),
        weightsOf([red, Number.NaN], [black, 10]),
        weightsOf([red, 10], [red, 10]),
        weightsOf([red, 1], [black, 1], ...more.map((arn): [string, number] => [arn, 1])),
      ];
      for (const weights of unsafe) {
        expect(await failureOf(write(listenerArn, weights))).toMatchObject({
          code: 'UnsafeWeights',
          kind: 'terminal',
          ambiguous: false,
        });
      }
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 90], [black, 10]));
    });

    it.each(['default action', 'rule'])(
      'writes a %s on what another process read and stored, by one request',
      async (where) => {
        const { read, addRule, listenerArn, red, black } = await buildWorld(peer(), { protocol: 'HTTPS' });
        const routeArn = where === 'rule' ? await addRule(1, weightsOf([red, 1])) : listenerArn;
        const edit = { weights: weightsOf([red, 30], [black, 70]), stickySeconds: 300 };
        await peer().editByConsole(routeArn, { kind: 'authenticateAndStick', ...edit });
        const { port, access } = peer();
        const { document, action } = await read(routeArn);
        const stored = { routeArn, document: JSON.parse(JSON.stringify(document)) };

        const { ops, take } = counted();
        const weights = weightsOf([red, 70], [black, 30]);
        const outcome = await port.writeWeights(access, stored, weights, { take });
        expect(outcome).toMatchObject({ verified: true, unverified: null, live: { action: { ...action, weights } } });
        expect((await read(routeArn)).action).toEqual({ ...action, weights });
        expect(ops).toEqual([where === 'rule' ? 'ModifyRule' : 'ModifyListener']);
      },
    );

    it('refuses a base without a forward action', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = { routeArn: listenerArn, document: { actions: [{}], unknown: [] } };

      expect(await failureOf(port.writeWeights(access, base, weightsOf([red, 1], [black, 2])))).toMatchObject({
        code: 'StaleBase',
        kind: 'terminal',
        ambiguous: false,
      });
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 90], [black, 10]));
    });

    (can.failsOnDemand ? it : it.skip).each(['default action', 'rule'])(
      'refuses to write a %s that has what cannot be sent back, and nothing is lost',
      async (where) => {
        const { addRule, listenerArn, red, black } = await buildWorld(peer());
        const routeArn = where === 'rule' ? await addRule(1, weightsOf([red, 1])) : listenerArn;
        const { port, access } = peer();
        await peer().faults.showNewerActions();

        const reads = [
          await port.readRoute(access, routeArn),
          (await port.readActions(access, { kind: 'rulesOf', listenerArn })).get(routeArn),
        ];
        for (const read of reads) {
          if (read === undefined || 'failure' in read) throw read?.failure ?? new Error('the route was not read');
          expect(read.document.unknown).toEqual(['1.ForwardConfig.FailoverConfig']);
          const { ops, take } = counted();
          const write = port.writeWeights(access, read, weightsOf([red, 1], [black, 2]), { take });
          expect(await failureOf(write)).toMatchObject({
            code: 'UnknownActionMember',
            kind: 'terminal',
            ambiguous: false,
            message: expect.stringContaining('1.ForwardConfig.FailoverConfig'),
          });
          expect(ops).toEqual([]);
        }
      },
    );

    it('never writes what a controller owns', async () => {
      const { read, write, listenerArn, red, black } = await buildWorld(peer(), {
        loadBalancer: { 'elbv2.k8s.aws/cluster': 'blue-2025' },
      });

      expect(await failureOf(write(listenerArn, weightsOf([red, 1], [black, 2])))).toMatchObject({
        code: 'OwnedByController',
        kind: 'terminal',
      });
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 90], [black, 10]));
    });

    it('fails with RuleNotFound when the rule went away after it was read', async () => {
      const { read, addRule, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const ruleArn = await addRule(1, weightsOf([red, 1]));
      const base = await read(ruleArn);
      await port.deleteRule(access, ruleArn);

      const weights = weightsOf([black, 1]);
      expect(await failureOf(port.writeWeights(access, base, weights))).toMatchObject({
        code: 'RuleNotFound',
        kind: 'terminal',
        ambiguous: false,
      });
    });

    it('fails with TargetGroupNotFound when a target group is not there, and changes nothing', async () => {
      const { read, write, addRule, addTargetGroup, listenerArn, red } = await buildWorld(peer());
      const { port, access } = peer();
      const ruleArn = await addRule(1, weightsOf([red, 1]));
      const gone = await addTargetGroup();
      await port.deleteTargetGroup(access, gone);

      for (const routeArn of can.checksTargetGroupsOfListeners ? [ruleArn, listenerArn] : [ruleArn]) {
        const before = await read(routeArn);
        expect(await failureOf(write(routeArn, weightsOf([red, 1], [gone, 1])))).toMatchObject({
          code: 'TargetGroupNotFound',
          kind: 'terminal',
        });
        expect((await read(routeArn)).action).toEqual(before.action);
      }
    });
  });
}
