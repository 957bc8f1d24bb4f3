import { connect, createServer, type Server, type Socket } from 'node:net';
import { chooseGroup, weightedGroups } from './choose.js';
import type { ListenerParts } from './http-listener.js';
import type { ListenerRouting } from './routing.js';

/** One listener of a network load balancer as a local TCP port: each connection goes to one target and stays there. */
export class TcpListener {
  readonly server: Server;
  private readonly open = new Set<Socket>();

  constructor(
    private routing: ListenerRouting,
    private readonly parts: ListenerParts,
  ) {
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => void this.accept(client));
  }

  /** From the next connection on. */
  update(routing: ListenerRouting): void {
    this.routing = routing;
  }

  closeConnections(): void {
    for (const socket of this.open) socket.destroy();
  }

  private async accept(client: Socket): Promise<void> {
    this.track(client);
    const action = this.routing.rules.at(-1)?.action;
    const chosen = action === undefined ? undefined : chooseGroup(weightedGroups(action), Math.random());
    const group = chosen === undefined ? undefined : this.parts.targetGroup(chosen);
    const receiver = group && this.parts.roundRobin.next(group);
    const endpoint = receiver && (await this.parts.network.resolve(receiver.id, receiver.port));
    if (endpoint === undefined) {
      client.resetAndDestroy();
      return;
    }
    const target = connect({ host: endpoint.host, port: endpoint.port, allowHalfOpen: true });
    this.track(target);
    client.on('error', () => target.destroy());
    target.on('error', () => client.resetAndDestroy());
    client.pipe(target);
    target.pipe(client);
    client.resume();
  }

  private track(socket: Socket): void {
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
    socket.on('error', () => socket.destroy());
  }
}
