import { describe, expect, it } from '@jest/globals';
import { defaultApiBudget } from '../resources/types.js';
import { ApiBucket } from './api-bucket.js';
import type { Intent } from './intent.js';
import { IntentExecutor } from './intent-executor.js';
import { Lane } from './lane.js';
import { LaneStore } from './lane-store.js';
import { defaultLaneSettings } from './settings.js';

/** A promise and how to end it. */
function event() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

const intent = (id: string): Intent => ({
  id,
  accountId: 'acc_1',
  rolloutId: null,
  routeId: `rte_${id}`,
  routeArn: id,
  purpose: 'step',
  state: 'pending',
  before: [],
  after: [],
  pinned: [],
  backends: [],
  minHealthyTargets: 1,
  maxFactAgeMs: 1_000,
  forced: null,
  attempts: 0,
  covered: false,
});

/** Hands out two intents, and answers the second look for orphans only when told. */
class TwoIntents extends LaneStore {
  readonly looks: (readonly string[])[] = [];
  readonly secondLook = event();
  readonly looking = event();
  readonly thirdLook = event();
  private readonly waiting = [intent('a'), intent('b')];
  claim = () => Promise.resolve([]);
  renew = () => Promise.resolve([]);
  release = () => Promise.resolve();
  async orphans(_fence: unknown, inFlightIds: readonly string[]): Promise<readonly Intent[]> {
    this.looks.push(inFlightIds);
    if (this.looks.length === 2) {
      this.looking.resolve();
      await this.secondLook.promise;
    }
    if (this.looks.length === 3) this.thirdLook.resolve();
    return [];
  }
  next = () => {
    const found = this.waiting.shift();
    return Promise.resolve(found ? { intent: found } : null);
  };
  markSent = () => Promise.resolve(true);
  putBack = () => Promise.resolve(true);
  remark = () => Promise.resolve();
  settle = () => Promise.resolve(true);
}

describe('a lane', () => {
  it('looks again for writes of its own that broke off while it was looking for others', async () => {
    const store = new TwoIntents();
    const breaks: Record<string, () => void> = {};
    const executor = new (class extends IntentExecutor {
      override execute = (_fence: unknown, _access: unknown, { id }: Intent) =>
        new Promise<void>((_resolve, reject) => (breaks[id] = () => reject(new Error('connection lost'))));
    })({ store, loadBalancer: undefined as never, bucket: undefined as never, writeTimeoutMs: 1_000 });
    const grant = {
      accountId: 'acc_1',
      epoch: 1n,
      grantId: 'g',
      leaseMs: 60_000,
      writesInMs: 0,
      apiBudget: { ...defaultApiBudget, modifyPerSecond: 50, modifyBurst: 50 },
    };
    const lane = new Lane(grant, performance.now(), {
      store,
      executor,
      bucket: new ApiBucket(() => performance.now()),
      access: () => Promise.resolve({ accountId: 'acc_1', region: 'r', endpoint: null, credentials: null, role: null }),
      settings: { ...defaultLaneSettings, pollMs: 20 },
      log: { info: () => undefined, warn: () => undefined },
    });
    lane.wake();
    while (!breaks.b) await new Promise((resolve) => setImmediate(resolve));
    breaks.a?.();
    await store.looking.promise;
    breaks.b();
    await new Promise((resolve) => setImmediate(resolve));
    store.secondLook.resolve();
    await store.thirdLook.promise;
    await lane.close();
    expect(store.looks).toEqual([[], ['b'], []]);
  });
});
