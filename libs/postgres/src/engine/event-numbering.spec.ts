import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Announcement, EventView, HeldSealingRight } from '@sluice/control';
import { eventTypes, type EventType } from '@sluice/domain';
import { createTestDatabase, eventually, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { PostgresEventStore } from './event-store.js';
import { appendEvent } from './ledger-writes.js';
import { PostgresSealingRight } from './sealing-right.js';
import { inTransaction } from './transaction.js';

const everything = { projectId: null };

let database: TestDatabase;
let pool: pg.Pool;
let store: PostgresEventStore;
beforeEach(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 30 });
  pool.on('error', () => undefined);
  store = new PostgresEventStore(pool);
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

async function seal(limit = 1_000): Promise<number> {
  const { rows } = await pool.query<{ sealed: number }>('SELECT seal_events($1) AS sealed', [limit]);
  return rows[0]!.sealed;
}

const told = (
  client: pg.PoolClient,
  subject: string,
  data: Announcement['data'] = {},
  type: EventType = 'project.changed',
) =>
  appendEvent(client, {
    projectId: null,
    type,
    subject,
    actor: { kind: 'token', id: 'tok_1', name: 'ann' },
    before: null,
    after: null,
    data,
  });

describe('numbering events', () => {
  it('waits for no open transaction, and numbers what commits late after what did not wait', async () => {
    const open = await pool.connect();
    try {
      await open.query('BEGIN');
      await told(open, 'project/slow');
      await inTransaction(pool, (client) => told(client, 'project/quick'));
      expect(await seal()).toBe(1);
      expect(await store.after(0n, everything, 10)).toMatchObject([{ seq: '1', subject: 'project/quick' }]);
      await open.query('COMMIT');
      expect(await seal()).toBe(1);
      expect(await store.after(1n, everything, 10)).toMatchObject([{ seq: '2', subject: 'project/slow' }]);
    } finally {
      open.release();
    }
  });

  it('waits for another that is numbering, so that no number is seen before a lower one', async () => {
    await inTransaction(pool, (client) => told(client, 'project/first'));
    const other = await pool.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT seal_events(10)');
      await inTransaction(pool, (client) => told(client, 'project/second'));
      const second = seal();
      await eventually('the second to wait', async () => {
        const { rows } = await pool.query(`SELECT FROM pg_locks WHERE NOT granted`);
        return rows.length > 0 ? true : null;
      });
      expect(await store.after(0n, everything, 10)).toEqual([]);
      await other.query('COMMIT');
      expect(await second).toBe(1);
    } finally {
      other.release();
    }
    expect((await store.after(0n, everything, 10)).map(({ seq, subject }) => [seq, subject])).toEqual([
      ['1', 'project/first'],
      ['2', 'project/second'],
    ]);
  });

  it('misses none and gives no number twice, whatever twenty writers and three sealers do at once', async () => {
    const subjects = ['a', 'b', 'c', 'd', 'e'];
    for (const id of subjects)
      await pool.query(`INSERT INTO projects (id, name, created_by) VALUES ($1, $1, 't')`, [id]);
    const committed: string[] = [];
    let writing = true;
    const writers = Array.from({ length: 20 }, async (_, writer) => {
      for (let i = 0; i < 15; i += 1) {
        const subject = subjects[(writer + i) % subjects.length]!;
        const event = await write(subject, (writer + i) % 7 === 0).catch(() => null);
        if (event) committed.push(event);
      }
    });
    const sealers = Array.from({ length: 3 }, async () => {
      while (writing) await seal(7);
    });
    const seen: EventView[] = [];
    const read = async () => {
      const events = await store.after(BigInt(seen.at(-1)?.seq ?? '0'), everything, 11);
      seen.push(...events);
      return events.length;
    };
    const reader = (async () => {
      while (writing) await read();
    })();
    await Promise.all(writers);
    writing = false;
    await Promise.all([...sealers, reader]);
    while ((await seal(7)) > 0);
    while ((await read()) > 0);

    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, index) => String(index + 1)));
    expect(seen.map(({ subject, data }) => `${subject} ${String(data['version'])}`).sort()).toEqual(committed.sort());
    for (const subject of subjects) {
      const versions = seen.filter((event) => event.subject === subject).map(({ data }) => Number(data['version']));
      expect(versions).toEqual([...versions].sort((a, b) => a - b));
    }
    expect(await store.latest()).toBe(BigInt(seen.length));
  }, 60_000);

  /** One change of a subject with its event, as every writer makes it: the row first, then the event. */
  async function write(subject: string, thenFail: boolean): Promise<string> {
    return inTransaction(pool, async (client) => {
      const { rows } = await client.query<{ version: number }>(
        'UPDATE projects SET name = gen_random_uuid()::text WHERE id = $1 RETURNING version',
        [subject],
      );
      const { version } = rows[0]!;
      await told(client, subject, { version });
      if (thenFail) throw new Error('rolled back');
      return `${subject} ${version}`;
    });
  }

  it('takes the types that the domain lists, and no other from whoever writes', async () => {
    for (const type of eventTypes) await inTransaction(pool, (client) => told(client, 'project/one', {}, type));
    expect(await seal()).toBe(eventTypes.length);
    expect((await store.after(0n, everything, 100)).map(({ type }) => type)).toEqual(eventTypes);
    const another = `SELECT append_event(NULL, 'project.renamed', 'project/one', '{}', NULL, NULL, '{}')`;
    await expect(pool.query(another)).rejects.toThrow('event_outbox_type');
  });

  it('leaves the database as it was when there is nothing to number', async () => {
    const stateOf = async () => (await pool.query('SELECT xmin, last FROM event_counter')).rows;
    const before = await stateOf();
    expect(await seal()).toBe(0);
    expect(await stateOf()).toEqual(before);
  });

  it('is for good: a numbered event is neither changed nor removed, one without a number is not changed', async () => {
    await inTransaction(pool, (client) => told(client, 'project/one'));
    for (const sql of [`UPDATE event_outbox SET type = 'x'`, 'TRUNCATE event_outbox'])
      await expect(pool.query(sql)).rejects.toThrow('append-only');
    await seal();
    for (const sql of [`UPDATE events SET type = 'x'`, 'DELETE FROM events', 'TRUNCATE events'])
      await expect(pool.query(sql)).rejects.toThrow('append-only');
  });
});

describe('the right to number events', () => {
  const held: HeldSealingRight[] = [];
  const servers: Server[] = [];
  afterEach(async () => {
    await Promise.all(held.splice(0).map((one) => one.release()));
    for (const server of servers.splice(0)) server.close();
  });

  async function take(url: string): Promise<HeldSealingRight> {
    const right = await new PostgresSealingRight(url).take(new AbortController().signal);
    if (!right) throw new Error('not given');
    held.push(right);
    return right;
  }

  /** Until another session waits for the lock that the first one holds. */
  const somebodyWaits = () =>
    eventually('somebody to wait for the right', async () => {
      const { rows } = await pool.query(`SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
      return rows.length > 0 ? true : null;
    });

  it('is had by one at a time and handed over at once', async () => {
    const first = await take(database.url);
    const second = take(database.url);
    await somebodyWaits();
    await inTransaction(pool, (client) => told(client, 'project/one'));
    expect(await first.seal(10)).toBe(1);
    await first.release();
    expect(await (await second).seal(10)).toBe(0);
  });

  it('passes on when its holder is killed', async () => {
    const wire = await breakable(database.url);
    await take(wire.url);
    const second = take(database.url);
    await somebodyWaits();
    const killedAt = performance.now();
    wire.cut();
    await second;
    expect(performance.now() - killedAt).toBeLessThan(2_000);
  });

  it('passes on when its holder falls silent, and the silent one gets an error when it goes on', async () => {
    const silent = await take(database.url);
    const second = await take(database.url); // the server ends the silent session
    await inTransaction(pool, (client) => told(client, 'project/one'));
    await expect(silent.seal(10)).rejects.toThrow();
    expect(await second.seal(10)).toBe(1);
  }, 15_000);

  it('is no longer waited for once the wait is given up', async () => {
    await take(database.url);
    const stop = new AbortController();
    const waiting = new PostgresSealingRight(database.url).take(stop.signal);
    await somebodyWaits();
    stop.abort();
    expect(await waiting).toBeNull();
  });

  /** A wire to the database that can be cut, as a process's sockets are when it is killed. */
  async function breakable(url: string): Promise<{ url: string; cut(): void }> {
    const { hostname, port } = new URL(url);
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      const onward = connect(Number(port), hostname);
      for (const end of [socket, onward]) end.on('error', () => undefined);
      sockets.push(socket, onward);
      socket.pipe(onward).pipe(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const through = new URL(url);
    through.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url: through.toString(), cut: () => sockets.forEach((socket) => socket.destroy()) };
  }
});
