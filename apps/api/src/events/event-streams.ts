import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Events, Tokens, type AuthenticatedCaller } from '@sluice/control';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { bearer } from '../auth/auth.guard.js';
import { Metrics } from '../health/metrics.js';
import { HttpProblem } from '../http/problems.js';
import { EventStream } from './event-stream.js';

/** Far more than operators have pages open; each stream holds a socket and asks the database when something happens. */
const mostStreams = 500;

interface Opening {
  readonly caller: AuthenticatedCaller;
  readonly projectId: string | null;
  readonly after: bigint | null;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Every open event stream of this server. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  private readonly open_ = new Set<EventStream>();
  private closing = false;

  constructor(
    @Inject(Events) private readonly events: Events,
    @Inject(Tokens) private readonly tokens: Tokens,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(PinoLogger) private readonly logger: PinoLogger,
  ) {
    this.logger.setContext('events');
  }

  /** Takes the socket over and streams until either side ends it. What fails before the first byte is a problem reply. */
  async open({ caller, projectId, after, request, reply }: Opening): Promise<void> {
    if (this.closing || this.open_.size >= mostStreams)
      throw new HttpProblem('unavailable', 'This server takes no more event streams now. Try again in a few seconds.', {
        headers: { 'retry-after': '5' },
      });
    const from = after ?? (await this.events.latest());
    const first = await this.events.after(caller, from, 100, projectId);
    const secret = bearer(request.headers.authorization);
    const stream = new EventStream({
      socket: reply.raw,
      from,
      first,
      read: (seq, limit) => this.events.after(caller, seq, limit, projectId),
      subscribe: (listener) => this.events.subscribe(listener),
      stillAllowed: async () => (await this.tokens.authenticate(secret)) !== null,
      onError: (err) => this.logger.warn({ err }, 'an event stream lost the database; its reader will connect again'),
    });
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'x-request-id': request.id,
    });
    this.open_.add(stream);
    this.metrics.eventStreams.set(this.open_.size);
    void stream.run().finally(() => {
      this.open_.delete(stream);
      this.metrics.eventStreams.set(this.open_.size);
    });
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const stream of this.open_) stream.close();
  }
}
