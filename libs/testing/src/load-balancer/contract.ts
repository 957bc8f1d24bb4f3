import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { describeActions } from './contract-actions.js';
import { describeFailing } from './contract-failing.js';
import { describeHealth } from './contract-health.js';
import { describeProvisioning } from './contract-provisioning.js';
import { describeReading } from './contract-reading.js';
import { describeWriting } from './contract-writing.js';
import { takeDown } from './contract-world.js';
import { likeAws, type LoadBalancerPeer, type PeerCapabilities } from './peer.js';

/**
 * What every `LoadBalancer` port does, whatever it talks to. Run it against each implementation and each peer.
 * Where the peer is known not to be like AWS, `capabilities` says so and the tests expect what the peer does.
 */
export function describeLoadBalancerContract(
  name: string,
  setup: () => Promise<LoadBalancerPeer>,
  capabilities: Partial<PeerCapabilities> = {},
): void {
  describe(`load balancer port on ${name}`, () => {
    let running: LoadBalancerPeer | null = null;
    const peer = (): LoadBalancerPeer => {
      if (running === null) throw new Error('the peer is not running');
      return running;
    };
    beforeAll(async () => {
      running = await setup();
    });
    afterAll(() => running?.close());

    const can = { ...likeAws, ...capabilities };
    afterEach(async () => {
      if (can.failsOnDemand) await peer().faults.none();
      await takeDown(peer());
    });
    describeReading(peer);
    describeActions(peer, can);
    describeWriting(peer, can);
    describeHealth(peer, can);
    describeProvisioning(peer, can);
    describeFailing(peer, can);
  });
}
