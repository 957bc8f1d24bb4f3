import { beforeEach, describe, expect, it } from '@jest/globals';
import { InMemoryGatewayStore, ManualTimers } from '@sluice/testing';
import type { GatewayBudget, GatewayGrant } from '../ports/gateway-store.js';
import { Signals } from '../rollouts/rollout-store.js';
import { Gateways, type GatewaySettings, type OwnedGateway } from './gateways.js';

const settings: GatewaySettings = {
  leaseMs: 9_000,
  writeTimeoutMs: 5_000,
  leaseMarginMs: 500,
  moveEveryMs: 60_000,
  leaveWithinMs: 1_000,
  pollMs: 1_000,
};

/** Notifications that arrive at once. */
class DirectSignals extends Signals {
  private readonly listeners = new Set<{ topic: string; listener: (payload: string) => void }>();
  on(topic: string, listener: (payload: string) => void): () => void {
    const one = { topic, listener };
    this.listeners.add(one);
    return () => this.listeners.delete(one);
  }
  tell(topic: string, payload = ''): void {
    for (const one of this.listeners) if (one.topic === topic) one.listener(payload);
  }
}

const unspent = { perSecond: 0, allowedPerSecond: 5, tokens: 20 };

class FakeGateway implements OwnedGateway {
  inFlight: string[] = [];
  emergency = false;
  closed = false;
  woken = 0;
  renewals: { requestedAt: number; budget: GatewayBudget }[] = [];
  endCalls: () => void = () => undefined;
  /** Set: closing waits until `endCalls`. */
  hangs = false;
  constructor(readonly fence: GatewayGrant) {}
  renewed(requestedAt: number, _leaseMs: number, budget: GatewayBudget): void {
    this.renewals.push({ requestedAt, budget });
  }
  inFlightRouteIds = () => this.inFlight;
  hasOpenEmergency = () => this.emergency;
  spending = () => ({ reads: unspent, writes: unspent, lookEveryMs: 30_000 });
  close(): Promise<void> {
    this.closed = true;
    return this.hangs ? new Promise((resolve) => (this.endCalls = resolve)) : Promise.resolve();
  }
  wake(): void {
    this.woken += 1;
  }
}

describe('the gateways of a replica', () => {
  let timers: ManualTimers;
  let store: InMemoryGatewayStore;
  let signals: DirectSignals;
  const made: FakeGateway[] = [];
  const logged: string[] = [];
  const busy = new Set<string>();
  let polls = 0;

  beforeEach(() => {
    timers = new ManualTimers();
    store = new InMemoryGatewayStore(() => timers.now());
    signals = new DirectSignals();
    store.told = () => signals.tell('gateways');
    made.length = 0;
    logged.length = 0;
    busy.clear();
    polls = 0;
  });

  const seed = (count: number) => {
    for (let i = 1; i <= count; i += 1) store.account(`gtw_${i}`);
  };
  const replica = (owner: string) =>
    new Gateways({
      owner,
      store,
      busy: async (gatewayIds) => {
        polls += 1;
        return gatewayIds.filter((id) => busy.has(id));
      },
      signals,
      timers,
      settings,
      log: { info: (message) => void logged.push(message), warn: (message) => void logged.push(message) },
      create: (grant) => {
        const gateway = new FakeGateway(grant);
        made.push(gateway);
        return gateway;
      },
    });
  const started = async (owner: string) => {
    const one = replica(owner);
    await one.start();
    return one;
  };
  /** Ends it as kill -9 would: nothing of it runs any more, nothing is handed over. */
  const kill = async (one: Gateways) => {
    store.failing = new Error('killed');
    await one.stop();
    store.failing = null;
  };
  const owned = async () => (await store.spread('observer')).owned;
  const live = () => made.filter((gateway) => !gateway.closed);
  const gateway = (id: string) => {
    const one = live().find(({ fence }) => fence.gatewayId === id);
    if (!one) throw new Error(`nobody works on ${id}`);
    return one;
  };

  it('are all there are for one that lives alone, at its start', async () => {
    seed(3);
    const a = await started('a');
    expect(await owned()).toMatchObject({ a: 3 });
    expect(a.isHeld('gtw_1')).toBe(true);
    expect(a.heldAccountIds).toHaveLength(3);
    expect(made.map((one) => one.woken)).toEqual([1, 1, 1]);
  });

  it('are woken within a second where writes wait, and left alone elsewhere: one question for all', async () => {
    seed(20);
    await started('a');
    busy.add('gtw_2');
    const before = new Map(made.map((one) => [one, one.woken]));
    polls = 0;
    await timers.advance(1_010);
    const woken = made.filter((one) => one.woken > before.get(one)!);
    expect(woken.map(({ fence }) => fence.gatewayId)).toEqual(['gtw_2']);
    expect(polls).toBe(1);
  });

  it('stay its own while it renews them, with the budget of the day', async () => {
    seed(1);
    const a = await started('a');
    store.account('gtw_1', { modifyPerSecond: 1 });
    await timers.advance(60_000);
    expect(await owned()).toMatchObject({ a: 1 });
    expect(made).toHaveLength(1);
    expect(a.isHeld('gtw_1')).toBe(true);
    expect(made[0]!.renewals.length).toBeGreaterThanOrEqual(20);
    expect(made[0]!.renewals.at(-1)!.budget.modifyPerSecond).toBe(1);
    expect(a.heldAccountIds).toHaveLength(2);
  });

  it('are claimed at once when it is told that one is free', async () => {
    await started('a');
    store.account('gtw_1');
    signals.tell('gateways');
    await timers.advance(0);
    expect(await owned()).toMatchObject({ a: 1 });
  });

  it('are claimed within half a lease when nobody tells', async () => {
    await started('a');
    store.account('gtw_1');
    await timers.advance(settings.leaseMs / 2);
    expect(await owned()).toMatchObject({ a: 1 });
  });

  it('are held no more from the margin before the end of the last lease that was confirmed, whoever is or is not reached', async () => {
    seed(1);
    const a = await started('a');
    store.failing = new Error('no database');
    await timers.advance(settings.leaseMs - settings.leaseMarginMs - 1);
    expect(a.isHeld('gtw_1')).toBe(true);
    await timers.advance(1);
    expect(a.isHeld('gtw_1')).toBe(false);
    expect(a.heldAccountIds).toEqual([]);
  });

  it('are held again when the database is back and nobody took them', async () => {
    seed(1);
    const a = await started('a');
    store.failing = new Error('no database');
    await timers.advance(2 * settings.leaseMs);
    expect(a.isHeld('gtw_1')).toBe(false);
    store.failing = null;
    await timers.advance(settings.leaseMs / 2);
    expect(a.isHeld('gtw_1')).toBe(true);
    expect(live()).toHaveLength(1);
  });

  it('are held from when a renewal was asked for, not from when its answer came', async () => {
    seed(1);
    const a = await started('a');
    const renew = store.renew.bind(store);
    store.renew = (...all) => {
      store.renew = () => new Promise(() => undefined);
      return new Promise((resolve, reject) => void timers.after(4_000, () => void renew(...all).then(resolve, reject)));
    };
    await timers.advance(settings.leaseMs / 3 + 4_000); // asked for at a third of the lease
    await timers.advance(settings.leaseMs - settings.leaseMarginMs - 4_000 - 1);
    expect(a.isHeld('gtw_1')).toBe(true);
    await timers.advance(1);
    expect(a.isHeld('gtw_1')).toBe(false);
  });

  it('that it claims anew, because its lease ran out, are no more worked on under the older grant', async () => {
    seed(1);
    const a = await started('a');
    store.renew = () => Promise.reject(new Error('renewals do not get through'));
    await timers.advance(settings.leaseMs + settings.leaseMs / 2);
    expect(made.map((one) => [one.fence.epoch, one.closed])).toEqual([
      [1n, true],
      [2n, false],
    ]);
    expect(a.isHeld('gtw_1')).toBe(true);
  });

  it('that are handed over while a renewal is under way are not lost', async () => {
    seed(2);
    await started('a');
    const renew = store.renew.bind(store);
    let answer: () => void = () => undefined;
    store.renew = async (...all) => {
      if (all[0] === 'a') await new Promise<void>((resolve) => (answer = resolve));
      return renew(...all);
    };
    await timers.advance(settings.leaseMs / 3);
    await started('b');
    await timers.advance(settings.leaseMs / 6);
    expect(await owned()).toMatchObject({ a: 1, b: 1 });
    answer();
    await timers.advance(0);
    expect(logged.filter((message) => message.startsWith('gateway lost'))).toEqual([]);
  });

  it('are given up, and their calls not waited for, when another has them', async () => {
    seed(2);
    const a = await started('a');
    gateway('gtw_1').hangs = true;
    const [mine] = made;
    store.failing = new Error('no database');
    await timers.advance(2 * settings.leaseMs);
    store.failing = null;
    await store.claim('thief', settings.leaseMs, 0, 1);
    await timers.advance(settings.leaseMs / 2);
    expect(mine!.closed).toBe(true);
    expect(a.isHeld('gtw_1')).toBe(false);
    expect(a.isHeld('gtw_2')).toBe(true);
    expect(logged).toContain('gateway lost: another replica owns it, or no account stands on it any more');
    await timers.advance(60_000);
    expect(a.isHeld('gtw_2')).toBe(true);
  });

  it('go evenly to replicas that come one after the other, one a minute, and then rest', async () => {
    seed(6);
    await started('a');
    await started('b');
    expect(await owned()).toMatchObject({ a: 6, b: 0 });
    await timers.advance(10_000);
    expect(await owned()).toMatchObject({ a: 5, b: 1 });
    await timers.advance(49_000);
    expect(await owned()).toMatchObject({ a: 5, b: 1 });
    await timers.advance(80_000);
    expect(await owned()).toMatchObject({ a: 3, b: 3 });
    const before = made.length;
    await timers.advance(600_000);
    expect(made).toHaveLength(before);
  });

  it('are not moved while the difference is one', async () => {
    seed(1);
    await started('a');
    await started('b');
    await timers.advance(300_000);
    expect(made).toHaveLength(1);
  });

  it('are not moved while an emergency is open there, and one without a write under way goes first', async () => {
    seed(3);
    await started('a');
    for (const one of made) one.emergency = true;
    await started('b');
    await timers.advance(120_000);
    expect(await owned()).toMatchObject({ a: 3, b: 0 });
    gateway('gtw_2').emergency = false;
    gateway('gtw_2').inFlight = ['rou_1'];
    gateway('gtw_3').emergency = false;
    await timers.advance(settings.leaseMs);
    expect(made.at(-1)!.fence).toMatchObject({ gatewayId: 'gtw_3', waitOutRouteIds: [], writesInMs: 0 });
  });

  it('are taken over at once from one that stops, with what was under way, and its calls end by themselves', async () => {
    seed(4);
    const a = await started('a');
    const b = await started('b');
    gateway('gtw_1').inFlight = ['rou_7'];
    gateway('gtw_1').hangs = true;
    const [hanging] = made;
    const stopped = a.stop();
    await timers.advance(0);
    expect(await owned()).toEqual({ observer: 0, b: 4 });
    expect(gateway('gtw_1').fence).toMatchObject({ waitOutRouteIds: ['rou_7'], writesInMs: settings.writeTimeoutMs });
    expect(gateway('gtw_2').fence).toMatchObject({ waitOutRouteIds: [], writesInMs: 0 });
    expect(b.isHeld('gtw_1')).toBe(true);
    expect(a.isHeld('gtw_1')).toBe(false);
    hanging!.endCalls();
    await stopped;
  });

  it('are left to the end of their leases by one that stops without a database, which does not wait longer than a second for it', async () => {
    seed(1);
    const a = await started('a');
    store.leave = () => new Promise(() => undefined);
    let ended = false;
    void a.stop().then(() => (ended = true));
    await timers.advance(settings.leaveWithinMs - 1);
    expect(ended).toBe(false);
    await timers.advance(1);
    expect(ended).toBe(true);
    expect(made[0]!.closed).toBe(true);
  });

  it('of one that stops while it claims go back', async () => {
    seed(2);
    const a = replica('a');
    const starting = a.start();
    const stopping = a.stop();
    await Promise.all([starting, stopping]);
    expect(await owned()).toEqual({ observer: 0 });
    expect(live()).toEqual([]);
  });

  it('of a dead one are taken when its lease ends, not at some look after it, and their writes wait', async () => {
    seed(4);
    const a = await started('a');
    await started('b');
    await timers.advance(10_000);
    await kill(a);
    const died = timers.now();
    await timers.advance(settings.leaseMs + settings.leaseMs / 20);
    expect(timers.now() - died).toBeLessThan(1.1 * settings.leaseMs);
    expect(await owned()).toMatchObject({ b: 4 });
    expect(made.at(-1)!.fence).toMatchObject({ waitOutRouteIds: null, writesInMs: settings.writeTimeoutMs });
  });

  it('that another living replica should take and does not are taken after half a lease', async () => {
    await started('b');
    await store.renew('a', [], 3_600_000);
    store.account('gtw_1');
    signals.tell('gateways');
    await timers.advance(0);
    expect(await owned()).toMatchObject({ a: 0, b: 0 });
    await timers.advance(settings.leaseMs);
    expect(await owned()).toMatchObject({ a: 0, b: 1 });
  });

  it('are woken when there is something to write', async () => {
    seed(2);
    await started('a');
    signals.tell('intents', 'gtw_2');
    expect([gateway('gtw_1').woken, gateway('gtw_2').woken]).toEqual([1, 2]);
    signals.tell('intents', '');
    expect([gateway('gtw_1').woken, gateway('gtw_2').woken]).toEqual([2, 3]);
  });

  it('cost an idle replica a handful of statements a lease', async () => {
    seed(1);
    await started('a');
    let statements = 0;
    const [spread, renew] = [store.spread.bind(store), store.renew.bind(store)];
    store.spread = (owner) => ((statements += 1), spread(owner));
    store.renew = (...all) => ((statements += 1), renew(...all));
    await timers.advance(10 * settings.leaseMs);
    expect(statements).toBeLessThanOrEqual(51);
  });
});
