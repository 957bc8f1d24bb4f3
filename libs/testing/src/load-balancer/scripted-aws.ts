import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** One request in the Query protocol as it came over the wire. */
export interface AwsRequest {
  readonly action: string;
  readonly params: URLSearchParams;
  readonly authorization: string;
  /** Whether the client wants to use the connection again. */
  readonly keepsAlive: boolean;
}

/** What the server does with a request: XML to answer with, or what a bad network does. */
export type AwsReply =
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | 'reset'
  | 'hang'
  | 'half';

type Script = (request: AwsRequest) => AwsReply | Promise<AwsReply>;

/**
 * A server for the Query protocol that says exactly what a test tells it to. For what AWS does by itself, use the
 * sandbox; this one is for replies that no server gives on demand.
 */
export class ScriptedAws {
  readonly requests: AwsRequest[] = [];
  private readonly scripts = new Map<string, Script>();
  private readonly open = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedAws> {
    const server = createServer();
    server.keepAliveTimeout = 0; // connections stay until the client closes them
    const aws = new ScriptedAws(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void aws.answer(request, response));
    server.on('connection', (socket: Socket) => {
      aws.open.add(socket);
      socket.once('close', () => aws.open.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return aws;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`; // a listening TCP server has an AddressInfo
  }

  /** What this action answers from now on. */
  on(action: string, script: Script | AwsReply): this {
    this.scripts.set(action, typeof script === 'function' ? script : () => script);
    return this;
  }

  /** The requests of one action so far. */
  received(action: string): AwsRequest[] {
    return this.requests.filter((one) => one.action === action);
  }

  /** Resolves when no client has a connection any more. */
  async disconnected(): Promise<void> {
    for (const socket of this.open) if (!socket.closed) await once(socket, 'close');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const params = new URLSearchParams(await text(request));
    const received = {
      action: params.get('Action') ?? '',
      params,
      authorization: request.headers.authorization ?? '',
      keepsAlive: request.headers.connection === 'keep-alive',
    };
    this.requests.push(received);
    const reply =
      (await this.scripts.get(received.action)?.(received)) ??
      awsError('InvalidAction', `no script for ${received.action}`);
    if (reply === 'hang') return;
    if (reply === 'reset') {
      request.socket.destroy();
    } else if (reply === 'half') {
      response.writeHead(200, { 'content-type': 'text/xml', 'content-length': '5000' }).write('<Half>');
    } else {
      response.writeHead(reply.status, { 'content-type': 'text/xml', ...reply.headers }).end(reply.body);
    }
  }
}

/** A success: `xml` is what stands inside `<ActionResult>`. */
export function awsResult(action: string, xml: string): AwsReply {
  const body = `<${action}Response><${action}Result>${xml}</${action}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></${action}Response>`;
  return { status: 200, body, headers: { 'x-amzn-requestid': 'r-1' } };
}

export function awsError(code: string, message: string, status = 400): AwsReply {
  const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r-err</RequestId></ErrorResponse>`;
  return { status, body, headers: { 'x-amzn-requestid': 'r-err' } };
}

/** `<member>` elements of a list. */
export function members(...items: readonly string[]): string {
  return items.map((item) => `<member>${item}</member>`).join('');
}
