import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualTimers, deferred } from '@sluice/testing';
import { Gateway } from './gateway.js';

const use = () => ({ perSecond: 0, allowedPerSecond: 5, tokens: 20 });
const budget = { modifyPerSecond: 3, modifyBurst: 20, readPerSecond: 5, readBurst: 20 };

describe('a gateway that was just claimed', () => {
  const timers = new ManualTimers();
  let told: string[];
  let starts: ReturnType<typeof deferred<void>>[];
  let gateway: Gateway;

  beforeEach(() => {
    told = [];
    starts = [];
    const start = () => {
      starts.push(deferred<void>());
      return starts.at(-1)!.promise;
    };
    gateway = new Gateway({
      fence: { gatewayId: 'gtw_1', epoch: 1n, grantId: 'g' },
      lane: {
        wake: () => void told.push('wake'),
        told: () => void told.push('wake'),
        renewed: () => void told.push('renewed'),
        inFlightRouteIds: () => [],
        hasOpenEmergency: () => false,
        close: async () => undefined,
      },
      reader: {
        start,
        stop: async () => undefined,
        wantsChanged: () => undefined,
        retryNow: () => undefined,
        lookEveryMs: 30_000,
      },
      reads: { configure: () => undefined, close: () => undefined, use },
      bucket: { use },
      timers,
      log: { info: () => undefined, warn: () => undefined },
      onClosed: () => undefined,
    });
    gateway.open();
  });

  it('sends nothing before it knows what is stored: the writes of persons would fail for want of it', async () => {
    gateway.wake();
    gateway.renewed(0, 10_000, budget);
    await timers.advance(0);
    expect(told).toEqual(['renewed']);
    starts[0]!.resolve();
    await timers.advance(0);
    expect(told).toEqual(['renewed', 'wake']);
  });

  it('sends all the same where that cannot be read: a rollback goes on what is read for it, and reading is tried again', async () => {
    starts[0]!.reject(new Error('statement timeout'));
    await timers.advance(0);
    expect(told).toEqual(['wake']);
    await timers.advance(1_000);
    expect(starts).toHaveLength(2);
  });
});
