import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { EngineWorld, eventually, quickPlan } from './harness.js';

const counted = 10;
const shares = (black: number) => ({ red: 100 - black, black });
/** Nothing but steps happens: leases, looks and polls are far apart. */
const calm = { leaseMs: 100_000, pollMs: 10_000, minPeriodMs: 100_000, recordDelayMs: 10_000, timeoutMs: 2_000 };

describe('what a step of one route costs', () => {
  let world: EngineWorld;
  let sent: string[];
  const query = pg.Client.prototype.query;
  beforeEach(async () => {
    world = await EngineWorld.start();
    sent = [];
    // every statement of the process goes through here, whichever pool or transaction it belongs to
    pg.Client.prototype.query = function (this: pg.Client, ...args: [unknown]) {
      const [first] = args;
      sent.push(typeof first === 'string' ? first : ((first as { text?: string }).text ?? ''));
      return Reflect.apply(query, this, args) as never;
    };
  });
  afterEach(async () => {
    pg.Client.prototype.query = query;
    await world.stop();
  });

  it('is at most 12 statements, looks for wake-ups and one read, from one write to the next', async () => {
    const { loadBalancer } = world;
    const readActions = jest.spyOn(loadBalancer, 'readActions');
    await world.replica('one', { settings: calm });
    const steps = Array.from({ length: counted + 2 }, (_, i) => ({ shares: shares(i + 1), holdMs: 300 }));
    await world.startRollout(quickPlan('rte_1', { settleMs: 0, steps: { kind: 'explicit', steps } }));
    await eventually('the first step', async () => loadBalancer.writes.length === 1);
    const before = { statements: sent.length, reads: readActions.mock.calls.length };
    await eventually('the last that counts', async () => loadBalancer.writes.length === counted + 1);
    const costs = sent.slice(before.statements);
    const looksForWakeUps = costs.filter((text) => text.startsWith('WITH due'));
    expect(readActions.mock.calls.length - before.reads).toBe(counted);
    // the end of a hold, the end of a write, and holds so short that theirs is told of
    expect(looksForWakeUps.length).toBeLessThanOrEqual(4 * counted);
    const others = costs.filter((text) => !looksForWakeUps.includes(text));
    // the first of them may have been under way when counting began
    expect(others.length > 12 * counted + 6 ? tally(others) : 'at most 12').toBe('at most 12');
  });
});

function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) {
    const key = text.replace(/\s+/g, ' ').replace(/\$\d+/g, '$').slice(0, 110);
    counts[key] = (counts[key] ?? 0) + 1 / counted;
  }
  return counts;
}
