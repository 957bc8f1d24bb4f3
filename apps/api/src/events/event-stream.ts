import type { ServerResponse } from 'node:http';
import type { EventView } from '@sluice/control';

interface Parts {
  readonly socket: ServerResponse;
  /** Events after this one are sent. */
  readonly from: bigint;
  /** What is there already, in order. */
  readonly first: readonly EventView[];
  readonly read: (after: bigint, limit: number) => Promise<readonly EventView[]>;
  /** Calls back when there may be something new. */
  readonly subscribe: (listener: () => void) => () => void;
  /** False once the token is revoked or expired. */
  readonly stillAllowed: () => Promise<boolean>;
  readonly onError: (error: unknown) => void;
}

const heartbeatMs = 15_000;
const batch = 200;
/** NOTIFY may get lost behind a pooler: the table is asked this often anyway. */
const pollMs = 1_000;
/** How long a token is taken for good without asking; a revocation is an event itself, and asks at once. */
const allowedCheckMs = 5_000;

/**
 * One reader's events, in commit order and without a gap: always "everything after the last one sent" from the table,
 * woken by notifications with a poll behind them. A slow reader is waited for; nothing is buffered here beyond one batch.
 */
export class EventStream {
  private last: bigint;
  private wake: (() => void) | null = null;
  private woken = false;
  private closed = false;

  constructor(private readonly parts: Parts) {
    this.last = parts.from;
  }

  /** Ends when the reader goes away, `close` is called, the token is revoked or the database is lost. */
  async run(): Promise<void> {
    const { socket } = this.parts;
    const unsubscribe = this.parts.subscribe(() => this.poke());
    const heartbeat = setInterval(() => socket.writableNeedDrain || socket.write(': still here\n\n'), heartbeatMs);
    socket.on('close', () => this.close());
    socket.on('error', () => this.close());
    let allowedUntil = Date.now() + allowedCheckMs;
    try {
      await this.write('retry: 1000\n\n');
      let events = this.parts.first;
      while (!this.closed) {
        if (Date.now() >= allowedUntil || events.some((event) => event.type === 'token.revoked')) {
          if (!(await this.parts.stillAllowed())) break;
          allowedUntil = Date.now() + allowedCheckMs;
        }
        await this.send(events);
        if (events.length === 0) await this.rest();
        if (!this.closed) events = await this.parts.read(this.last, batch);
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

  private async send(events: readonly EventView[]): Promise<void> {
    if (events.length === 0 || this.closed) return;
    await this.write(
      events.map((event) => `id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
    );
    this.last = BigInt(events[events.length - 1]?.seq ?? this.last);
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

  /** Until poked, or the poll's time is up. */
  private async rest(): Promise<void> {
    if (!this.woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs);
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
