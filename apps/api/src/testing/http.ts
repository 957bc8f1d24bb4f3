export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** A plain HTTP request: what the typed client would never send. */
export async function request(
  url: string,
  method: string,
  path: string,
  options: {
    token?: string;
    body?: unknown;
    /** Sent as it is. */ raw?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<Reply> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const headers: Record<string, string> = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    ...options.headers,
  };
  const response = await fetch(`${url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const text = await response.text();
  let parsed: unknown = {};
  try {
    parsed = text === '' ? {} : JSON.parse(text);
  } catch {
    // not JSON: `text` has it
  }
  return { status: response.status, headers: response.headers, body: parsed as Record<string, unknown>, text };
}
