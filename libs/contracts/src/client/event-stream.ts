import type { Event } from '../events.js';
import { SluiceProblem, SluiceUnreachable } from './errors.js';
import type { BodyReader, Http } from './http.js';

/** One message of an event stream; `id` is what the server named it, '' = none. */
export interface StreamMessage {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** Cuts a text/event-stream into messages, whatever the chunks; comments keep the connection alive and give nothing. */
export class EventStreamParser {
  #rest = '';
  #id = '';
  #event = '';
  #data: string[] = [];

  push(chunk: string): StreamMessage[] {
    const messages: StreamMessage[] = [];
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) messages.push({ id: this.#id, event: this.#event, data: this.#data.join('\n') });
        this.#event = '';
        this.#data = [];
      } else if (!line.startsWith(':')) this.#field(line);
    }
    return messages;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.#data.push(value);
    else if (name === 'event') this.#event = value;
    else if (name === 'id') this.#id = value;
  }
}

export interface EventsOptions {
  readonly projectId?: string;
  /** Resume after this `seq`; '0' = from the first event kept; default: from now. */
  readonly after?: string;
  readonly signal?: AbortSignal;
  /** Told at every (re)connection and loss, for a "live" lamp. */
  readonly onState?: (state: 'open' | 'lost') => void;
}

/** The server sends a heartbeat every 15 s: three missed ones are a dead connection. */
const silenceMs = 45_000;
const longestBackoffMs = 10_000;

/** Every event in order, each once, across reconnections; ends when `signal` is aborted; throws when the server refuses (4xx). */
export async function* followEvents(
  http: Http,
  reader: BodyReader<Event>,
  options: EventsOptions,
): AsyncGenerator<Event, void, void> {
  let last = options.after;
  let backoffMs = 250;
  while (!aborted(options.signal)) {
    try {
      for await (const event of connect(http, reader, options, last)) {
        last = event.seq;
        backoffMs = 250;
        yield event;
      }
    } catch (error) {
      if (aborted(options.signal)) return;
      if (error instanceof SluiceProblem && error.status < 500 && error.status !== 429) throw error;
    }
    if (aborted(options.signal)) return;
    options.onState?.('lost');
    await pause(backoffMs, options.signal);
    backoffMs = Math.min(backoffMs * 2, longestBackoffMs);
  }
}

async function* connect(
  http: Http,
  reader: BodyReader<Event>,
  options: EventsOptions,
  last: string | undefined,
): AsyncGenerator<Event, void, void> {
  const silence = new AbortController();
  const stop = options.signal === undefined ? silence.signal : AbortSignal.any([silence.signal, options.signal]);
  let timer = setTimeout(() => silence.abort(), silenceMs);
  try {
    const headers = { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) };
    const response = await http.send(
      { method: 'GET', path: '/v1/events', query: { projectId: options.projectId } },
      stop,
      headers,
    );
    if (response.body === null) throw new SluiceUnreachable('GET /v1/events: the answer has no body');
    options.onState?.('open');
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const chunks: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await chunks.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silenceMs);
        for (const message of parser.push(decoder.decode(value, { stream: true }))) yield eventIn(message, reader);
      }
    } finally {
      await chunks.cancel().catch(() => undefined);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

function eventIn(message: StreamMessage, reader: BodyReader<Event>): Event {
  const read = reader.safeParse(JSON.parse(message.data));
  if (!read.success) throw new SluiceUnreachable(`GET /v1/events: event ${message.id} has another shape`);
  return read.data;
}

/** A function, so that the answer is asked anew each time. */
function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}
