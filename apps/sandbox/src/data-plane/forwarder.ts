import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Agent, type Dispatcher, errors } from 'undici';
import type { Endpoint } from '../shared/network-view.js';
import { answerPage } from './own-answers.js';
import type { ListenerRouting } from './routing.js';

export interface ForwardContext {
  readonly listener: ListenerRouting;
  /** Set-Cookie values of the load balancer itself. */
  readonly cookies: readonly string[];
}

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'expect',
]);
/** An ALB gives a target ten seconds to accept a connection. */
const connectTimeoutMs = 10_000;

/** Passes requests on to targets over kept connections, bodies as streams in both directions. */
export class Forwarder {
  private readonly agent = new Agent({
    connections: 256,
    pipelining: 1,
    keepAliveTimeout: 4_000,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  /** Answers the request with what the target says: 502 if it can't be reached or breaks off, 504 if it takes too long. */
  async forward(
    request: IncomingMessage,
    response: ServerResponse,
    to: Endpoint,
    context: ForwardContext,
  ): Promise<void> {
    const abort = new AbortController();
    response.once('close', () => abort.abort());
    try {
      const answer = await this.ask(request, to, context, abort.signal);
      response.writeHead(answer.statusCode, responseHeaders(answer.headers, context.cookies));
      await pipeline(answer.body, response);
    } catch (error) {
      if (!abort.signal.aborted) answerPage(response, isTimeout(error) ? 504 : 502);
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** A kept connection may be closed by the target at the moment it is used again; what has no body is then asked once more. */
  private async ask(
    request: IncomingMessage,
    to: Endpoint,
    context: ForwardContext,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
    const options: Dispatcher.RequestOptions & { origin: string } = {
      origin: `http://${to.host}:${to.port}`,
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers: requestHeaders(request, context.listener),
      body: hasBody ? request : null,
      signal,
      headersTimeout: context.listener.idleTimeoutMs,
      bodyTimeout: context.listener.idleTimeoutMs,
    };
    try {
      return await this.agent.request(options);
    } catch (error) {
      if (hasBody || !brokeOff(error) || signal.aborted) throw error;
      return this.agent.request(options);
    }
  }
}

function requestHeaders(request: IncomingMessage, listener: ListenerRouting): string[] {
  const dropped = new Set([
    ...hopByHop,
    ...(request.headers.connection ?? '')
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-port',
  ]);
  const headers: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (!dropped.has(name.toLowerCase())) headers.push(name, request.rawHeaders[index + 1] ?? '');
  }
  const client = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const before = request.headers['x-forwarded-for'];
  headers.push('X-Forwarded-For', before === undefined ? client : `${[before].flat().join(', ')}, ${client}`);
  headers.push('X-Forwarded-Proto', listener.protocol.toLowerCase(), 'X-Forwarded-Port', String(listener.port));
  if (request.headers['x-amzn-trace-id'] === undefined)
    headers.push(
      'X-Amzn-Trace-Id',
      `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`,
    );
  return headers;
}

function responseHeaders(
  headers: Dispatcher.ResponseData['headers'],
  cookies: readonly string[],
): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopByHop.has(name)) kept[name] = value;
  }
  if (cookies.length > 0) kept['set-cookie'] = [...[kept['set-cookie'] ?? []].flat(), ...cookies];
  return kept;
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError
  );
}

function brokeOff(error: unknown): boolean {
  return (
    error instanceof errors.SocketError ||
    (error as NodeJS.ErrnoException).code === 'ECONNRESET' ||
    (error as NodeJS.ErrnoException).code === 'EPIPE'
  );
}
