import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Event } from '../events.js';
import { SluiceProblem } from './errors.js';
import { EventStreamParser, followEvents, type EventsOptions } from './event-stream.js';
import { Http } from './http.js';

const event = (seq: number) => ({
  seq: String(seq),
  projectId: null,
  type: 'rollout.changed',
  subject: 'rollout/rol_0123456789abcdefghij',
  actor: { kind: 'engine', id: 'rollout', name: 'rollout' },
  before: null,
  after: null,
  data: {},
  at: '2026-11-23T16:00:00.000Z',
});
const message = (seq: number) => `id: ${seq}\nevent: rollout.changed\ndata: ${JSON.stringify(event(seq))}\n\n`;

describe('following events', () => {
  const servers: ReturnType<typeof createServer>[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  /** Each connection is answered by the next of `answers`; gives the client and what was asked. */
  async function serving(...answers: ((response: ServerResponse) => void)[]) {
    const requests: IncomingMessage[] = [];
    const server = createServer((request, response) => {
      requests.push(request);
      answers[requests.length - 1]?.(response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const http = new Http({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'secret' });
    return { requests, follow: (options: EventsOptions = {}) => followEvents(http, Event, options) };
  }
  const streaming = (text: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text);
  };
  const streamingThenDying = (text: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text, () => response.destroy());
  };

  it('goes on after the last event it saw when the connection dies, and says that it was lost', async () => {
    const { requests, follow } = await serving(streamingThenDying(message(1) + message(2)), streaming(message(3)));
    const states: string[] = [];
    const seen: string[] = [];
    for await (const { seq } of follow({ onState: (state) => states.push(state) })) {
      seen.push(seq);
      if (seq === '3') break;
    }
    expect(seen).toEqual(['1', '2', '3']);
    expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2']);
    expect(states).toEqual(['open', 'lost', 'open']);
  });

  it('throws what the server says when it refuses, and does not try again', async () => {
    const { requests, follow } = await serving((response) => {
      const problem = {
        type: 'https://sluice.dev/problems/unauthenticated',
        title: 'no',
        status: 401,
        detail: 'This token is not known.',
      };
      response.writeHead(401, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
    });
    await expect(follow().next()).rejects.toThrow(SluiceProblem);
    expect(requests).toHaveLength(1);
  });

  it('ends quietly when it is stopped', async () => {
    const stop = new AbortController();
    const { follow } = await serving(streaming(message(1)));
    const events = follow({ signal: stop.signal });
    expect((await events.next()).value?.seq).toBe('1');
    stop.abort();
    expect((await events.next()).done).toBe(true);
  });

  it('gives nobody an event that is none', async () => {
    const { follow } = await serving(streamingThenDying('id: 1\nevent: x\ndata: {"seq":1}\n\n'), streaming(message(2)));
    const events = follow();
    expect((await events.next()).value?.seq).toBe('2');
    await events.return();
  });
});

describe('reading an event stream', () => {
  it('finds the same messages however the bytes are cut', () => {
    const text = ': beat\r\n\r\nid: 7\r\nevent: a\r\ndata: one\r\ndata: two\r\n\r\nid: 8\ndata: three\n\n';
    const whole = new EventStreamParser().push(text);
    const parser = new EventStreamParser();
    expect([...text].flatMap((character) => parser.push(character))).toEqual(whole);
    expect(whole).toEqual([
      { id: '7', event: 'a', data: 'one\ntwo' },
      { id: '8', event: '', data: 'three' },
    ]);
  });
});
