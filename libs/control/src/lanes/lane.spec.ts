import { describe, expect, it, jest } from '@jest/globals';
import { ScriptedLane, deferred, laneWeights, type LaneRow } from '@sluice/testing';
import { ExternalFailure } from '../ports/external-failure.js';
import type { WriteOutcome } from '../ports/load-balancer.js';
import { defaultLaneSettings } from './settings.js';

const fails = (kind: 'transient' | 'terminal', code: string, more: { ambiguous?: boolean; throttled?: boolean } = {}) =>
  new ExternalFailure({ system: 'aws', kind, code, message: `${code}.`, ...more });
const timesOut = () => Promise.reject(fails('transient', 'Timeout', { ambiguous: true }));
const { leaseMs, writeTimeoutMs, leaseMarginMs } = defaultLaneSettings;
const arn = 'arn:route of a';
const half = laneWeights(50, 50);

describe('the last look before a send', () => {
  const cases: readonly {
    readonly sentence: string;
    readonly intent?: Partial<LaneRow>;
    readonly live?: ReturnType<typeof laneWeights>;
    readonly black?: { readonly healthy: number; readonly ageMs: number } | null;
    readonly ends: LaneRow['state'];
    readonly reason?: string;
    readonly writes: number;
  }[] = [
    { sentence: 'sends what was decided over what it was decided on', ends: 'applied', writes: 1 },
    { sentence: 'writes nothing where it is live already', live: half, ends: 'applied', writes: 0 },
    {
      sentence: 'ends a step that was decided on other weights',
      live: laneWeights(70, 30),
      ends: 'superseded',
      reason: 'LiveWeightsDiffer',
      writes: 0,
    },
    {
      sentence: "ends a person's write that was decided on other weights",
      intent: { rolloutId: null, purpose: 'oneOff' },
      live: laneWeights(70, 30),
      ends: 'failed',
      reason: 'LiveWeightsDiffer',
      writes: 0,
    },
    {
      sentence: 'keeps a step whose receiver lost its healthy targets',
      black: { healthy: 0, ageMs: 0 },
      ends: 'pending',
      reason: 'WaitingForHealthyTargets',
      writes: 0,
    },
    {
      sentence: 'keeps a step whose receiver has fewer than the plan wants',
      intent: { minHealthyTargets: 3 },
      ends: 'pending',
      reason: 'WaitingForHealthyTargets',
      writes: 0,
    },
    { sentence: 'keeps a step whose receiver nobody has seen', black: null, ends: 'pending', writes: 0 },
    {
      sentence: 'keeps a step whose receiver was seen longer ago than two periods',
      black: { healthy: 2, ageMs: 10_001 },
      ends: 'pending',
      writes: 0,
    },
    {
      sentence: 'goes by a look that still counts',
      black: { healthy: 2, ageMs: 9_999 },
      ends: 'applied',
      writes: 1,
    },
    {
      sentence: 'sends what a named person forced',
      intent: { forced: { by: 'ops', reason: 'we know' } },
      black: { healthy: 0, ageMs: 0 },
      ends: 'applied',
      writes: 1,
    },
    {
      sentence: "ends a person's write that its receiver isn't fit for",
      intent: { rolloutId: null, purpose: 'oneOff' },
      black: { healthy: 0, ageMs: 0 },
      ends: 'failed',
      reason: 'WaitingForHealthyTargets',
      writes: 0,
    },
  ];
  it.each(cases)('$sentence', async ({ intent, live, black, ends, reason, writes }) => {
    const world = new ScriptedLane();
    if (live) world.live.set(arn, live);
    if (black === null) world.watched.delete('black');
    else if (black) world.watched.set('black', black);
    world.put('a', intent);
    await world.run();
    expect(world.store.row('a')).toMatchObject({ state: ends, ...(reason !== undefined && { reason }) });
    expect(world.writes).toHaveLength(writes);
    expect(world.store.marks).toHaveLength(writes);
  });

  it.each(['cordoned', 'retired'] as const)('keeps share from a cluster that is %s by now', async (word) => {
    const world = new ScriptedLane();
    const row = world.put('a');
    Object.assign(row, { backends: row.backends.map((one) => ({ ...one, [word]: one.name === 'black' })) });
    await world.run();
    expect(world.writes).toEqual([]);
    expect(world.store.row('a').state).not.toBe('applied');
  });

  it('takes no token, reads nothing and marks nothing while it waits for health, and goes on when that is there', async () => {
    const world = new ScriptedLane({ budget: { modifyPerSecond: 1, modifyBurst: 1 } });
    world.watched.set('black', { healthy: 0, ageMs: 0 });
    world.put('a');
    await world.run(6_000);
    expect(world.store.marks).toEqual([]);
    expect(world.reads).toEqual([]);
    world.watched.set('black', { healthy: 2, ageMs: 0 });
    await world.run(2_000);
    expect(world.store.row('a').state).toBe('applied');
  });

  it("lets a person's write wait until the tags of its route are read, rather than refuse what was accepted", async () => {
    const world = new ScriptedLane();
    world.owner = null;
    world.put('a', { purpose: 'oneOff', rolloutId: null });
    await world.run(5_000);
    expect(world.store.row('a')).toMatchObject({ state: 'pending', reason: 'ObservationIsStale' });
    world.owner = { kind: 'unowned' };
    await world.run(2_000);
    expect(world.store.row('a').state).toBe('applied');
  });

  it.each(['attach', 'detach'] as const)(
    'waits for a new route to be read before it will %s, and then does',
    async (purpose) => {
      const world = new ScriptedLane();
      world.owner = null;
      world.put('a', { rolloutId: null, purpose });
      await world.run();
      expect(world.store.row('a')).toMatchObject({ state: 'pending', reason: 'ObservationIsStale' });
      world.owner = { kind: 'unowned' };
      await world.run(2_000);
      expect(world.store.row('a').state).toBe('applied');
    },
  );

  it.each(['covered', 'gone'] as const)('sends nothing that is %s when it is marked', async (said) => {
    const world = new ScriptedLane();
    world.put('a');
    world.store.nextMark = said;
    await world.run();
    expect(world.store.row('a').state).toBe('superseded');
    expect(world.writes).toEqual([]);
  });

  it('resolves a way back on whatever is live when it is sent', async () => {
    const world = new ScriptedLane();
    world.live.set(arn, laneWeights(13, 87));
    world.putBack('a');
    await world.run();
    expect(world.writes.map((write) => write.after)).toEqual([laneWeights(100, 0)]);
  });

  it('sends a way back with unknown health after two seconds, and lists what it passed over', async () => {
    const world = new ScriptedLane();
    world.live.set(arn, half);
    world.watched.clear();
    world.putBack('a');
    await world.run(1_999);
    expect(world.writes).toEqual([]);
    await world.timers.advance(1);
    expect(world.store.row('a')).toMatchObject({ state: 'applied', message: expect.stringContaining('goes on') });
  });

  it('reads health for a way back only where nobody was seen healthy within a minute', async () => {
    const world = new ScriptedLane();
    world.live.set(arn, half);
    world.watched.set('red', { healthy: 1, ageMs: 59_000 });
    world.putBack('a');
    await world.run();
    expect(world.store.row('a').state).toBe('applied');
  });
});

describe('looking for what is to be sent', () => {
  it('is done once for a write that goes well, and again for what had to wait for it', async () => {
    const world = new ScriptedLane();
    await world.run(0);
    const next = jest.spyOn(world.store, 'next');
    world.put('a');
    world.lane.told();
    await world.timers.advance(1_000);
    expect(world.store.row('a').state).toBe('applied');
    expect(next).toHaveBeenCalledTimes(1);
    const held = deferred<void>();
    world.readsWait = held.promise;
    world.put('b');
    world.lane.told();
    await world.timers.advance(0);
    world.put('c', { routeId: world.store.row('b').routeId });
    world.lane.told();
    await world.timers.advance(0);
    held.resolve();
    await world.timers.advance(0);
    expect([world.store.row('b').state, world.store.row('c').state]).toEqual(['applied', 'applied']);
  });
});

describe('the lease of a lane', () => {
  it('that has run out sends nothing', async () => {
    const world = new ScriptedLane();
    world.put('a');
    await world.timers.advance(leaseMs);
    await world.run(1_000);
    expect(world.lane.isHeld).toBe(false);
    expect(world.reads).toEqual([]);
    expect(world.writes).toEqual([]);
  });

  it('that runs out between the read and the send marks nothing', async () => {
    const world = new ScriptedLane();
    const { promise, resolve } = deferred();
    world.readsWait = promise;
    world.put('a');
    await world.run(leaseMs - leaseMarginMs);
    resolve();
    await world.timers.advance(0);
    expect(world.store.marks).toEqual([]);
    expect(world.store.row('a').state).toBe('pending');
  });

  it('that runs out while Postgres marks it keeps the bytes back, and puts it back', async () => {
    const world = new ScriptedLane();
    world.put('a');
    world.store.onMarked = () => void world.lane.renewed(world.timers.now() - leaseMs, leaseMs, budget);
    await world.run();
    expect(world.store.marks).toHaveLength(1);
    expect(world.writes).toEqual([]);
    expect(world.store.row('a')).toMatchObject({ state: 'pending', reason: 'LeaseEnding' });
  });

  it('bounds how long a call may take', async () => {
    const world = new ScriptedLane();
    const leasedAt = world.timers.now();
    await world.timers.advance(leaseMs - leaseMarginMs - 1_234);
    world.put('a');
    await world.run();
    expect(world.writes[0]?.timeoutMs).toBe(1_234);
    // as an instant, too: who is stopped after this doesn't take what is left for what is left then
    expect(world.writes[0]?.sendBefore).toBe(leasedAt + leaseMs - leaseMarginMs);
    expect(world.store.marks[0]?.deadlineMs).toBe(1_234);
    const fresh = new ScriptedLane();
    fresh.put('a');
    await fresh.run();
    expect(fresh.writes[0]?.timeoutMs).toBe(writeTimeoutMs);
  });

  it('goes on with a renewal, counted from when it was asked', async () => {
    const world = new ScriptedLane();
    await world.timers.advance(leaseMs - 1);
    world.lane.renewed(world.timers.now() - 100, leaseMs, budget);
    await world.timers.advance(leaseMs - 101);
    expect(world.lane.isHeld).toBe(true);
    await world.timers.advance(1);
    expect(world.lane.isHeld).toBe(false);
  });

  it('begins with the wait-out of a dead owner: nothing is sent or settled before it', async () => {
    const world = new ScriptedLane({ grant: { writesInMs: 5_000, waitOutRouteIds: null } });
    world.put('a');
    world.put('orphan', { state: 'sent' });
    await world.run(4_999);
    expect([world.writes.length, world.reads.length]).toEqual([0, 0]);
    await world.timers.advance(1);
    expect(world.writes.map((write) => write.routeArn)).toContain(arn);
    expect(world.store.row('orphan').state).not.toBe('sent');
  });

  it('begins with the wait-out of those routes alone that the last owner named', async () => {
    const world = new ScriptedLane({
      grant: { writesInMs: 5_000, waitOutRouteIds: ['route of b', 'route of orphan'] },
    });
    world.put('a');
    world.put('b');
    world.put('orphan', { state: 'sent' });
    await world.run(4_999);
    expect(world.writes.map((write) => write.routeArn)).toEqual([arn]);
    expect(world.store.row('orphan').state).toBe('sent');
    await world.timers.advance(1);
    expect(world.store.rows.map((row) => row.state)).toEqual(['applied', 'applied', 'applied']);
  });

  it('that is given back begins nothing more, and what is in flight is waited for', async () => {
    const world = new ScriptedLane();
    const { promise, resolve } = deferred<WriteOutcome>();
    world.answers.push(() => promise);
    world.put('a');
    await world.run();
    expect(world.lane.inFlightRouteIds()).toEqual(['route of a']);
    let isClosed = false;
    const closing = world.lane.close().then(() => (isClosed = true));
    world.put('b');
    await world.run(1_000);
    expect([isClosed, world.writes.length]).toEqual([false, 1]);
    resolve({ verified: true, unverified: null, live: null, requestId: null });
    await closing;
    expect(world.store.row('a').state).toBe('applied');
  });
});

const budget = { modifyPerSecond: 50, modifyBurst: 50, readPerSecond: 50, readBurst: 50 };

describe('the budget of a lane', () => {
  const many = (world: ScriptedLane, count: number) => {
    for (let i = 0; i < count; i += 1) world.put(`step ${String(i)}`);
  };

  it('lets through what it gives: a burst less the reserve, then its rate', async () => {
    const world = new ScriptedLane({ budget: { modifyPerSecond: 2, modifyBurst: 10 }, settings: { concurrency: 100 } });
    many(world, 12);
    await world.run();
    expect(world.writes).toHaveLength(5);
    await world.timers.advance(1_000);
    expect(world.writes).toHaveLength(7);
    await world.timers.advance(2_000);
    expect(world.writes.length).toBeLessThanOrEqual(11);
  });

  it('keeps the reserve for emergencies, which go at once', async () => {
    const world = new ScriptedLane({ budget: { modifyPerSecond: 1, modifyBurst: 10 }, settings: { concurrency: 100 } });
    many(world, 12);
    await world.run();
    world.live.set('arn:route of back', half);
    world.putBack('back');
    await world.run();
    expect(world.store.row('back').state).toBe('applied');
    expect(world.writes.at(-1)?.routeArn).toBe('arn:route of back');
  });

  it('lets steps that hang take no emergency its place', async () => {
    const world = new ScriptedLane({ settings: { concurrency: 2 } });
    world.answers.push(
      () => new Promise(() => undefined),
      () => new Promise(() => undefined),
    );
    many(world, 3);
    await world.run();
    expect(world.writes).toHaveLength(2);
    world.live.set('arn:route of back', half);
    world.putBack('back');
    await world.run();
    expect(world.store.row('back').state).toBe('applied');
    expect(world.writes).toHaveLength(3);
  });

  it('slows down after a throttle, and sends the same intent again', async () => {
    const world = new ScriptedLane();
    world.answers.push(() => Promise.reject(fails('transient', 'Throttling', { throttled: true })));
    world.put('a');
    await world.run();
    expect(world.store.row('a')).toMatchObject({ state: 'pending', reason: 'Throttling' });
    await world.timers.advance(1_000);
    expect(world.store.row('a')).toMatchObject({ state: 'applied', attempts: 2 });
  });

  it('is one read for the routes of several sends', async () => {
    const world = new ScriptedLane();
    many(world, 4);
    await world.run();
    expect(world.reads).toHaveLength(1);
    expect(world.reads[0]?.arns).toHaveLength(4);
    expect(world.writes).toHaveLength(4);
  });
});

describe('a write whose outcome nobody knows', () => {
  it('is applied when a read that began after its socket closed shows it, without another write', async () => {
    const world = new ScriptedLane();
    world.answers.push((apply) => {
      apply();
      return timesOut();
    });
    world.put('a');
    await world.timers.advance(100);
    await world.run();
    expect(world.store.row('a').state).toBe('applied');
    expect(world.writes).toHaveLength(1);
    expect(world.reads.at(-1)?.notBefore).toBe(100);
  });

  it('is looked for again after as long as a write may take, and applied when it comes late', async () => {
    const world = new ScriptedLane();
    let land = (): void => undefined;
    world.answers.push((apply) => {
      land = apply;
      return timesOut();
    });
    world.put('a');
    await world.run(writeTimeoutMs - 1);
    expect(world.store.row('a').state).toBe('sent');
    land();
    await world.timers.advance(1);
    expect(world.store.row('a').state).toBe('applied');
    expect(world.writes).toHaveLength(1);
  });

  it('is sent again when it shows after that that nothing happened', async () => {
    const world = new ScriptedLane();
    world.answers.push(timesOut);
    world.put('a');
    await world.run(writeTimeoutMs);
    await world.run();
    expect(world.store.row('a')).toMatchObject({ state: 'applied', attempts: 2 });
    expect(world.writes).toHaveLength(2);
  });

  it('is not sent again when something newer covers it', async () => {
    const world = new ScriptedLane();
    world.answers.push(timesOut);
    const row = world.put('a');
    world.store.onMarked = () => void (row.covered = true);
    await world.run(writeTimeoutMs + 1_000);
    expect(world.store.row('a').state).toBe('superseded');
    expect(world.writes).toHaveLength(1);
  });

  it('fails when something else stands there', async () => {
    const world = new ScriptedLane();
    world.answers.push(() => {
      world.live.set(arn, laneWeights(1, 99));
      return timesOut();
    });
    world.put('a');
    await world.run(writeTimeoutMs);
    expect(world.store.row('a')).toMatchObject({ state: 'failed', reason: 'LiveWeightsDiffer' });
  });

  it('is unknown, and says why, when it cannot be read back', async () => {
    const world = new ScriptedLane();
    world.answers.push(() => {
      world.reading.set(arn, fails('terminal', 'AccessDenied'));
      return timesOut();
    });
    world.put('a');
    await world.run();
    expect(world.store.row('a')).toMatchObject({
      state: 'failed',
      reason: 'OutcomeUnknown',
      message: expect.stringContaining('AccessDenied'),
    });
  });

  it('keeps a way back only until its socket is closed, not until it is settled', async () => {
    const world = new ScriptedLane();
    const { promise, resolve } = deferred();
    let land = (): void => undefined;
    world.answers.push(async (apply) => {
      land = apply;
      await promise;
      return timesOut();
    });
    const step = world.put('a');
    await world.run();
    step.covered = true;
    world.putBack('back', { routeId: step.routeId, routeArn: step.routeArn });
    await world.run(1_000);
    expect(world.writes).toHaveLength(1);
    resolve();
    await world.timers.advance(0);
    expect(world.writes.map((write) => write.after)).toEqual([half, laneWeights(100, 0)]);
    expect(world.store.row('back').state).toBe('applied');
    expect(world.reads.at(-1)?.notBefore).toBe(1_000);
    land();
    await world.timers.advance(writeTimeoutMs);
    expect(world.store.row('a').state).toBe('applied'); // late: the store sees that a newer one explains the route
  });

  it('is broken off at its socket when something newer covers it, and is read back', async () => {
    const world = new ScriptedLane();
    world.answers.push(
      (_apply, signal) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(fails('transient', 'Aborted', { ambiguous: true }))),
        ),
    );
    const step = world.put('a');
    world.put('b');
    await world.run();
    world.lane.told();
    await world.timers.advance(0);
    expect(world.store.row('a').state).toBe('sent');
    step.covered = true;
    world.putBack('back', { routeId: step.routeId, routeArn: step.routeArn });
    world.lane.told();
    await world.timers.advance(0);
    expect(world.store.row('back').state).toBe('applied');
    await world.timers.advance(writeTimeoutMs);
    expect(world.store.row('a').state).toBe('superseded');
  });

  it('of a clean refusal is none: it failed', async () => {
    const world = new ScriptedLane();
    world.answers.push(() => Promise.reject(fails('terminal', 'AccessDenied')));
    world.put('a');
    await world.run();
    expect(world.store.row('a')).toMatchObject({ state: 'failed', reason: 'AccessDenied' });
    expect(world.reads).toHaveLength(1);
  });

  it('of a reply that differs is read back', async () => {
    const world = new ScriptedLane();
    world.answers.push(async (apply) => {
      apply();
      return { verified: false, unverified: 'a weight is missing', live: null, requestId: null };
    });
    world.put('a');
    await world.run();
    expect(world.store.row('a')).toMatchObject({
      state: 'applied',
      message: expect.stringContaining('a weight is missing'),
    });
  });
});

describe('what was sent by nobody who waits for it', () => {
  it.each([
    ['what was sent', half, false, 'applied', 0],
    ['what stood before', laneWeights(100, 0), false, 'applied', 1],
    ['what stood before, and something newer covers it', laneWeights(100, 0), true, 'superseded', 0],
    ['something else', laneWeights(2, 98), false, 'failed', 0],
  ] as const)('is settled by reading: %s', async (_sentence, live, covered, state, writes) => {
    const world = new ScriptedLane();
    world.put('a', { state: 'sent', covered });
    world.live.set(arn, live);
    await world.run();
    expect(world.store.row('a').state).toBe(state);
    expect(world.writes).toHaveLength(writes);
  });

  it('holds up its own route alone while it cannot be read, and says so', async () => {
    const world = new ScriptedLane({ settings: { pollMs: 100 } });
    world.put('orphan', { state: 'sent' });
    world.reading.set('arn:route of orphan', fails('transient', 'InternalFailure'));
    world.put('a');
    world.live.set('arn:route of back', half);
    world.putBack('back');
    await world.run();
    expect(world.store.rows.map((row) => row.state)).toEqual(['sent', 'applied', 'applied']);
    expect(world.store.row('orphan').message).toContain("can't be read back");
    world.reading.clear();
    await world.timers.advance(100);
    expect(world.store.row('orphan').state).toBe('applied');
  });

  it('is found again when a call of its own broke off', async () => {
    const world = new ScriptedLane();
    let dies = true;
    world.crash = (point) => {
      if (point !== 'afterWrite' || !dies) return;
      dies = false;
      throw new Error('connection lost');
    };
    world.put('a');
    await world.run();
    expect(world.store.row('a').state).toBe('applied');
    expect(world.writes).toHaveLength(1);
  });
});

describe('an emergency where AWS refuses to be read', () => {
  const refused = (kind: 'transient' | 'terminal') => {
    const world = new ScriptedLane();
    world.live.set(arn, half);
    world.stored.set(arn, { weights: half, ageMs: 42_000 });
    world.reading.set(arn, fails(kind, kind === 'terminal' ? 'AccessDenied' : 'ServiceUnavailable'));
    return world;
  };

  it('builds on what is stored after three seconds, and says how old that is', async () => {
    const world = refused('transient');
    world.putBack('a');
    await world.run(2_999);
    expect(world.writes).toEqual([]);
    await world.timers.advance(1);
    expect(world.store.row('a')).toMatchObject({ state: 'applied', message: expect.stringContaining('42 s') });
    expect(world.has(arn, laneWeights(100, 0))).toBe(true);
  });

  it('does so at once where asking again would not help', async () => {
    const world = refused('terminal');
    world.putBack('a');
    await world.run();
    expect(world.store.row('a').state).toBe('applied');
  });

  it('is nobody else: a step waits, or ends', async () => {
    const world = refused('transient');
    world.put('a', { before: half, after: laneWeights(0, 100) });
    await world.run(200);
    expect(world.store.row('a')).toMatchObject({ state: 'pending', reason: 'ServiceUnavailable' });
    expect(world.writes).toEqual([]);
    const denied = refused('terminal');
    denied.put('a', { before: half, after: laneWeights(0, 100) });
    await denied.run();
    expect(denied.store.row('a')).toMatchObject({ state: 'failed', reason: 'AccessDenied' });
  });

  it('waits for credentials that cannot be had, where a step ends', async () => {
    const world = new ScriptedLane();
    world.live.set('arn:route of back', half);
    let isReachable = false;
    world.access = async () => {
      if (!isReachable) throw Object.assign(new Error('the key is gone'), { reason: 'CredentialsUnreadable' });
    };
    world.put('a');
    world.putBack('back');
    await world.run();
    expect(world.store.row('a')).toMatchObject({ state: 'failed', reason: 'CredentialsUnreadable' });
    expect(world.store.row('back')).toMatchObject({ state: 'pending', reason: 'CredentialsUnreadable' });
    isReachable = true;
    await world.timers.advance(1_000);
    expect(world.store.row('back').state).toBe('applied');
  });
});
