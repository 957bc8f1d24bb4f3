import type { Replica } from './stack.js';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

interface Sent {
  readonly body?: unknown;
  /** In place of `body`, sent as it is. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One HTTP request as anybody could send it. Of a stream that does not end, what came within half a second. */
export async function plainRequest(
  replica: Replica,
  authorization: string,
  method: string,
  path: string,
  sent: Sent = {},
): Promise<Answer> {
  const content = sent.raw ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body));
  const headers = {
    ...(authorization === '' ? {} : { authorization }),
    ...(content === undefined ? {} : { 'content-type': 'application/json' }),
    ...sent.headers,
  };
  const reply = await fetch(`${replica.api}${path}`, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content }),
    signal: AbortSignal.timeout(30_000),
  });
  const type = reply.headers.get('content-type') ?? '';
  return {
    status: reply.status,
    type,
    text: type.startsWith('text/event-stream') ? await beginning(reply) : await reply.text(),
  };
}

async function beginning(reply: Response): Promise<string> {
  const reader = reply.body!.getReader();
  const deadline = setTimeout(() => void reader.cancel(), 500);
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read())
    text += Buffer.from(part.value as Uint8Array).toString();
  clearTimeout(deadline);
  return text;
}
