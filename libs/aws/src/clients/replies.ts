import type { MiddlewareStack } from '@smithy/types';

/** No reply of these APIs comes near: 400 rules take about 1 MB. An endpoint of somebody's own may send anything. */
export const maxReplyBytes = 16 * 1024 * 1024;

/** Reads each reply whole, up to a bound, before anything parses it; the bytes stay with the response. */
export function boundReplies<Input extends object, Output extends object>(stack: MiddlewareStack<Input, Output>): void {
  stack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (hasBody(result.response)) result.response.body = await bytesOf(result.response.body);
      return result;
    },
    { name: 'boundReplies', step: 'deserialize', priority: 'low' },
  );
}

/** Keeps the text of the last successful reply to `command`, beside what the SDK makes of it. */
export function overhear<Input extends object, Output extends object>(command: {
  readonly middlewareStack: MiddlewareStack<Input, Output>;
}): () => string {
  let text = '';
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      if (hasBody(result.response) && result.response.body instanceof Uint8Array)
        text = new TextDecoder().decode(result.response.body);
      return result;
    },
    { name: 'overhear', step: 'deserialize', priority: 'high' }, // outside of the SDK's parser
  );
  return () => text;
}

function hasBody(response: unknown): response is { body: unknown } {
  return typeof response === 'object' && response !== null && 'body' in response;
}

async function bytesOf(body: unknown): Promise<unknown> {
  if (typeof body !== 'object' || body === null || !(Symbol.asyncIterator in body)) return body;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length > maxReplyBytes) throw new ReplyTooLarge();
  }
  return Buffer.concat(chunks);
}

/** Leaving the loop has closed the connection. */
class ReplyTooLarge extends Error {
  override readonly name = 'ReplyTooLarge';
  constructor() {
    super(
      `the reply is longer than ${maxReplyBytes} bytes, which no reply of AWS is; check the endpoint of the account`,
    );
  }
}
