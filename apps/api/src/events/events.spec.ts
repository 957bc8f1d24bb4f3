import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EventStreamParser, type Event } from '@sluice/contracts';
import { EventStore } from '@sluice/control';
import { eventually } from '@sluice/testing';
import { startTestService, type TestService } from '../testing/test-service.js';
import { request } from '../testing/http.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ role: 'all' });
});
afterAll(async () => {
  await service.close();
});

/** Takes `count` events and ends the stream. */
async function take(count: number, after: string, client = service.admin): Promise<Event[]> {
  const taken: Event[] = [];
  for await (const event of client.events({ after, signal: AbortSignal.timeout(20_000) }))
    if (taken.push(event) === count) break;
  return taken;
}

async function newest(): Promise<string> {
  const all: Event[] = [];
  const marker = (await service.admin.projects.create({ name: `marker ${Math.random().toString(36).slice(2)}` })).id;
  for await (const event of service.admin.events({ after: '0', signal: AbortSignal.timeout(20_000) })) {
    all.push(event);
    if (event.subject.endsWith(marker)) break;
  }
  return all[all.length - 1]?.seq ?? '0';
}

describe('the event stream', () => {
  it('gives every event once and in order to a reader that comes, goes and comes back, while others write', async () => {
    const start = await newest();
    const writing = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 10; i += 1) await service.admin.projects.create({ name: `writer ${writer} number ${i}` });
      }),
    );
    const seen: Event[] = [];
    while (seen.length < 40)
      seen.push(...(await take(Math.min(7, 40 - seen.length), seen[seen.length - 1]?.seq ?? start)));
    await writing;
    const numbers = seen.map((event) => BigInt(event.seq));
    expect(numbers).toEqual([...numbers].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(seen.map((event) => event.subject)).size).toBe(40);
    expect(await take(40, start)).toEqual(seen);
  }, 60_000);

  it('without Last-Event-ID begins with what happens from then on', async () => {
    await service.admin.projects.create({ name: 'before' });
    await newest();
    const stop = new AbortController();
    const events = service.admin.events({
      signal: stop.signal,
      onState: (state) => state === 'open' && void service.admin.projects.create({ name: 'after' }),
    });
    const first = await events.next();
    expect((first.value as Event).after).toMatchObject({ name: 'after' });
    stop.abort();
    await events.return();
  });

  it('shows a token of one project nothing of another', async () => {
    const [mine, theirs] = [
      await service.admin.projects.create({ name: 'mine' }),
      await service.admin.projects.create({ name: 'theirs' }),
    ];
    const { secret } = await service.admin.tokens.create({ name: 'mine', role: 'viewer', projectId: mine.id });
    await service.admin.plans.list({ projectId: theirs.id });
    const client = service.client(secret ?? '');
    const seen = await take(2, '0', client);
    expect(seen.map((event) => event.projectId)).toEqual([mine.id, mine.id]);
    await expect(client.events({ projectId: theirs.id, after: '0' }).next()).rejects.toMatchObject({ status: 404 });
  });

  it('ends when its token is revoked', async () => {
    const { token, secret } = await service.admin.tokens.create({ name: 'short', role: 'viewer', projectId: null });
    const stream = await open(secret ?? '');
    const ended = new Promise<void>((resolve) => stream.on('end', resolve));
    stream.resume();
    await service.admin.tokens.revoke(token.id);
    await ended;
  }, 20_000);

  it('refuses a token its 21st stream, and gives it one again when one has ended; others are not concerned', async () => {
    const { secret } = await service.admin.tokens.create({ name: 'many pages', role: 'viewer', projectId: null });
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(secret ?? '')));
    const refused = await request(service.url, 'GET', '/v1/events', { token: secret ?? '' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    expect(refused.body).toMatchObject({ type: 'https://sluice.dev/problems/too-many-requests' });
    (await open(service.adminToken)).destroy();
    streams.pop()?.destroy();
    await eventually('room for one', async () => {
      const stream = await open(secret ?? '');
      streams.push(stream);
      return stream.statusCode === 200 ? true : null;
    });
    for (const stream of streams) stream.destroy();
  });

  it('is fed from one reader of the database, however many streams there are', async () => {
    const { secret } = await service.admin.tokens.create({ name: 'twenty', role: 'viewer', projectId: null });
    const streams = await Promise.all(Array.from({ length: 20 }, () => open(secret ?? '')));
    const heard = streams.map((stream) => {
      const text: string[] = [];
      stream.on('data', (chunk: Buffer) => text.push(chunk.toString()));
      return () => text.join('');
    });
    const everybody = (what: string) =>
      eventually(`everybody to hear of ${what}`, async () => heard.every((text) => text().includes(what)) || null);
    await service.admin.projects.create({ name: 'first of all' });
    await everybody('first of all');
    const store = service.app.nest.get(EventStore);
    const after = store.after.bind(store);
    const asked: bigint[] = [];
    store.after = (seq, ...rest) => {
      asked.push(seq);
      return after(seq, ...rest);
    };
    const began = performance.now();
    await service.admin.projects.create({ name: 'second of all' });
    await everybody('second of all');
    // once for the notification, once for what may have come meanwhile, and once in every second
    expect(asked.length).toBeLessThanOrEqual(3 + (performance.now() - began) / 1_000);
    store.after = after;
    for (const stream of streams) stream.destroy();
  }, 20_000);

  it('answers HEAD with its headers and ends', async () => {
    const reply = await fetch(`${service.url}/v1/events`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${service.adminToken}` },
      signal: AbortSignal.timeout(5_000),
    });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(await reply.text()).toBe('');
  });

  it('refuses an id that is none', async () => {
    for (const id of ['x', '-1', '1.5', '9'.repeat(30)]) {
      const reply = await request(service.url, 'GET', '/v1/events', {
        token: service.adminToken,
        headers: { 'last-event-id': id },
      });
      expect(reply.body).toMatchObject({ status: 400, errors: [{ field: 'header.last-event-id' }] });
    }
  });

  it('waits for a slow reader and loses nothing meanwhile', async () => {
    const start = await newest();
    const stream = await open(service.adminToken, start);
    stream.pause();
    for (let i = 0; i < 30; i += 1) await service.admin.projects.create({ name: `slow ${i}` });
    const parser = new EventStreamParser();
    const messages: string[] = [];
    stream.on('data', (chunk: Buffer) => messages.push(...parser.push(chunk.toString()).map((message) => message.id)));
    stream.resume();
    await eventually('thirty events', async () => (messages.length >= 30 ? true : null));
    expect(messages).toHaveLength(30);
    expect(messages).toEqual([...messages].sort((a, b) => Number(a) - Number(b)));
    stream.destroy();
  }, 30_000);

  it('ends when the server stops, and a replica carries on where it was', async () => {
    const replica = await service.replica();
    const start = await newest();
    const stream = await open(service.adminToken, start, replica.url);
    const ended = new Promise<void>((resolve) => stream.on('end', resolve));
    stream.resume();
    await replica.app.close();
    await ended;
    await service.admin.projects.create({ name: 'meanwhile' });
    expect((await take(1, start))[0]?.after).toMatchObject({ name: 'meanwhile' });
  }, 20_000);
});

function open(token: string, after?: string, url = service.url): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(after === undefined ? {} : { 'last-event-id': after }) };
    httpRequest(`${url}/v1/events`, { headers }, resolve).on('error', reject).end();
  });
}
