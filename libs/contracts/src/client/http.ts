import type { Problem } from '../problem.js';
import { SluiceProblem, SluiceUnreachable } from './errors.js';

export interface ClientConfig {
  /** Where the API is: `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Bearer token. */
  readonly token: string;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch;
  /** For one request, not for the event stream. Default 30 000. */
  readonly timeoutMs?: number;
}

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends ReadOptions {
  /** The same key and body again answer the same reply. */
  readonly idempotencyKey?: string;
  /** `version` the object must still have; 412 otherwise. */
  readonly ifVersion?: number;
  readonly dryRun?: boolean;
}

/** Reads a reply's body: a zod schema is one. The dashboard, which its own server brings along, has one that trusts. */
export interface BodyReader<T> {
  safeParse(
    body: unknown,
  ):
    | { success: true; data: T }
    | { success: false; error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] } };
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  readonly options?: WriteOptions;
}

/** Sends requests and reads replies and problems; knows nothing of single resources. */
export class Http {
  readonly #config: ClientConfig;
  readonly #base: string;
  constructor(config: ClientConfig) {
    this.#config = config;
    this.#base = config.baseUrl.replace(/\/+$/, '');
  }

  /** Answers the reply's body, checked; throws `SluiceProblem` or `SluiceUnreachable`. */
  async call<T>(reader: BodyReader<T>, call: Call): Promise<T> {
    const response = await this.send(call, AbortSignal.timeout(this.#config.timeoutMs ?? 30_000));
    const text = await this.#text(response, call);
    let body: unknown;
    try {
      body = text === '' ? undefined : JSON.parse(text);
    } catch (cause) {
      throw new SluiceUnreachable(`${call.method} ${call.path}: the answer is not JSON`, { cause });
    }
    const read = reader.safeParse(body);
    if (!read.success)
      throw new SluiceUnreachable(
        `${call.method} ${call.path}: the answer has another shape: ${read.error.issues.map((issue) => `${issue.path.map(String).join('.')}: ${issue.message}`).join('; ')}`,
      );
    return read.data;
  }

  /** The raw response of a request that succeeded. `limit` ends it. */
  async send(call: Call, limit?: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const signals = [limit, call.options?.signal].filter((signal) => signal !== undefined);
    const init: RequestInit = {
      method: call.method,
      headers: { ...this.#headers(call), ...headers },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
    };
    let response: Response;
    try {
      response = await (this.#config.fetch ?? fetch)(this.#url(call), init);
    } catch (cause) {
      throw new SluiceUnreachable(`${call.method} ${this.#base}${call.path}: ${causeOf(cause)}`, { cause });
    }
    if (response.ok) return response;
    throw await this.#problem(response, call);
  }

  #url(call: Call): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...call.query, dryRun: call.options?.dryRun || undefined })) {
      if (value !== undefined) search.set(name, String(value));
    }
    return `${this.#base}${call.path}${search.size > 0 ? `?${search.toString()}` : ''}`;
  }

  #headers(call: Call): Record<string, string> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${this.#config.token}`,
      accept: 'application/json, application/problem+json',
    };
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    if (call.options?.idempotencyKey !== undefined) headers['idempotency-key'] = call.options.idempotencyKey;
    if (call.options?.ifVersion !== undefined) headers['if-match'] = `"${call.options.ifVersion}"`;
    return headers;
  }

  async #text(response: Response, call: Call): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw new SluiceUnreachable(`${call.method} ${call.path}: the answer broke off: ${causeOf(cause)}`, { cause });
    }
  }

  async #problem(response: Response, call: Call): Promise<Error> {
    const text = await this.#text(response, call);
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    const problem = problemIn(text);
    if (problem === null)
      return new SluiceUnreachable(
        `${call.method} ${call.path}: ${response.status} without a problem: ${text.slice(0, 200)}`,
      );
    return new SluiceProblem(problem, Number.isFinite(retryAfter) ? retryAfter * 1000 : null);
  }
}

/** By hand, so that a client that checks nothing else needs no schemas. */
function problemIn(text: string): Problem | null {
  try {
    const body = JSON.parse(text) as Problem | null;
    return typeof body?.type === 'string' &&
      typeof body.title === 'string' &&
      typeof body.status === 'number' &&
      typeof body.detail === 'string'
      ? body
      : null;
  } catch {
    return null;
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
