import { describe, it } from '@jest/globals';
import { describeLoadBalancerContract, noFaults } from '@sluice/testing';
import { wirePeer } from './load-balancer-wire-peer.js';

const endpoint = process.env['SLUICE_MOTO_ENDPOINT'];

if (endpoint === undefined) {
  describe('load balancer port on moto', () => {
    it.skip('is left out: SLUICE_MOTO_ENDPOINT names no moto server (npm run test:conformance starts one)', () =>
      undefined);
  });
} else {
  const credentials = { accessKeyId: 'AKIAMOTO', secretAccessKey: 'moto' };
  const access = { accountId: 'moto', region: 'eu-west-1', endpoint, credentials, role: null };
  // What moto does otherwise than AWS: docs/sandbox-fidelity.md, "moto".
  describeLoadBalancerContract('moto', () => wirePeer(access, noFaults, async () => undefined), {
    checksTargetGroupsOfListeners: false,
    refusesDuplicateListeners: false,
    oneLoadBalancerPerTargetGroup: false,
    checksWhatIsTagged: false,
    knowsUnusedTargets: false,
    failsOnDemand: false,
  });
}
