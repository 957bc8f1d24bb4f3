import { describe, it, expect, beforeEach } from '@jest/globals';
import type { ReadPriority } from '@sluice/domain';
import { ManualTimers } from '@sluice/testing';
import { ReadBudget } from './read-budget.js';

const budget = { modifyPerSecond: 3, modifyBurst: 20, readPerSecond: 5, readBurst: 20 };

let timers: ManualTimers;
let reads: ReadBudget;
/** Who was let through, in order. */
let through: string[];

beforeEach(() => {
  timers = new ManualTimers();
  reads = new ReadBudget(timers, budget);
  through = [];
});

function ask(count: number, priority: ReadPriority, accountId = 'acc_1'): void {
  for (let i = 0; i < count; i++)
    void reads.take(priority, accountId).then(() => through.push(`${priority} ${accountId}`));
}

const times = (name: string) => through.filter((one) => one === name).length;

describe('the read budget of a gateway', () => {
  it('lets its burst through at once, then keeps the rate, and holds no timer when nobody waits', async () => {
    ask(25, 'watch');
    await timers.advance(0);
    expect(through).toHaveLength(15);
    await timers.advance(1_000);
    expect(through).toHaveLength(20);
    await timers.advance(1_000);
    expect(through).toHaveLength(25);
    expect(timers.nextInMs).toBeNull();
  });

  it('lets an emergency pass everybody who waits, on the reserve', async () => {
    ask(50, 'watch');
    ask(50, 'send');
    await timers.advance(0);
    ask(5, 'emergency');
    await timers.advance(0);
    expect(times('emergency acc_1')).toBe(5);
  });

  it('leaves two of five reads to watching while sends queue up, and fresh reads come last', async () => {
    ask(1, 'fresh');
    ask(15, 'watch');
    await timers.advance(0);
    through = [];
    ask(100, 'send');
    ask(100, 'watch');
    ask(3, 'fresh');
    await timers.advance(10_000);
    expect(through).toHaveLength(50);
    expect(times('watch acc_1')).toBeGreaterThanOrEqual(20);
    expect(times('fresh acc_1')).toBe(0);
  });

  it('lets accounts take turns, however many reads one of them asks for', async () => {
    ask(15, 'watch');
    await timers.advance(0);
    through = [];
    ask(100, 'watch', 'acc_big');
    ask(10, 'watch', 'acc_small');
    await timers.advance(4_000);
    expect(times('watch acc_small')).toBe(10);
    expect(times('watch acc_big')).toBe(10);
  });

  it('slows down when AWS throttles, and comes back with what succeeds', async () => {
    ask(15, 'watch');
    await timers.advance(0);
    reads.throttled();
    reads.throttled();
    expect(reads.readsPerSecond).toBe(2.5);
    ask(100, 'watch');
    await timers.advance(2_000);
    expect(through).toHaveLength(20);
    for (let i = 0; i < 50; i++) reads.succeeded();
    expect(reads.readsPerSecond).toBe(5);
  });

  it("takes an operator's new figures over without forgetting who waits", async () => {
    ask(20, 'watch');
    await timers.advance(0);
    reads.configure({ ...budget, readPerSecond: 50 });
    await timers.advance(100);
    expect(through).toHaveLength(20);
  });

  it('forgets a caller who gave up, and spends nothing on it', async () => {
    ask(15, 'watch');
    await timers.advance(0);
    const caller = new AbortController();
    const given = reads.take('watch', 'acc_1', caller.signal);
    caller.abort(new Error('too late'));
    await expect(given).rejects.toThrow('too late');
    ask(1, 'watch');
    await timers.advance(200);
    expect(through).toHaveLength(16);
    await expect(reads.take('watch', 'acc_1', caller.signal)).rejects.toThrow('too late');
  });

  it('refuses who waits when it is closed, and leaves no timer', async () => {
    ask(15, 'watch');
    await timers.advance(0);
    const given = reads.take('watch');
    reads.close();
    await expect(given).rejects.toMatchObject({ code: 'GatewayClosed', kind: 'transient' });
    await expect(reads.take('emergency')).rejects.toMatchObject({ code: 'GatewayClosed' });
    expect(timers.nextInMs).toBeNull();
  });
});
