import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { realPeer, sandboxPeer, type ClusterPeer, type ClusterPeerKind } from './cluster-peers.js';
import { accessSurface } from './cluster-surface/access.js';
import { applySurface } from './cluster-surface/apply.js';
import { discoverySurface } from './cluster-surface/discovery.js';
import { kubectlSurface } from './cluster-surface/kubectl.js';
import { lifecycleSurface } from './cluster-surface/lifecycle.js';
import { objectSurface } from './cluster-surface/objects.js';
import { selectionSurface } from './cluster-surface/selection.js';
import { Surface } from './cluster-surface/surface.js';
import { watchSurface } from './cluster-surface/watch.js';

/** What an API server answers to our agent and to everyday kubectl: one source, run on the sandbox and on kube-apiserver. */
function describeClusterSurface(kind: ClusterPeerKind): void {
  describe(`the API surface of ${kind.name}`, () => {
    let peer: ClusterPeer | null = null;
    beforeAll(async () => {
      peer = await kind.start();
    }, 180_000);
    afterAll(async () => {
      await peer?.stop();
    }, 60_000);
    const surface = new Surface(() => {
      if (peer === null) throw new Error(`${kind.name} did not start`);
      return peer;
    });
    discoverySurface(surface);
    objectSurface(surface);
    selectionSurface(surface);
    lifecycleSurface(surface);
    applySurface(surface);
    watchSurface(surface);
    accessSurface(surface);
    kubectlSurface(surface);
  });
}

for (const kind of [sandboxPeer, realPeer]) {
  if (kind.missing === null) describeClusterSurface(kind);
  else {
    describe(`the API surface of ${kind.name}`, () => {
      it.skip(`is left out: ${kind.missing}`, () => undefined);
    });
  }
}
