import { describe, expect, it } from '@jest/globals';
import { buildWorld, failureOf } from './contract-world.js';
import type { LoadBalancerPeer, PeerCapabilities } from './peer.js';

export function describeHealth(peer: () => LoadBalancerPeer, can: PeerCapabilities): void {
  describe('reading target health', () => {
    it('counts nothing in a target group without targets', async () => {
      const { red } = await buildWorld(peer());
      const { port, access } = peer();

      const none = {
        healthy: 0,
        initial: 0,
        unhealthy: 0,
        draining: 0,
        unused: 0,
        unavailable: 0,
        total: 0,
        reasons: {},
      };
      expect(await port.targetHealth(access, red)).toEqual({ targetGroupArn: red, ...none });
    });

    it('counts every registered target in exactly one state', async () => {
      const { red } = await buildWorld(peer());
      const { port, access } = peer();
      await peer().registerTargets(red, ['10.0.0.11', '10.0.0.12', '10.0.0.13']);

      const { healthy, initial, unhealthy, draining, unused, unavailable, total } = await port.targetHealth(
        access,
        red,
      );
      expect(total).toBe(3);
      expect(healthy + initial + unhealthy + draining + unused + unavailable).toBe(3);
    });

    it('says why targets get no requests while no listener uses their target group', async () => {
      const { addTargetGroup } = await buildWorld(peer());
      const { port, access } = peer();
      const green = await addTargetGroup();
      await peer().registerTargets(green, ['10.0.0.21', '10.0.0.22']);

      const expected = can.knowsUnusedTargets
        ? { healthy: 0, unused: 2, reasons: { 'Target.NotInUse': 2 } }
        : { healthy: 2, unused: 0 };
      expect(await port.targetHealth(access, green)).toMatchObject({ ...expected, total: 2 });
    });

    it('keeps AWS’s code when the target group is not there', async () => {
      const { addTargetGroup } = await buildWorld(peer());
      const { port, access } = peer();
      const gone = await addTargetGroup();
      await port.deleteTargetGroup(access, gone);

      expect(await failureOf(port.targetHealth(access, gone))).toMatchObject({
        code: 'TargetGroupNotFound',
        kind: 'terminal',
      });
    });
  });
}
