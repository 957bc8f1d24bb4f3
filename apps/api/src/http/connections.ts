import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Longest that a request under way may hold up the end. */
const graceMs = 5_000;
/** A socket that has brought no byte after this long is taken for one opened ahead. */
const unusedMs = 100;

/**
 * The server's sockets. Node closes idle ones at the end, but neither those on which nothing was ever sent (browsers open
 * some ahead) nor a request that never ends: both would hold the process for more than a minute.
 */
export class Connections {
  /** Socket -> when it was opened, monotonic ms. */
  private readonly sockets = new Map<Socket, number>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.sockets.set(socket, performance.now());
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Runs `close`, which ends the server, and sees to it that it comes to an end. */
  async during(close: () => Promise<void>): Promise<void> {
    const unused = setInterval(
      () => this.destroy((socket, ageMs) => socket.bytesRead === 0 && ageMs > unusedMs),
      unusedMs,
    );
    const grace = setTimeout(() => this.destroy(() => true), graceMs);
    try {
      await close();
    } finally {
      clearInterval(unused);
      clearTimeout(grace);
    }
  }

  private destroy(which: (socket: Socket, ageMs: number) => boolean): void {
    for (const [socket, openedAt] of this.sockets) if (which(socket, performance.now() - openedAt)) socket.destroy();
  }
}
