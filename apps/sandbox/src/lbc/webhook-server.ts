import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { reviewAnswer, type ReviewRequest, type Verdict } from './admission-review.js';
import { errorCode, errorText } from '../shared/error-facts.js';

interface Reviewer {
  review(request: ReviewRequest): Promise<Verdict>;
}

export interface WebhookServerOptions {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** Path to who decides. */
  readonly reviewers: Readonly<Record<string, Reviewer>>;
}

/** Serves webhooks over HTTPS on loopback. It can be shut and opened again on the same port. */
export class WebhookServer {
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();
  private boundPort = 0;

  constructor(private readonly options: WebhookServerOptions) {}

  get port(): number {
    return this.boundPort;
  }

  /** Listens where it did before, else at `wanted` while that is free, else anywhere. */
  async open(wanted = 0): Promise<void> {
    if (this.server) return;
    this.boundPort = await this.listen(this.boundPort || wanted).catch((error: unknown) => {
      const isTaken = errorCode(error) === 'EADDRINUSE';
      if (!isTaken) throw error;
      return this.listen(0);
    });
  }

  async shut(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    this.server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  private listen(port: number): Promise<number> {
    const { certificatePem: cert, keyPem: key } = this.options;
    const server = createServer({ cert, key }, (request, response) => void this.answer(request, response));
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        this.server = server;
        resolve((server.address() as AddressInfo).port); // bound to an IP, so the address is one
      });
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const reviewer = this.options.reviewers[(request.url ?? '').split('?')[0] ?? ''];
      if (reviewer === undefined) return void response.writeHead(404).end();
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const asked = (JSON.parse(Buffer.concat(chunks).toString('utf8')) as { request: ReviewRequest }).request; // the API server's own format
      const text = JSON.stringify(reviewAnswer(asked.uid, await reviewer.review(asked)));
      response
        .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(errorText(error));
    }
  }
}
