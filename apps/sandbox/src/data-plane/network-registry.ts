import { mkdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Endpoint, Endpoints, NetworkView } from '../shared/network-view.js';

export interface RunningNetwork extends NetworkView {
  readonly url: string;
  readonly port: number;
}

const key = /^(\d{1,3}(?:\.\d{1,3}){3}|i-[0-9a-f]{8,17}):(\d{1,5})$/;

/**
 * The sandbox's VPC: which local host and port stands behind each address. `PUT /network/endpoints/{ip}:{port}` with
 * `{"host":"127.0.0.1","port":34567,"cluster":"blue-2025"}` (cluster may be left out), `DELETE` the same, `GET /network/endpoints`
 * for all. Keys of nodes are `i-…:{nodePort}`. Kept in `network.json`.
 */
export async function startNetwork(options: { dir: string; port: number }): Promise<RunningNetwork> {
  await mkdir(options.dir, { recursive: true });
  const registry = new NetworkRegistry(path.join(options.dir, 'network.json'));
  await registry.load();
  const server = createServer((request, response) => {
    registry.handle(request, response).catch((error: unknown) => {
      console.error('sandbox: the network registry failed', error);
      reply(response, 500, { message: 'The registry could not be saved' });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind of address
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    resolve: (id, targetPort) => Promise.resolve(registry.get(`${id}:${targetPort}`)),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class NetworkRegistry {
  private endpoints: Record<string, Endpoint> = {};
  private lastWrite: Promise<void> = Promise.resolve();

  constructor(private readonly file: string) {}

  async load(): Promise<void> {
    try {
      this.endpoints = JSON.parse(await readFile(this.file, 'utf8')) as Endpoints; // written by `save` alone
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new Error(
          `${this.file} cannot be read (${String(error)}). Move it away; pods register again when they start.`,
          { cause: error },
        );
    }
  }

  get(name: string): Endpoint | undefined {
    return this.endpoints[name];
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, name] = /^\/network\/endpoints(?:\/([^/?]+))?$/.exec(request.url ?? '') ?? [undefined, ''];
    if (!request.url?.startsWith('/network/endpoints'))
      return reply(response, 404, { message: 'There is only /network/endpoints' });
    if (request.method === 'GET' && !name) return reply(response, 200, this.endpoints);
    const decoded = decode(name ?? '');
    if (!key.test(decoded))
      return reply(response, 400, {
        message: `'${decoded}' is not an address like 10.0.0.7:8080 or i-0123456789abcdef0:30080`,
      });
    if (request.method === 'PUT') return this.put(decoded, request, response);
    if (request.method !== 'DELETE') return reply(response, 405, { message: 'GET, PUT or DELETE' });
    delete this.endpoints[decoded];
    await this.save();
    return reply(response, 204);
  }

  private async put(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = parseEndpoint(await text(request));
    if (endpoint === undefined)
      return reply(response, 400, { message: 'The body has to be {"host":"127.0.0.1","port":1–65535,"cluster"?:"…"}' });
    this.endpoints[name] = endpoint;
    await this.save();
    return reply(response, 204);
  }

  private save(): Promise<void> {
    const next = this.lastWrite.then(() =>
      writeFileAtomic(this.file, JSON.stringify(this.endpoints), { fsync: false }),
    );
    this.lastWrite = next.catch(() => undefined);
    return next;
  }
}

function parseEndpoint(body: string): Endpoint | undefined {
  try {
    const { host, port, cluster } = JSON.parse(body) as Record<string, unknown>;
    const fits =
      typeof host === 'string' &&
      host !== '' &&
      Number.isInteger(port) &&
      (port as number) > 0 &&
      (port as number) < 65_536;
    return fits ? { host, port: port as number, ...(typeof cluster === 'string' ? { cluster } : {}) } : undefined;
  } catch {
    return undefined;
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, body?: object): void {
  response
    .writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' })
    .end(body === undefined ? undefined : JSON.stringify(body));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
