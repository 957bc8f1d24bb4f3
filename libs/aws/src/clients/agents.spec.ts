import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { deferred } from '@sluice/testing';
import { freshAgents, keepingAgents, withDeadline } from './agents.js';

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

function post(agent: http.Agent = freshAgents(1_000).httpAgent): Promise<number | undefined> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: 'POST', agent };
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
    const late = withDeadline(performance.now() + 20, () => post());
    stopFor(60);

    await expect(late).rejects.toThrow('the deadline passed before anything was sent');
    expect(received).toBe(0);
  });

  it('is sent within its deadline', async () => {
    await expect(withDeadline(performance.now() + 5_000, () => post())).resolves.toBe(200);
    expect(received).toBe(1);
  });
});

describe('the time to connect', () => {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['Date', 'hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'setInterval'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('ends the request that no connection comes for, and says that nothing was sent', async () => {
    const slow = post(keepingAgents(1_500).httpAgent);
    jest.advanceTimersByTime(1_501);

    await expect(slow).rejects.toMatchObject({ code: 'ConnectTimeout' });
    expect(received).toBe(0);
  });

  it('does not run while a request waits for a socket', async () => {
    const held = deferred<http.ServerResponse>();
    server.removeAllListeners('request').once('request', (_request, reply: http.ServerResponse) => {
      server.on('request', (_next, other: http.ServerResponse) => other.end());
      held.resolve(reply);
    });
    const agent = keepingAgents(1_500, 1).httpAgent;
    const first = post(agent);
    const second = post(agent);
    const reply = await held.promise;

    jest.advanceTimersByTime(60_000);
    reply.end();
    expect(await Promise.all([first, second])).toEqual([200, 200]);
    agent.destroy();
  });
});
