import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ApiBudget, GatewayFence, GatewayGrant, GatewayStore } from '@sluice/control';

/** What the contract needs around a store: gateways with accounts, and time. */
export interface GatewayStorePeer {
  readonly store: GatewayStore;
  /** An account with this budget behind a gateway, which is made if it isn't there. */
  account(gatewayId: string, budget?: Partial<ApiBudget>): Promise<void>;
  /** As if `ms` had gone by. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const leaseMs = 60_000;
const waitOutMs = 30_000;
const fenceOf = ({ gatewayId, epoch, grantId }: GatewayFence): GatewayFence => ({ gatewayId, epoch, grantId });
const handover = (fence: GatewayFence, ...inFlightRouteIds: string[]) => ({ fence: fenceOf(fence), inFlightRouteIds });

/** What every GatewayStore does. */
export function describeGatewayStoreContract(name: string, start: () => Promise<GatewayStorePeer>): void {
  describe(`gateways owned by lease, ${name}`, () => {
    let peer: GatewayStorePeer;
    beforeEach(async () => {
      peer = await start();
      await peer.account('gtw_1');
    });
    afterEach(() => peer.close());

    const claim = (owner: string, most = 10) => peer.store.claim(owner, leaseMs, waitOutMs, most);
    const claimOne = async (owner: string): Promise<GatewayGrant> => {
      const [grant, ...others] = await claim(owner);
      if (!grant || others.length > 0) throw new Error(`${owner} got ${others.length} more than one gateway, or none`);
      return grant;
    };
    /** Every state a gateway can be in, how it gets there, and what a claimer then finds. */
    const states: readonly {
      readonly state: string;
      readonly reach: () => Promise<void>;
      readonly claimed: {
        readonly epoch: bigint;
        readonly waits: boolean;
        readonly on: readonly string[] | null;
      } | null;
    }[] = [
      { state: 'never owned', reach: async () => undefined, claimed: { epoch: 1n, waits: false, on: [] } },
      { state: 'owned, its lease running', reach: async () => void (await claimOne('a')), claimed: null },
      {
        state: 'owned, its lease renewed past the first end',
        reach: async () => {
          const grant = await claimOne('a');
          await peer.pass(leaseMs - 1_000);
          await peer.store.renew('a', [grant], leaseMs);
          await peer.pass(10_000);
        },
        claimed: null,
      },
      {
        state: 'owned by one who died',
        reach: async () => {
          await claimOne('a');
          await peer.pass(leaseMs + 1_000);
        },
        claimed: { epoch: 2n, waits: true, on: null },
      },
      {
        state: 'owned by one who died long ago',
        reach: async () => {
          await claimOne('a');
          await peer.pass(leaseMs + 10 * waitOutMs);
        },
        claimed: { epoch: 2n, waits: true, on: null },
      },
      {
        state: 'handed over with nothing under way',
        reach: async () => peer.store.release(handover(await claimOne('a'))),
        claimed: { epoch: 2n, waits: false, on: [] },
      },
      {
        state: 'handed over with a write under way',
        reach: async () => peer.store.release(handover(await claimOne('a'), 'rou_1')),
        claimed: { epoch: 2n, waits: true, on: ['rou_1'] },
      },
      {
        state: 'handed over by one whose own wait-out after a death was not over',
        reach: async () => {
          await claimOne('a');
          await peer.pass(leaseMs + 1_000);
          await peer.store.release(handover(await claimOne('b'), 'rou_1'));
        },
        claimed: { epoch: 3n, waits: true, on: null },
      },
      {
        state: 'handed over by one whose own wait-out after a death was over',
        reach: async () => {
          await claimOne('a');
          await peer.pass(leaseMs + 1_000);
          const grant = await claimOne('b');
          await peer.pass(waitOutMs + 1_000);
          await peer.store.release(handover(grant));
        },
        claimed: { epoch: 3n, waits: false, on: [] },
      },
      {
        state: 'handed over twice in a row, each time with a write under way',
        reach: async () => {
          await peer.store.release(handover(await claimOne('a'), 'rou_1'));
          await peer.store.release(handover(await claimOne('b'), 'rou_2'));
        },
        claimed: { epoch: 3n, waits: true, on: ['rou_1', 'rou_2'] },
      },
      {
        state: 'left behind by a replica that ended',
        reach: async () => peer.store.leave('a', [handover(await claimOne('a'), 'rou_1')]),
        claimed: { epoch: 2n, waits: true, on: ['rou_1'] },
      },
    ];

    it.each(states)('$state: a claimer finds what is to be found', async ({ reach, claimed }) => {
      await reach();
      const [grant] = await claim('z');
      if (claimed === null) return expect(grant).toBeUndefined();
      expect(grant).toMatchObject({ gatewayId: 'gtw_1', epoch: claimed.epoch, leaseMs, waitOutRouteIds: claimed.on });
      if (!claimed.waits) return expect(grant?.writesInMs).toBe(0);
      expect(grant?.writesInMs).toBeGreaterThan(waitOutMs - 5_000);
      expect(grant?.writesInMs).toBeLessThanOrEqual(waitOutMs + 1); // rows keep whole milliseconds
    });

    it('lets one of two have it who claim at once', async () => {
      await peer.account('gtw_2');
      await peer.account('gtw_3');
      const won = (await Promise.all([claim('a'), claim('b'), claim('c')])).flat();
      expect(won.map((grant) => grant.gatewayId).sort()).toEqual(['gtw_1', 'gtw_2', 'gtw_3']);
    });

    it('gives at most as many as asked for', async () => {
      await peer.account('gtw_2');
      await peer.account('gtw_3');
      expect(await claim('a', 2)).toHaveLength(2);
      expect(await claim('b', 2)).toHaveLength(1);
    });

    it.each<[string, (grant: GatewayGrant) => GatewayFence]>([
      ['an older epoch', (grant) => ({ ...fenceOf(grant), epoch: grant.epoch - 1n })],
      ['another grant', (grant) => ({ ...fenceOf(grant), grantId: '00000000-0000-4000-8000-000000000000' })],
      ['another gateway', (grant) => ({ ...fenceOf(grant), gatewayId: 'gtw_2' })],
    ])('renews and hands over nothing under %s', async (_, stale) => {
      const grant = await claimOne('a');
      expect(await peer.store.renew('a', [stale(grant)], leaseMs)).toEqual([]);
      await peer.store.release(handover(stale(grant)));
      await peer.store.leave('a', [handover(stale(grant))]);
      expect(await claim('b')).toEqual([]);
      expect(await peer.store.renew('a', [grant], leaseMs)).toMatchObject([{ gatewayId: 'gtw_1' }]);
    });

    it('renews nothing of a dead owner once another has it', async () => {
      const old = await claimOne('a');
      await peer.pass(leaseMs + 1_000);
      const grant = await claimOne('b');
      expect(await peer.store.renew('a', [old], leaseMs)).toEqual([]);
      await peer.store.release(handover(old));
      expect(await peer.store.renew('b', [grant], leaseMs)).toHaveLength(1);
    });

    it('renews a lease that ran out while nobody took it', async () => {
      const grant = await claimOne('a');
      await peer.pass(leaseMs + 1_000);
      expect(await peer.store.renew('a', [grant], leaseMs)).toHaveLength(1);
      expect(await claim('b')).toEqual([]);
    });

    it('renews nothing that was handed over', async () => {
      const grant = await claimOne('a');
      await peer.store.release(handover(grant));
      expect(await peer.store.renew('a', [grant], leaseMs)).toEqual([]);
    });

    it('spends of each figure what the most modest of its accounts says, and a default where one says nothing', async () => {
      await peer.account('gtw_1', { modifyPerSecond: 0.5, modifyBurst: 30, readPerSecond: 50, readBurst: 7 });
      const grant = await claimOne('a');
      const budget = { modifyPerSecond: 0.5, modifyBurst: 20, readPerSecond: 5, readBurst: 7 };
      expect(grant.budget).toEqual(budget);
      expect(grant.accountIds).toHaveLength(2);
      await peer.account('gtw_1', { readBurst: 1 });
      const [terms] = await peer.store.renew('a', [grant], leaseMs);
      expect(terms?.budget).toEqual({ ...budget, readBurst: 1 });
      expect(terms?.accountIds).toHaveLength(3);
    });

    it('knows who lives, also those that have none, and what is free', async () => {
      await peer.account('gtw_2');
      expect(await peer.store.spread('a')).toEqual({ owned: { a: 0 }, free: 2, nextEndInMs: null });
      await peer.store.renew('b', [], leaseMs);
      await claim('a', 1);
      expect(await peer.store.spread('a')).toEqual({ owned: { a: 1, b: 0 }, free: 1, nextEndInMs: null });
      const seen = await peer.store.spread('b');
      expect(seen).toMatchObject({ owned: { a: 1, b: 0 }, free: 1 });
      expect(seen.nextEndInMs).toBeGreaterThan(leaseMs - 5_000);
      expect(seen.nextEndInMs).toBeLessThanOrEqual(leaseMs + 1);
    });

    it('counts nobody as living whose lease has ended, nor who has left', async () => {
      await peer.store.renew('a', [], leaseMs);
      await claim('a');
      await peer.pass(leaseMs + 1_000);
      expect(await peer.store.spread('b')).toEqual({ owned: { b: 0 }, free: 1, nextEndInMs: null });
      await peer.store.renew('c', [], leaseMs);
      await peer.store.leave('c', []);
      expect(await peer.store.spread('b')).toMatchObject({ owned: { b: 0 } });
    });
  });
}
