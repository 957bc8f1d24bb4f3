import { describe, expect, it } from '@jest/globals';
import { describeLoadBalancerContract } from './contract.js';
import { inMemoryPeer } from './in-memory-peer.js';
import { InMemoryLoadBalancer } from './in-memory-load-balancer.js';

describeLoadBalancerContract('memory', inMemoryPeer);

describe('the load balancer in memory', () => {
  const access = { accountId: 'a', region: 'eu-west-1', endpoint: null, credentials: null, role: null };
  const weights = [
    { targetGroupArn: 'arn:red', weight: 100 },
    { targetGroupArn: 'arn:black', weight: 0 },
  ];

  it('shows routes as they were while reads are stale, and writes go through', async () => {
    const port = new InMemoryLoadBalancer();
    const routeArn = port.addRoute({ weights });
    port.staleReads();
    await port.writeWeights(access, await port.readRoute(access, routeArn), [
      { targetGroupArn: 'arn:black', weight: 1 },
    ]);

    expect((await port.readRoute(access, routeArn)).action.weights).toHaveLength(2);
    port.freshReads();
    expect((await port.readRoute(access, routeArn)).action.weights).toHaveLength(1);
  });

  it('keeps every write with what was before and how it ended', async () => {
    const port = new InMemoryLoadBalancer();
    const routeArn = port.addRoute({ weights, kind: 'rule' });
    const base = await port.readRoute(access, routeArn);
    const half = weights.map((one) => ({ ...one, weight: 50 }));
    port.faults.failBefore = 1;
    await expect(port.writeWeights(access, base, half)).rejects.toMatchObject({ ambiguous: true });
    port.faults.dropReply = 1;
    await expect(port.writeWeights(access, base, half)).rejects.toMatchObject({ code: 'Timeout' });
    await port.writeWeights(access, base, half);

    expect(port.writes.map(({ outcome }) => outcome)).toEqual(['failed', 'dropped', 'applied']);
    expect(port.writes[0]?.before).toContainEqual({ targetGroupArn: 'arn:red', weight: 100 });
    expect(port.weightsOf(routeArn)).toContainEqual({ targetGroupArn: 'arn:black', weight: 50 });
  });

  it('holds writes until they are let go', async () => {
    const port = new InMemoryLoadBalancer();
    const routeArn = port.addRoute({ weights });
    const base = await port.readRoute(access, routeArn);
    const release = port.faults.holdWrites();
    const write = port.writeWeights(
      access,
      base,
      weights.map((one) => ({ ...one, weight: 7 })),
    );

    expect(port.weightsOf(routeArn)).toContainEqual({ targetGroupArn: 'arn:red', weight: 100 });
    release();
    await write;
    expect(port.weightsOf(routeArn)).toContainEqual({ targetGroupArn: 'arn:red', weight: 7 });
  });

  it('counts the targets that a test gave it', async () => {
    const port = new InMemoryLoadBalancer();
    port.addRoute({ weights });
    port.setHealth('arn:black', { healthy: 1, unhealthy: 2, reasons: { 'Target.Timeout': 2 } });

    expect(await port.targetHealth(access, 'arn:black')).toMatchObject({
      healthy: 1,
      unhealthy: 2,
      total: 3,
      reasons: { 'Target.Timeout': 2 },
    });
  });
});
