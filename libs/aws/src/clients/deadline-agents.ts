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

/**
 * A timer alone can't hold back a process that was stopped (SIGSTOP, a frozen machine): when it goes on, the finished
 * connection may be seen before the timer. So the clock is asked once more when the connection stands, before the
 * request is written to it.
 */
function watched(socket: Duplex | null | undefined): typeof socket {
  const deadlineAt = deadlines.getStore();
  if (deadlineAt === undefined) return socket;
  socket?.prependOnceListener('connect', () => {
    if (performance.now() > deadlineAt) socket.destroy(new Error('the deadline passed before anything was sent'));
  });
  return socket;
}

/** One connection per request: a kept one that AWS closes at the wrong moment would make the outcome of a write unknown. */
const fresh = { keepAlive: false, maxSockets: Infinity };

export class DeadlineHttpAgent extends http.Agent {
  constructor() {
    super(fresh);
  }
  override createConnection(...args: Parameters<http.Agent['createConnection']>) {
    return watched(super.createConnection(...args));
  }
}

export class DeadlineHttpsAgent extends https.Agent {
  constructor() {
    super(fresh);
  }
  override createConnection(...args: Parameters<https.Agent['createConnection']>) {
    return watched(super.createConnection(...args));
  }
}
