import { describe, it } from '@jest/globals';
import type { ClusterAccess } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import { RawKube, WireClusterWorld, describeClusterAgentContract, realApiServerAssets, startRealApiServer, type RealApiServer, type StartedWorld } from '@sluice/testing';
import { sluiceAccess } from '../../apps/sandbox/src/cluster/bootstrap-objects.js';
import { targetGroupBindingCrd } from '../../apps/sandbox/src/cluster/crd/target-group-binding-crd.js';

const assets = realApiServerAssets();

if (assets === null) {
  describe('the cluster agent on kube-apiserver', () => {
    it.skip('is left out: KUBEBUILDER_ASSETS names no folder with etcd and kube-apiserver', () => undefined);
  });
} else {
  describeClusterAgentContract('kube-apiserver, with the minimum role', () => realWorld(assets), { unservedApi: 'eks.amazonaws.com/v1' });
}

async function realWorld(from: string): Promise<StartedWorld> {
  const server = await startRealApiServer(from, [targetGroupBindingCrd('openSource'), ...sluiceAccess]);
  const agent = new DirectClusterAgent();
  const world = new WireClusterWorld(agent, accessFor(server, server.tokens.sluice), accessFor(server, server.tokens.powerless), new RawKube(server.server, server.caPem, server.tokens.admin));
  return {
    world,
    stop: async () => {
      await Promise.all([agent.close(), world.close()]);
      await server.stop();
    },
  };
}

function accessFor({ server, caPem }: RealApiServer, token: string): ClusterAccess {
  return { clusterId: `real-${token.slice(0, 4)}`, name: 'real', server, caPem, auth: { kind: 'token', token }, bindingApi: 'elbv2.k8s.aws/v1beta1' };
}
