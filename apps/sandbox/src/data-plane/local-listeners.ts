import type { Server as HttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { Forwarder } from './forwarder.js';
import { HttpListener, type ListenerParts } from './http-listener.js';
import { RoundRobin } from './choose.js';
import type { ListenerRouting, Routing } from './routing.js';
import { TcpListener } from './tcp-listener.js';
import type { NetworkView } from '../shared/network-view.js';

interface Open {
  readonly listener: HttpListener | TcpListener;
  readonly url: string;
}

/** How long connections of a removed listener may finish what they are at. */
const removalGraceMs = 5_000;

/** The local ports, one per listener of the routing at present. */
export class LocalListeners {
  private readonly open = new Map<string, Open>();
  private readonly forwarder = new Forwarder();
  private readonly parts: ListenerParts;
  private routing: Routing = { listeners: [], targetGroups: new Map() };

  /** @param opened is told of each listener whose tag doesn't say where it listens. */
  constructor(
    network: NetworkView,
    private readonly opened: (listener: ListenerRouting, url: string) => Promise<void>,
    lookAgain: () => Promise<void>,
  ) {
    this.parts = {
      network,
      forwarder: this.forwarder,
      roundRobin: new RoundRobin(),
      targetGroup: (arn) => this.routing.targetGroups.get(arn),
      lookAgain,
    };
  }

  /** Takes over a new routing: for requests from now on, without touching those under way. */
  async apply(routing: Routing): Promise<void> {
    this.routing = routing;
    const present = new Set(routing.listeners.map((listener) => listener.arn));
    for (const [arn, entry] of this.open) {
      if (present.has(arn)) continue;
      this.open.delete(arn);
      remove(entry);
    }
    for (const listener of routing.listeners) await this.applyOne(listener);
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.open.values()].map(({ listener }) => {
        if (listener instanceof TcpListener) listener.closeConnections();
        else listener.server.closeAllConnections();
        return new Promise((resolve) => listener.server.close(resolve));
      }),
    );
    await this.forwarder.close();
  }

  private async applyOne(routing: ListenerRouting): Promise<void> {
    const existing = this.open.get(routing.arn);
    existing?.listener.update(routing);
    const url = existing?.url ?? (await this.start(routing));
    if (routing.taggedUrl !== url) await this.opened(routing, url);
  }

  private async start(routing: ListenerRouting): Promise<string> {
    const http = routing.protocol === 'HTTP' || routing.protocol === 'HTTPS';
    const listener = http ? new HttpListener(routing, this.parts) : new TcpListener(routing, this.parts);
    const port = await listenAgain(listener.server, Number(/:(\d+)$/.exec(routing.taggedUrl ?? '')?.[1] ?? 0));
    const url = `${http ? 'http' : 'tcp'}://127.0.0.1:${port}`;
    this.open.set(routing.arn, { listener, url });
    return url;
  }
}

function remove({ listener }: Open): void {
  listener.server.close();
  const { server } = listener;
  setTimeout(() => {
    if (listener instanceof TcpListener) listener.closeConnections();
    else (server as HttpServer).closeAllConnections();
  }, removalGraceMs).unref();
}

/** Listens on the port it had before, or on another one if that is taken. */
async function listenAgain(server: Server, port: number): Promise<number> {
  const listen = (wanted: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject);
        resolve((server.address() as AddressInfo).port); // a listening TCP server has no other kind of address
      });
    });
  return port === 0 ? listen(0) : listen(port).catch(() => listen(0));
}
