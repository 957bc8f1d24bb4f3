import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Authenticator } from './authentication.js';
import type { KeyPair } from '../shared/certificates.js';
import type { Api } from './api.js';
import type { FrontDoor } from './front-door.js';
import { Exchange } from './http-exchange.js';
import { KubeError, kubeErrors } from './kube-error.js';
import { listenAtRemembered } from './remembered-port.js';
import { errorText } from '../shared/error-facts.js';

/** One cluster's HTTPS server. It keeps its port in `<dir>/port` and takes it again while it is free. */
export class ClusterServer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    private readonly dir: string,
    tls: KeyPair,
    caPem: string,
    private readonly authenticator: Authenticator,
    private readonly api: Api,
    private readonly door: FrontDoor,
  ) {
    this.server = createServer(
      { cert: tls.certificate, key: tls.key, ca: caPem, requestCert: true, rejectUnauthorized: false },
      (request, response) => void this.answer(request, response),
    );
    this.server.keepAliveTimeout = 60_000;
    this.server.on('connection', (socket: Socket) => {
      if (door.isDown()) return void socket.destroy();
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Listens on loopback and answers the URL. */
  async listen(wanted: number | undefined): Promise<string> {
    return `https://127.0.0.1:${await listenAtRemembered(this.server, join(this.dir, 'port'), wanted)}`;
  }

  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.dropConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined); // the client went away; there is nobody to tell
    try {
      const latencyMs = this.door.latencyMs();
      if (latencyMs > 0) await delay(latencyMs);
      if (this.door.isDown()) return void request.socket.destroy();
      if (isProtobufOnly(request.headers.accept)) throw kubeErrors.notAcceptable();
      await this.api.handle(new Exchange(request, response, this.authenticator.whoIs(request)));
    } catch (error) {
      refuse(response, error);
    }
  }
}

function isProtobufOnly(accept: string | undefined): boolean {
  return accept !== undefined && accept.split(',').every((each) => each.includes('protobuf'));
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const known = error instanceof KubeError ? error : kubeErrors.internal(errorText(error));
  const text = JSON.stringify(known.toStatus());
  response.writeHead(known.code, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-cache, private',
  });
  response.end(text);
}
