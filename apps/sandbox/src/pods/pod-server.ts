import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PodIdentity {
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly pod: string;
}

/** The word that a pod answers with: `red` for `red-service`. */
function serviceWord(service: string): string {
  return service.replace(/-(service|svc)$/, '') || service;
}

/** One pod: a local HTTP server that says who it is, and is healthy until told otherwise. */
export class PodServer {
  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(identity: PodIdentity, isUnhealthy: () => boolean): Promise<PodServer> {
    const server = createServer((request, response) => {
      request.resume();
      answer(response, identity, isUnhealthy(), request.url ?? '/', request.headers.accept ?? '');
    });
    server.keepAliveTimeout = 75_000;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    return new PodServer(server, (server.address() as AddressInfo).port); // bound to an IP, so the address is one
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

function answer(
  response: ServerResponse,
  identity: PodIdentity,
  isUnhealthy: boolean,
  url: string,
  accept: string,
): void {
  response.setHeader('x-sandbox-service', identity.service);
  response.setHeader('x-sandbox-cluster', identity.cluster);
  response.setHeader('x-sandbox-namespace', identity.namespace);
  response.setHeader('x-sandbox-pod', identity.pod);
  if (isUnhealthy) return send(response, 503, 'text/plain; charset=utf-8', `${identity.pod} is unhealthy\n`);
  if (url.split('?')[0] === '/healthz') return send(response, 200, 'text/plain; charset=utf-8', 'ok\n');
  if (accept.includes('text/html')) return send(response, 200, 'text/html; charset=utf-8', page(identity));
  const { cluster, namespace, service, pod } = identity;
  send(
    response,
    200,
    'text/plain; charset=utf-8',
    `${serviceWord(service)} (service ${service}, namespace ${namespace}, cluster ${cluster}, pod ${pod})\n`,
  );
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

/** Names of Services are RFC 1035 labels, and so are the others: nothing in them needs escaping. */
function page({ cluster, namespace, service, pod }: PodIdentity): string {
  const word = serviceWord(service);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${word}</title><style>
body{font:16px system-ui;margin:0;display:grid;place-content:center;min-height:100vh;text-align:center;border-top:12px solid ${word}}
h1{font-size:4rem;margin:0}</style></head><body><h1>${word}</h1><p>cluster ${cluster}, namespace ${namespace}, service ${service}, pod ${pod}</p></body></html>\n`;
}
