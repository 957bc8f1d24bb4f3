import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeadlineHttpAgent, withDeadline } from './deadline-agents.js';

let server: http.Server;
let received = 0;

beforeEach(async () => {
  received = 0;
  server = http.createServer((_request, reply) => {
    received += 1;
    reply.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

function post(): Promise<number | undefined> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', agent: new DeadlineHttpAgent() };
    const request = http.request(options, (reply) => reply.resume().once('end', () => resolve(reply.statusCode)));
    request.once('error', reject).end('Action=ModifyListener');
  });
}

/** As a stopped process does: nothing runs, time goes by. */
function stopFor(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe('a write', () => {
  it('is not sent by a process that was stopped beyond its deadline', async () => {
    const late = withDeadline(performance.now() + 20, post);
    stopFor(60);

    await expect(late).rejects.toThrow('the deadline passed before anything was sent');
    expect(received).toBe(0);
  });

  it('is sent within its deadline', async () => {
    await expect(withDeadline(performance.now() + 5_000, post)).resolves.toBe(200);
    expect(received).toBe(1);
  });
});
