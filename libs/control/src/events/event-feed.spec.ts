import { describe, expect, it } from '@jest/globals';
import { ManualSignals, ManualTimers } from '@sluice/testing';
import { EventFeed, type EventFilter } from './event-feed.js';
import { EventStore, type EventView } from './event-store.js';

const everything: EventFilter = { projectId: null };

/** Events in memory; notes each question. */
class NotedStore extends EventStore {
  private readonly events: EventView[] = [];
  readonly asked: string[] = [];
  broken: Error | null = null;

  add(projectId: string, count = 1): void {
    for (let i = 0; i < count; i += 1) {
      const seq = String(this.events.length + 1);
      const at = '2026-11-25T00:00:00.000Z';
      this.events.push({
        seq,
        projectId,
        type: 'project.changed',
        subject: `project/${projectId}`,
        actor: { kind: 'token', id: 'tok_1', name: 'ann' },
        before: null,
        after: null,
        data: {},
        at,
      });
    }
  }

  after(seq: bigint, { projectId }: EventFilter, limit: number): Promise<readonly EventView[]> {
    this.asked.push(`after ${seq} of ${projectId ?? 'all'}`);
    if (this.broken) return Promise.reject(this.broken);
    const mine = this.events.slice(Number(seq)).filter((event) => projectId === null || event.projectId === projectId);
    return Promise.resolve(mine.slice(0, limit));
  }

  latest(): Promise<bigint> {
    this.asked.push('latest');
    return Promise.resolve(BigInt(this.events.length));
  }
}

function feed() {
  const [timers, signals, store] = [new ManualTimers(), new ManualSignals(), new NotedStore()];
  const warnings: string[] = [];
  const log = { warn: (message: string) => void warnings.push(message) };
  const it = new EventFeed({ store, signals, timers, log });
  /** Everything after `seq`, as a stream reads it. */
  const read = async (seq: bigint, filter = everything, limit = 200) => {
    const { events, upTo } = await it.after(seq, filter, limit);
    return { seqs: events.map((event) => event.seq), upTo };
  };
  return { timers, signals, store, warnings, read, follow: (listener: () => void) => it.follow(listener) };
}

describe('the feed of events', () => {
  it('asks the store once for all who follow, when told and once a second', async () => {
    const { timers, signals, store, read, follow } = feed();
    let told = 0;
    for (let i = 0; i < 100; i += 1) follow(() => (told += 1));
    await timers.advance(0);
    [store.asked.length, told] = [0, 0];
    store.add('a');
    signals.tell('events');
    await timers.advance(0);
    for (let i = 0; i < 100; i += 1) expect(await read(0n)).toEqual({ seqs: ['1'], upTo: 1n });
    expect([store.asked, told]).toEqual([['after 0 of all'], 100]);
    await timers.advance(10_000);
    expect(store.asked).toHaveLength(11);
  });

  it('asks for nothing while nobody follows', async () => {
    const { timers, signals, store, follow } = feed();
    const leave = follow(() => undefined);
    await timers.advance(0);
    leave();
    store.asked.length = 0;
    signals.tell('events');
    await timers.advance(10_000);
    expect([store.asked, timers.nextInMs]).toEqual([[], null]);
  });

  it('tells a follower that came in mid-question of what it would miss otherwise', async () => {
    const { timers, store, read, follow } = feed();
    expect(await read(0n)).toEqual({ seqs: [], upTo: 0n });
    store.add('a');
    let told = false;
    follow(() => (told = true));
    await timers.advance(0);
    expect(told).toBe(true);
    expect(await read(0n)).toEqual({ seqs: ['1'], upTo: 1n });
  });

  it("shows a project's reader only its own, and does not go through the others' again", async () => {
    const { timers, signals, store, read, follow } = feed();
    follow(() => undefined);
    await timers.advance(0);
    store.add('theirs', 3);
    store.add('mine');
    store.add('theirs', 2);
    signals.tell('events');
    await timers.advance(0);
    expect(await read(0n, { projectId: 'mine' })).toEqual({ seqs: ['4'], upTo: 6n });
    expect(await read(0n, { projectId: null }, 4)).toEqual({ seqs: ['1', '2', '3', '4'], upTo: 4n });
  });

  it('lets who is far behind read the store, from where it was to the end', async () => {
    const { timers, signals, store, read, follow } = feed();
    follow(() => undefined);
    await timers.advance(0);
    store.add('mine');
    store.add('theirs', 900);
    signals.tell('events');
    await timers.advance(0);
    store.asked.length = 0;
    expect(await read(0n, { projectId: 'mine' })).toEqual({ seqs: ['1'], upTo: 901n });
    expect(await read(901n, { projectId: 'mine' })).toEqual({ seqs: [], upTo: 901n });
    expect(store.asked).toEqual(['after 0 of mine']);
    const seen: string[] = [];
    for (let at = 0n; ;) {
      const { seqs, upTo } = await read(at);
      if (seqs.length === 0) break;
      seen.push(...seqs);
      at = upTo;
    }
    expect(seen).toEqual(Array.from({ length: 901 }, (_, i) => String(i + 1)));
  });

  it('says that it could not read, and goes on a second later', async () => {
    const { timers, store, warnings, read, follow } = feed();
    follow(() => undefined);
    await timers.advance(0);
    store.broken = new Error('the connection is gone');
    store.add('a');
    await timers.advance(1_000);
    expect(warnings).toHaveLength(1);
    store.broken = null;
    await timers.advance(1_000);
    expect(await read(0n)).toEqual({ seqs: ['1'], upTo: 1n });
  });

  it('begins anew when all have left while it was reading', async () => {
    const { timers, store, read, follow } = feed();
    const leave = follow(() => undefined);
    store.add('a', 2);
    leave();
    follow(() => undefined);
    await timers.advance(0);
    store.add('a');
    await timers.advance(1_000);
    expect(await read(2n)).toEqual({ seqs: ['3'], upTo: 3n });
    expect(await read(0n)).toEqual({ seqs: ['1', '2', '3'], upTo: 3n });
  });
});
