import type { ServerResponse } from 'node:http';
import type { EventBatch, EventView } from '@sluice/control';

interface Parts {
  readonly socket: ServerResponse;
  /** What is there already; it goes on from its `upTo`. */
  readonly first: EventBatch;
  readonly read: (after: bigint, limit: number) => Promise<EventBatch>;
  /** Calls back when there is something new. */
  readonly subscribe: (listener: () => void) => () => void;
  /** False once the token is revoked or expired; `now`: whatever was known a moment ago. Asked at least every `checkMs`. */
  readonly stillAllowed: (now: boolean) => Promise<boolean>;
  readonly checkMs: number;
  /** Of the token's revocation. */
  readonly revocation: string;
  readonly onError: (error: unknown) => void;
}

const heartbeatMs = 15_000;
const batch = 200;

/**
 * One reader's events, in order and without a gap: always "everything after the last one sent". A slow reader is waited for;
 * nothing is buffered here beyond one batch.
 */
export class EventStream {
  private wake: (() => void) | null = null;
  /** Reads once more before the first rest: something may have come between `first` and the subscription. */
  private woken = true;
  private closed = false;

  constructor(private readonly parts: Parts) {}

  /** Ends when the reader goes away, `close` is called, the token is revoked or the database is lost. */
  async run(): Promise<void> {
    const { socket } = this.parts;
    const unsubscribe = this.parts.subscribe(() => this.poke());
    const heartbeat = setInterval(() => socket.writableNeedDrain || socket.write(': still here\n\n'), heartbeatMs);
    socket.on('close', () => this.close());
    socket.on('error', () => this.close());
    try {
      await this.write('retry: 1000\n\n');
      for (let next = this.parts.first; !this.closed; next = await this.parts.read(next.upTo, batch)) {
        if (!(await this.parts.stillAllowed(next.events.some((event) => this.revokes(event))))) break;
        await this.send(next.events);
        if (next.events.length === 0) await this.rest();
        if (this.closed) break;
      }
    } catch (error) {
      if (!this.closed) this.parts.onError(error);
    } finally {
      this.closed = true;
      unsubscribe();
      clearInterval(heartbeat);
      socket.end();
    }
  }

  close(): void {
    this.closed = true;
    this.poke();
    this.parts.socket.end();
  }

  private revokes(event: EventView): boolean {
    return event.type === 'token.changed' && event.subject === this.parts.revocation;
  }

  private async send(events: readonly EventView[]): Promise<void> {
    if (events.length === 0 || this.closed) return;
    await this.write(
      events.map((event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
    );
  }

  /** Resolves once the socket takes more, or has ended. */
  private async write(text: string): Promise<void> {
    const { socket } = this.parts;
    if (socket.destroyed || socket.writableEnded || socket.write(text)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }

  /** Until poked, or the token is to be asked about again. */
  private async rest(): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.parts.checkMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.wake = null;
    this.woken = false;
  }

  private poke(): void {
    this.woken = true;
    this.wake?.();
  }
}
