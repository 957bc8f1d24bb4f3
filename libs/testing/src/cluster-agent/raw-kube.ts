import { Agent, request } from 'undici';

/** A reply as it came over the wire. */
export interface RawReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON; text that is no JSON stays text. */
  // any: tests look at replies of every shape, good and bad
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

export interface RawOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  /** Bearer token instead of the usual one; null = none. */
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export const patchTypes = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
} as const;

/** Plain HTTP to an API server, for preparing clusters and looking at what they really answer. */
export class RawKube {
  private readonly agent: Agent;

  constructor(
    readonly server: string,
    caPem: string,
    private readonly token: string,
  ) {
    this.agent = new Agent({ connect: { ca: caPem, rejectUnauthorized: true }, keepAliveTimeout: 2_000 });
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: RawOptions = {},
  ): Promise<RawReply> {
    const token = options.token === undefined ? this.token : options.token;
    const response = await request(`${this.server}${path}`, {
      method,
      dispatcher: this.agent,
      headers: {
        ...options.headers,
        accept: options.accept ?? 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(options.body === undefined ? {} : { 'content-type': options.contentType ?? 'application/json' }),
      },
      body:
        options.body === undefined
          ? null
          : typeof options.body === 'string'
            ? options.body
            : JSON.stringify(options.body),
      headersTimeout: 20_000,
      bodyTimeout: 20_000,
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, body: parsed(text) };
  }

  /** Sends and throws, with the server's words, unless it succeeds. */
  async must(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: RawOptions = {},
  ): Promise<RawReply['body']> {
    const reply = await this.send(method, path, options);
    if (reply.status >= 300) throw new Error(`${method} ${path}: HTTP ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  }

  /** Server-side apply; the reply as it is. */
  apply(
    path: string,
    manager: string,
    body: unknown,
    options: { readonly force?: boolean; readonly dryRun?: boolean } = {},
  ): Promise<RawReply> {
    const query = new URLSearchParams({
      fieldManager: manager,
      force: String(options.force ?? false),
      ...(options.dryRun === true ? { dryRun: 'All' } : {}),
    });
    return this.send('PATCH', `${path}?${query.toString()}`, { body, contentType: patchTypes.apply });
  }

  /** Opens a watch; `next` gives one event after the other, `close` ends it. */
  async watch(path: string, token: string = this.token): Promise<RawWatch> {
    const abort = new AbortController();
    const response = await request(`${this.server}${path}`, {
      dispatcher: this.agent,
      signal: abort.signal,
      headersTimeout: 20_000,
      bodyTimeout: 0,
      headers: { accept: 'application/json', authorization: `Bearer ${token}` },
    });
    const lines = linesOf(response.body)[Symbol.asyncIterator]();
    return {
      status: response.statusCode,
      next: async () => {
        const { value, done } = await lines.next();
        return done === true ? null : JSON.parse(value);
      },
      close: () => abort.abort(),
    };
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

export interface RawWatch {
  readonly status: number;
  /** null once the server has ended the watch. */
  next(): Promise<{ readonly type: string; readonly object: RawReply['body'] } | null>;
  close(): void;
}

async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    rest += chunk.toString('utf8');
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
