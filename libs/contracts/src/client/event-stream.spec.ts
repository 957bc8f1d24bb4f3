import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventStreamParser } from './event-stream.js';
import { SluiceClient } from './sluice-client.js';
import { SluiceProblem } from './errors.js';

describe('the stream parser', () => {
  it('finds the same messages wherever the chunks are cut', () => {
    const text =
      ': hello\n\nid: 1\nevent: a\ndata: {"x":1}\n\nid: 2\r\ndata: two\r\ndata: lines\r\n\r\n: still here\n\nid: 3\ndata:no blank\n\n';
    const whole = new EventStreamParser().push(text);
    expect(whole).toEqual([
      { id: '1', event: 'a', data: '{"x":1}' },
      { id: '2', event: '', data: 'two\nlines' },
      { id: '3', event: '', data: 'no blank' },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const parser = new EventStreamParser();
        expect(at.slice(1).flatMap((end, i) => parser.push(text.slice(at[i], end)))).toEqual(whole);
      }),
    );
  });
});

describe('following events', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('asks for what follows the last one seen when the connection breaks', async () => {
    const asked: (string | undefined)[] = [];
    const client = await serve((request, reply) => {
      asked.push(request);
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = Number(request ?? 6) + 1;
      reply.write(message(next));
      setTimeout(() => reply.destroy(), 20);
    });
    const seen: string[] = [];
    for await (const event of client.events({ after: '6' })) {
      seen.push(event.seq);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(['7', '8', '9']);
    expect(asked).toEqual(['6', '7', '8']);
  });

  it('ends with the problem when the server refuses', async () => {
    const client = await serve((_, reply) => {
      reply.writeHead(401, { 'content-type': 'application/problem+json' }).end(
        JSON.stringify({
          type: 'https://sluice.dev/problems/unauthenticated',
          title: 't',
          status: 401,
          detail: 'no token',
        }),
      );
    });
    await expect(client.events().next()).rejects.toThrow(SluiceProblem);
  });

  it('ends quietly when it is told to', async () => {
    const client = await serve(
      (_, reply) => void reply.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n'),
    );
    const stop = new AbortController();
    const next = client.events({ signal: stop.signal, onState: () => stop.abort() }).next();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  async function serve(
    answer: (lastEventId: string | undefined, reply: ServerResponse) => void,
  ): Promise<SluiceClient> {
    server = createServer((request, reply) => answer(request.headers['last-event-id'] as string | undefined, reply));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return new SluiceClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 't' });
  }
});

function message(seq: number): string {
  return `id: ${seq}\nevent: rollout.changed\ndata: ${JSON.stringify({ seq: String(seq), projectId: null, type: 'rollout.changed', subject: 'rollout/x', data: {}, at: '2026-11-23T16:00:00Z' })}\n\n`;
}
