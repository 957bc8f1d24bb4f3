import { ResponseContext, type PromiseHttpLibrary, type RequestContext } from '@kubernetes/client-node';
import { request, type Dispatcher } from 'undici';
import { parseApiRefusal } from './api-reply.js';

/** Whether a request may have changed something in the cluster when its reply is lost. */
export function changesSomething(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** A request that got no reply: the socket's error and whether it was a write. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
  constructor(
    readonly write: boolean,
    cause: unknown,
  ) {
    super('the API server gave no reply', { cause });
  }
}

/**
 * HTTP for the generated client: one dispatcher of ours (pinned CA, no proxy), no redirects, a signal on every request
 * that closes the socket, and refusals as `ApiRefusal` instead of exceptions that carry headers.
 */
export class BoundedHttp implements PromiseHttpLibrary {
  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly signal: AbortSignal,
  ) {}

  async send(context: RequestContext): Promise<ResponseContext> {
    const method = context.getHttpMethod();
    const reply = await this.exchange(context, method).catch((error: unknown) => {
      throw new NoReply(changesSomething(method), error);
    });
    if (reply.status >= 300) throw parseApiRefusal(reply.status, reply.body, reply.headers['retry-after']);
    const body = { text: async () => reply.body, binary: async () => Buffer.from(reply.body), stream: () => null };
    return new ResponseContext(reply.status, reply.headers, body);
  }

  private async exchange(context: RequestContext, method: Dispatcher.HttpMethod) {
    const content = context.getBody();
    const response = await request(context.getUrl(), {
      method,
      headers: { ...context.getHeaders(), ...this.headers },
      body: typeof content === 'string' ? content : null,
      dispatcher: this.dispatcher,
      signal: this.signal,
    });
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers))
      headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
    return { status: response.statusCode, headers, body: await response.body.text() };
  }
}
