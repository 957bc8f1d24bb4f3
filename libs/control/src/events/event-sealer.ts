import type { Timer, Timers } from '../ports/timers.js';
import type { Signals } from '../rollouts/rollout-store.js';
import type { HeldSealingRight, SealingRight } from './event-store.js';

/** Between two batches: an event waits this long for its number at most, and a busy installation numbers this often. */
const batchMs = 50;
/** Behind a lost notification stands this; all that an idle installation costs is one question in this time. */
const idleMs = 1_000;
/** After a failure, before the right is asked for again. */
const retryMs = 1_000;
/** Of one batch: a statement stays short whatever has piled up. */
const most = 1_000;

export interface SealerLog {
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Numbers committed events while this process has the right to. Runs in every worker; all but one of them wait. */
export class EventSealer {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private poked = false;
  private wake: (() => void) | null = null;

  constructor(
    private readonly parts: {
      readonly right: SealingRight;
      readonly signals: Signals;
      readonly timers: Timers;
      readonly log: SealerLog;
    },
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Numbers what has committed by now and hands the right over. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    const { right, signals, log } = this.parts;
    const unsubscribe = signals.on('outbox', () => this.poke());
    while (!this.stopping.signal.aborted) {
      try {
        const held = await right.take(this.stopping.signal);
        if (held) await this.hold(held).finally(() => held.release());
      } catch (error) {
        if (this.stopping.signal.aborted) break;
        log.warn('events could not be numbered, so nobody is told of them until it works again; it is tried again', {
          error,
        });
        await this.rest(retryMs);
      }
    }
    unsubscribe();
  }

  private async hold(held: HeldSealingRight): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.poked = false;
      if ((await held.seal(most)) === most) continue;
      await this.rest(batchMs);
      if (!this.poked) await this.rest(idleMs - batchMs, 'or when poked');
    }
    await held.seal(most);
  }

  private poke(): void {
    this.poked = true;
    this.wake?.();
  }

  /** Until the time is up, or `stop` is called. */
  private rest(ms: number, orWhenPoked?: 'or when poked'): Promise<void> {
    if (this.stopping.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer: Timer = this.parts.timers.after(ms, () => end());
      const end = () => {
        timer.cancel();
        this.wake = null;
        resolve();
      };
      this.wake = () => (orWhenPoked || this.stopping.signal.aborted) && end();
    });
  }
}
