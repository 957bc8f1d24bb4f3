import { describe, expect, it } from '@jest/globals';
import { buildWorld, counted, failureOf, several, weightsOf } from './contract-world.js';
import type { LoadBalancerPeer, PeerCapabilities } from './peer.js';

/** Reads for a caller that pays for every request. */
export function describeActions(peer: () => LoadBalancerPeer, can: PeerCapabilities): void {
  describe('reading actions on a budget', () => {
    it('reads twenty rules by one request', async () => {
      const { addRule, listenerArn, loadBalancerArn, red, black } = await buildWorld(peer());
      const ruleArns = await several(20, (i) => addRule(i + 1, weightsOf([red, i + 1], [black, 900])));
      const { port, access } = peer();
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'rules', ruleArns }, { take });
      expect(ops).toEqual(['DescribeRules']);
      expect([...reads.keys()].sort()).toEqual([...ruleArns].sort());
      expect(reads.get(ruleArns[7] ?? '')).toEqual({
        routeArn: ruleArns[7],
        listenerArn,
        loadBalancerArn,
        protocol: null,
        port: null,
        isDefault: false,
        action: { weights: weightsOf([red, 8], [black, 900]), stickiness: { enabled: false }, otherActions: [] },
        document: expect.objectContaining({ unknown: [] }),
      });
    });

    it('reads the default actions of listeners by one request', async () => {
      const worlds = await several(3, () => buildWorld(peer()));
      const listenerArns = worlds.map((one) => one.listenerArn);
      const { port, access } = peer();
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'listeners', listenerArns }, { take });
      expect(ops).toEqual(['DescribeListeners']);
      expect(worlds.map(({ listenerArn }) => reads.get(listenerArn))).toEqual(
        worlds.map(({ listenerArn, loadBalancerArn, red, black }) =>
          expect.objectContaining({
            routeArn: listenerArn,
            loadBalancerArn,
            protocol: 'HTTP',
            port: 80,
            isDefault: true,
            action: expect.objectContaining({ weights: weightsOf([red, 90], [black, 10]) }),
          }),
        ),
      );
    });

    it('reads a listener’s default action and all its rules by one request', async () => {
      const { addRule, listenerArn, red, black } = await buildWorld(peer());
      const ruleArns = await several(25, (i) => addRule(i + 1, weightsOf([red, i + 1], [black, 900])));
      const { port, access } = peer();
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'rulesOf', listenerArn }, { take });
      expect(ops).toEqual(['DescribeRules']);
      expect([...reads.keys()].sort()).toEqual([listenerArn, ...ruleArns].sort());
      expect(reads.get(listenerArn)).toMatchObject({
        routeArn: listenerArn,
        isDefault: true,
        action: { weights: weightsOf([red, 90], [black, 10]) },
      });
      expect(reads.get(ruleArns[24] ?? '')).toMatchObject({ isDefault: false, listenerArn });
    });

    it('gives what it read to a write, without another read', async () => {
      const { addRule, listenerArn, red, black } = await buildWorld(peer());
      const ruleArn = await addRule(1, weightsOf([red, 1]));
      const { port, access } = peer();
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'rulesOf', listenerArn }, { take });
      for (const read of reads.values()) {
        if ('failure' in read) throw read.failure;
        await port.writeWeights(access, read, weightsOf([red, 4], [black, 6]), { take });
      }
      expect([...ops].sort()).toEqual(['DescribeRules', 'ModifyListener', 'ModifyRule']);
      const after = await port.readActions(access, { kind: 'rules', ruleArns: [ruleArn] });
      expect(after.get(ruleArn)).toMatchObject({ action: { weights: weightsOf([red, 4], [black, 6]) } });
    });

    it('takes every request that a rule which is gone costs', async () => {
      const { addRule, red } = await buildWorld(peer());
      const ruleArns = await several(8, (i) => addRule(i + 1, weightsOf([red, 1])));
      const [gone = '', ...kept] = ruleArns;
      const { port, access } = peer();
      await port.deleteRule(access, gone);
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'rules', ruleArns }, { take });
      expect(reads.get(gone)).toMatchObject({ failure: { code: 'RuleNotFound', kind: 'terminal' } });
      expect(kept.filter((arn) => !('action' in (reads.get(arn) ?? {})))).toEqual([]);
      expect(ops).toEqual(Array(7).fill('DescribeRules')); // 8; 4 and 4; 2 and 2; 1 and 1
    });

    it('says that a listener is gone, in its place or for its whole list', async () => {
      const { listenerArn } = await buildWorld(peer());
      const { port, access } = peer();
      await port.deleteListener(access, listenerArn);

      const reads = await port.readActions(access, { kind: 'listeners', listenerArns: [listenerArn] });
      expect(reads.get(listenerArn)).toMatchObject({ failure: { code: 'ListenerNotFound' } });
      expect(await failureOf(port.readActions(access, { kind: 'rulesOf', listenerArn }))).toMatchObject({
        code: 'ListenerNotFound',
      });
    });

    it('says of a rule that forwards nowhere that it is no route, and reads the others', async () => {
      const { addRule, listenerArn, red } = await buildWorld(peer());
      const closed = await addRule(1, weightsOf([red, 1]));
      const open = await addRule(2, weightsOf([red, 1]));
      await peer().editByConsole(closed, { kind: 'fixedResponse' });
      const { port, access } = peer();

      const reads = await port.readActions(access, { kind: 'rulesOf', listenerArn });
      expect(reads.get(closed)).toMatchObject({ failure: { code: 'NotAForwardAction', kind: 'terminal' } });
      expect(reads.get(open)).toMatchObject({ routeArn: open });
    });

    it('sends nothing for what is no such ARN, and never more than it was asked to', async () => {
      const { listenerArn } = await buildWorld(peer());
      const { port, access } = peer();
      const { ops, take } = counted();

      const reads = await port.readActions(access, { kind: 'rules', ruleArns: [listenerArn, 'rule 7'] }, { take });
      expect(reads.get(listenerArn)).toMatchObject({ failure: { code: 'InvalidArn' } });
      expect(reads.get('rule 7')).toMatchObject({ failure: { code: 'InvalidArn' } });
      const tooMany = port.readActions(access, { kind: 'rules', ruleArns: Array<string>(21).fill('x') }, { take });
      expect(await failureOf(tooMany)).toMatchObject({ code: 'TooManyArns', kind: 'terminal' });
      expect(ops).toEqual([]);
    });

    it('waits for its turn, and sends nothing when there is none', async () => {
      const { listenerArn } = await buildWorld(peer());
      const { port, access } = peer();
      const closing = new Error('the gateway closes');
      const refused = port.readActions(
        access,
        { kind: 'rulesOf', listenerArn },
        { take: () => Promise.reject(closing) },
      );
      await expect(refused).rejects.toBe(closing);
    });

    it('finds the owners of many routes by their tags alone, twenty resources a request', async () => {
      const { addRule, listenerArn, loadBalancerArn, red } = await buildWorld(peer());
      const ruleArns = await several(18, (i) =>
        addRule(i + 1, weightsOf([red, 1]), i === 3 ? { 'elbv2.k8s.aws/cluster': 'blue-2025' } : {}),
      );
      const { port, access } = peer();
      const { ops, take } = counted();
      const routes = [listenerArn, ...ruleArns].map((routeArn) => ({ routeArn, listenerArn, loadBalancerArn }));

      const owners = await port.ownershipOfRoutes(access, routes, { take });
      expect(ops).toEqual(['DescribeTags']);
      expect(owners.size).toBe(19);
      expect(owners.get(ruleArns[3] ?? '')).toMatchObject({ kind: 'continuous' });
      expect(owners.get(listenerArn)).toEqual({ kind: 'unowned' });
    });

    (can.checksWhatIsTagged ? it : it.skip)('does not know the owner of a route that is gone', async () => {
      const { addRule, listenerArn, loadBalancerArn, red } = await buildWorld(peer());
      const gone = await addRule(1, weightsOf([red, 1]));
      const { port, access } = peer();
      await port.deleteRule(access, gone);
      const routes = [listenerArn, gone].map((routeArn) => ({ routeArn, listenerArn, loadBalancerArn }));

      const owners = await port.ownershipOfRoutes(access, routes);
      expect(owners.get(gone)).toMatchObject({ failure: { code: 'RuleNotFound' } });
      expect(owners.get(listenerArn)).toEqual({ kind: 'unowned' });
    });

    (can.failsOnDemand ? it : it.skip)('says of a throttle that it is one', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      await peer().faults.throttleNextWrite();

      const write = port.writeWeights(access, base, weightsOf([red, 1], [black, 2]));
      expect(await failureOf(write)).toMatchObject({ throttled: true, ambiguous: false });
      await peer().faults.none();
    });
  });
}
