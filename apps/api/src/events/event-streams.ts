import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Events, Timers, Tokens, type AuthenticatedCaller } from '@sluice/control';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { bearer } from '../auth/auth.guard.js';
import { Metrics } from '../health/metrics.js';
import { HttpProblem } from '../http/problems.js';
import { EventStream } from './event-stream.js';
import { StreamTokens } from './stream-tokens.js';

/** Far more than operators have pages open; each stream holds a socket. */
const mostStreams = 500;
/** So that no one viewer takes them all. */
const mostPerToken = 20;

const retryAfter = { 'retry-after': '5' };

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

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
  /** Of each token; a token without an open stream isn't here. */
  private readonly open_ = new Map<string, Set<EventStream>>();
  private readonly allowed: StreamTokens;
  private closing = false;

  constructor(
    @Inject(Events) private readonly events: Events,
    @Inject(Tokens) tokens: Tokens,
    @Inject(Timers) timers: Timers,
    @Inject(Metrics) private readonly metrics: Metrics,
    @Inject(PinoLogger) private readonly logger: PinoLogger,
  ) {
    this.logger.setContext('events');
    this.allowed = new StreamTokens(tokens, timers);
  }

  /** What `open` would begin with, and no stream. */
  head({ reply }: Pick<Opening, 'reply'>): void {
    void reply.headers(streamHeaders).send();
  }

  /** Takes the socket over and streams until either side ends it. What fails before the first byte is a problem reply. */
  async open({ caller, projectId, after, request, reply }: Opening): Promise<void> {
    const from = after ?? (await this.events.latest());
    const first = await this.events.after(caller, from, 100, projectId);
    this.refuseTooMany(caller);
    const secret = bearer(request.headers.authorization);
    const stream = new EventStream({
      socket: reply.raw,
      first,
      read: (seq, limit) => this.events.after(caller, seq, limit, projectId),
      subscribe: (listener) => this.events.subscribe(listener),
      stillAllowed: (now) => this.allowed.stillAllowed(caller.tokenId, secret, now),
      checkMs: this.allowed.goodForMs,
      revocation: `token/${caller.tokenId}`,
      onError: (err) => this.logger.warn({ err }, 'an event stream lost the database; its reader will connect again'),
    });
    reply.hijack();
    reply.raw.writeHead(200, { ...streamHeaders, 'x-request-id': request.id });
    this.add(caller.tokenId, stream);
    void stream.run().finally(() => this.remove(caller.tokenId, stream));
  }

  beforeApplicationShutdown(): void {
    this.closing = true;
    for (const streams of this.open_.values()) for (const stream of streams) stream.close();
  }

  private refuseTooMany({ tokenId }: AuthenticatedCaller): void {
    if ((this.open_.get(tokenId)?.size ?? 0) >= mostPerToken)
      throw new HttpProblem(
        'too-many-requests',
        `This token has ${mostPerToken} event streams open at this server, which is the most. Close one of them, or use another token.`,
        { headers: retryAfter },
      );
    if (this.closing || this.count() >= mostStreams)
      throw new HttpProblem('unavailable', 'This server takes no more event streams now. Try again in a few seconds.', {
        headers: retryAfter,
      });
  }

  private count(): number {
    return [...this.open_.values()].reduce((sum, streams) => sum + streams.size, 0);
  }

  private add(tokenId: string, stream: EventStream): void {
    const streams = this.open_.get(tokenId) ?? new Set();
    this.open_.set(tokenId, streams.add(stream));
    this.metrics.eventStreams.set(this.count());
  }

  private remove(tokenId: string, stream: EventStream): void {
    const streams = this.open_.get(tokenId);
    streams?.delete(stream);
    if (streams?.size === 0) {
      this.open_.delete(tokenId);
      this.allowed.forget(tokenId);
    }
    this.metrics.eventStreams.set(this.count());
  }
}
