import { describe, expect, it } from '@jest/globals';
import { buildWorld, failureOf, weightsOf } from './contract-world.js';
import type { LoadBalancerPeer, PeerCapabilities } from './peer.js';

export function describeFailing(peer: () => LoadBalancerPeer, can: PeerCapabilities): void {
  describe('when the peer fails', () => {
    const whereItCanFail = can.failsOnDemand ? it : it.skip;

    it('sends nothing for a caller that has already given up', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      const givenUp = AbortSignal.abort();

      const write = port.writeWeights(access, base, weightsOf([red, 1], [black, 2]), { signal: givenUp });
      expect(await failureOf(write)).toMatchObject({ code: 'Aborted', kind: 'transient', ambiguous: false });
      expect(await failureOf(port.readRoute(access, listenerArn, { signal: givenUp }))).toMatchObject({
        code: 'Aborted',
      });
      expect((await read(listenerArn)).action.weights).toEqual(base.action.weights);
    });

    whereItCanFail('says of a throttled write that it did not happen and may be tried again', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      await peer().faults.throttleNextWrite();

      const write = port.writeWeights(access, base, weightsOf([red, 1], [black, 2]));
      expect(await failureOf(write)).toMatchObject({ code: 'Throttling', kind: 'transient', ambiguous: false });
      await peer().faults.none();
      expect((await read(listenerArn)).action.weights).toEqual(base.action.weights);
    });

    whereItCanFail('says of a write whose reply is lost that nobody knows; a read settles it', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      await peer().faults.dropNextReply();

      const write = port.writeWeights(access, base, weightsOf([red, 1], [black, 2]));
      expect(await failureOf(write)).toMatchObject({ name: 'ExternalFailure', kind: 'transient', ambiguous: true });
      await peer().faults.none();
      expect((await read(listenerArn)).action.weights).toEqual(weightsOf([red, 1], [black, 2]));
    });

    whereItCanFail('says the same of a write that AWS fails with an error of its own', async () => {
      const { read, listenerArn, red, black } = await buildWorld(peer());
      const { port, access } = peer();
      const base = await read(listenerArn);
      await peer().faults.failNextWriteBeforeEffect();

      const write = port.writeWeights(access, base, weightsOf([red, 1], [black, 2]));
      expect(await failureOf(write)).toMatchObject({ code: 'InternalFailure', kind: 'transient', ambiguous: true });
      await peer().faults.none();
      expect((await read(listenerArn)).action.weights).toEqual(base.action.weights);
    });
  });
}
