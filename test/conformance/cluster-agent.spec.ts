import { describe, expect, it } from '@jest/globals';
import type { ClusterAccess } from '@sluice/control';
import { DirectClusterAgent } from '@sluice/kubernetes';
import { WireClusterWorld, describeClusterAgentContract, type StartedWorld } from '@sluice/testing';
import { realAutoModePeer, realPeer, sandboxPeer, type ClusterPeer, type ClusterPeerKind } from './cluster-peers.js';

type BindingApi = ClusterAccess['bindingApi'];

const apis = ['elbv2.k8s.aws/v1beta1', 'eks.amazonaws.com/v1'] as const;

describeOn(sandboxPeer, ...apis);
describeOn(realPeer, ...apis);
describeOn(realAutoModePeer, 'eks.amazonaws.com/v1', 'elbv2.k8s.aws/v1beta1');

function describeOn(kind: ClusterPeerKind, served: BindingApi, unservedApi: BindingApi): void {
  if (kind.missing === null) {
    const capabilities = { unservedApi, webhooks: true };
    describeClusterAgentContract(`${kind.name}, with the minimum role`, () => worldOn(kind, served), capabilities);
    return;
  }
  describe(`the cluster agent on ${kind.name}`, () => {
    it.skip(`is left out: ${kind.missing}`, () => undefined);
  });
}

(realPeer.missing === null ? describe : describe.skip)('a client certificate on kube-apiserver', () => {
  it('logs us in as its user, with the minimum role', async () => {
    const peer = await realPeer.start();
    const agent = new DirectClusterAgent();
    try {
      const pair = await peer.clientCertificate?.('sluice');
      const auth = { kind: 'clientCertificate', certPem: pair?.certPem ?? '', keyPem: pair?.keyPem ?? '' } as const;
      expect(await agent.check({ ...accessTo(peer, 'sluice', 'elbv2.k8s.aws/v1beta1'), auth })).toMatchObject({
        user: 'sluice',
        missingPermissions: [],
      });
    } finally {
      await agent.close();
      await peer.stop();
    }
  });
});

async function worldOn(kind: ClusterPeerKind, api: BindingApi): Promise<StartedWorld> {
  const peer = await kind.start();
  const agent = new DirectClusterAgent();
  const world = new WireClusterWorld(
    agent,
    accessTo(peer, 'sluice', api),
    accessTo(peer, 'powerless', api),
    peer.admin,
  );
  return {
    world,
    stop: async () => {
      await agent.close();
      await peer.stop();
    },
  };
}

function accessTo(
  { server, caPem, tokens }: ClusterPeer,
  user: 'sluice' | 'powerless',
  bindingApi: BindingApi,
): ClusterAccess {
  return {
    clusterId: user,
    name: 'blue',
    server,
    caPem,
    auth: { kind: 'token', token: tokens[user] },
    bindingApi,
  };
}
