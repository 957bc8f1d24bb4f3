import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { FrontDoor } from '../front-door.js';
import { listenAtRemembered } from '../remembered-port.js';

/** A TCP port before a real API server, on which the sandbox's faults act. TLS passes through untouched. */
export class FaultProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly targetPort: number,
    private readonly door: FrontDoor,
  ) {
    this.server = createServer((socket) => this.handOver(socket));
  }

  /** Answers its port, which it remembers in `<dir>/port`. */
  listen(dir: string, wanted: number | undefined): Promise<number> {
    return listenAtRemembered(this.server, join(dir, 'port'), wanted);
  }

  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.dropConnections();
    await closed;
  }

  private handOver(client: Socket): void {
    if (this.door.isDown()) return void client.destroy();
    const api = connect(this.targetPort, '127.0.0.1');
    for (const [one, other] of [
      [client, api],
      [api, client],
    ] as const) {
      this.sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (chunk) => {
      const latencyMs = this.door.latencyMs();
      if (latencyMs === 0) return void api.write(chunk);
      setTimeout(() => api.write(chunk), latencyMs);
    });
    api.pipe(client);
  }
}
