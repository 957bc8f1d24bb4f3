import { describe, expect, it } from '@jest/globals';
import type { ClusterAccess } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import { WireClusterWorld, describeClusterAgentContract, type StartedWorld } from '@sluice/testing';
import { realPeer, sandboxPeer, type ClusterPeer, type ClusterPeerKind } from './cluster-peers.js';

for (const kind of [sandboxPeer, realPeer]) {
  if (kind.missing === null) {
    describeClusterAgentContract(`${kind.name}, with the minimum role`, () => worldOn(kind), {
      unservedApi: 'eks.amazonaws.com/v1',
      webhooks: true,
    });
  } else {
    describe(`the cluster agent on ${kind.name}`, () => {
      it.skip(`is left out: ${kind.missing}`, () => undefined);
    });
  }
}

(realPeer.missing === null ? describe : describe.skip)('a client certificate on kube-apiserver', () => {
  it('logs us in as its user, with the minimum role', async () => {
    const peer = await realPeer.start();
    const agent = new DirectClusterAgent();
    try {
      const pair = await peer.clientCertificate?.('sluice');
      const auth = { kind: 'clientCertificate', certPem: pair?.certPem ?? '', keyPem: pair?.keyPem ?? '' } as const;
      expect(await agent.check({ ...accessTo(peer, 'sluice'), auth })).toMatchObject({
        user: 'sluice',
        missingPermissions: [],
      });
    } finally {
      await agent.close();
      await peer.stop();
    }
  });
});

async function worldOn(kind: ClusterPeerKind): Promise<StartedWorld> {
  const peer = await kind.start();
  const agent = new DirectClusterAgent();
  const world = new WireClusterWorld(agent, accessTo(peer, 'sluice'), accessTo(peer, 'powerless'), peer.admin);
  return {
    world,
    stop: async () => {
      await agent.close();
      await peer.stop();
    },
  };
}

function accessTo({ server, caPem, tokens }: ClusterPeer, user: 'sluice' | 'powerless'): ClusterAccess {
  return {
    clusterId: user,
    name: 'blue',
    server,
    caPem,
    auth: { kind: 'token', token: tokens[user] },
    bindingApi: 'elbv2.k8s.aws/v1beta1',
  };
}
