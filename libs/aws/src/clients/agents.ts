import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';

/** By when the bytes of the request under way must have left, on the monotonic clock (`performance.now()`). */
const deadlines = new AsyncLocalStorage<number>();

/** Runs `send` so that its requests, made through these agents, don't begin to be written after `deadlineAt`. */
export function withDeadline<T>(deadlineAt: number, send: () => Promise<T>): Promise<T> {
  return deadlines.run(deadlineAt, send);
}

export interface AgentPair {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

/** For reads: connections are kept. Callers pace themselves; a request beyond so many waits for a socket and isn't failed for it. */
export function keepingAgents(connectTimeoutMs: number, maxSockets = 256): AgentPair {
  return agents({ keepAlive: true, maxSockets }, connectTimeoutMs);
}

/** For writes, one connection per request: a kept one that AWS closes at the wrong moment would make the outcome unknown. */
export function freshAgents(connectTimeoutMs: number): AgentPair {
  return agents({ keepAlive: false, maxSockets: Infinity }, connectTimeoutMs);
}

function agents(options: http.AgentOptions, connectTimeoutMs: number): AgentPair {
  return {
    httpAgent: new TimedHttpAgent(options, connectTimeoutMs),
    httpsAgent: new TimedHttpsAgent(options, connectTimeoutMs),
  };
}

class TimedHttpAgent extends http.Agent {
  constructor(
    options: http.AgentOptions,
    private readonly connectTimeoutMs: number,
  ) {
    super(options);
  }
  override createConnection(...args: Parameters<http.Agent['createConnection']>) {
    return connecting(super.createConnection(...args), this.connectTimeoutMs, 'connect');
  }
}

class TimedHttpsAgent extends https.Agent {
  constructor(
    options: https.AgentOptions,
    private readonly connectTimeoutMs: number,
  ) {
    super(options);
  }
  override createConnection(...args: Parameters<https.Agent['createConnection']>) {
    return connecting(super.createConnection(...args), this.connectTimeoutMs, 'secureConnect');
  }
}

/** The time for a connection starts with the connection: waiting in the agent's queue is not the peer's slowness. */
function connecting(
  socket: Duplex | null | undefined,
  timeoutMs: number,
  ready: 'connect' | 'secureConnect',
): typeof socket {
  if (socket === null || socket === undefined) return socket;
  const timer = setTimeout(() => socket.destroy(new ConnectTimeout()), timeoutMs).unref();
  const done = (): void => clearTimeout(timer);
  socket.once(ready, done).once('close', done);
  return beforeDeadline(socket);
}

/** Nothing of the request has been sent. */
class ConnectTimeout extends Error {
  readonly code = 'ConnectTimeout';
  constructor() {
    super('no connection in time');
  }
}

/**
 * A timer alone can't hold back a process that was stopped (SIGSTOP, a frozen machine): when it goes on, the finished
 * connection may be seen before the timer. So the clock is asked once more when the connection stands, before the
 * request is written to it.
 */
function beforeDeadline(socket: Duplex): Duplex {
  const deadlineAt = deadlines.getStore();
  if (deadlineAt === undefined) return socket;
  return socket.prependOnceListener('connect', () => {
    if (performance.now() > deadlineAt) socket.destroy(new Error('the deadline passed before anything was sent'));
  });
}
