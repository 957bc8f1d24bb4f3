import { ExternalFailure, type CallOptions } from '@sluice/control';

/**
 * What goes wrong with the next calls of an `InMemoryLoadBalancer`. A counter is used up call by call; 0 = nothing.
 * `failBefore` and `dropReply` look the same to the caller: an ambiguous failure of a write.
 */
export class InMemoryFaults {
  /** Calls of any kind that are refused with `Throttling`. */
  throttle = 0;
  /** Writes that fail with `InternalFailure` and have no effect. */
  failBefore = 0;
  /** Writes that take effect and whose reply never comes (`Timeout`). */
  dropReply = 0;
  /** What reads show of actions that cannot be sent back, as paths; until emptied. */
  unknownMembers: readonly string[] = [];
  /** Calls of any kind that fail with this code and kind, for an outage: until set to null again. */
  outage: { readonly code: string; readonly kind: 'transient' | 'terminal' } | null = null;

  private gate: Promise<void> = Promise.resolve();

  /** Holds every write before its effect; answers how to let them go. */
  holdWrites(): () => void {
    let release = (): void => undefined;
    this.gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Takes the request from the caller's budget, then throws what a read has to fail with now. */
  async beforeRead(operation: string, options: CallOptions = {}): Promise<void> {
    if (options.signal?.aborted !== true) await options.take?.(operation);
    this.now(operation, options);
  }

  private now(operation: string, options: CallOptions): void {
    if (options.signal?.aborted)
      throw failure('Aborted', `${operation} was given up by the caller.`, { ambiguous: false });
    if (this.outage !== null)
      throw failure(this.outage.code, `${operation} failed with ${this.outage.code}.`, { kind: this.outage.kind });
    if (this.throttle > 0) {
      this.throttle -= 1;
      throw failure('Throttling', `${operation} failed with Throttling: Rate exceeded.`, { throttled: true });
    }
  }

  /** Throws what a write has to fail with before its effect. */
  async beforeWrite(operation: string, options: CallOptions = {}): Promise<void> {
    await this.beforeRead(operation, options);
    await this.gate;
    this.now(operation, options);
    if (this.failBefore > 0) {
      this.failBefore -= 1;
      throw failure('InternalFailure', `${operation} failed with InternalFailure.`, { ambiguous: true });
    }
  }

  /** Throws what a write has to fail with after its effect. */
  afterWrite(operation: string): void {
    if (this.dropReply === 0) return;
    this.dropReply -= 1;
    throw failure('Timeout', `${operation} failed with Timeout: AWS did not answer in time.`, { ambiguous: true });
  }
}

/** An `ExternalFailure` as the AWS adapter would throw it; transient unless said otherwise. */
export function failure(
  code: string,
  message: string,
  details: { kind?: 'transient' | 'terminal'; ambiguous?: boolean; throttled?: boolean } = {},
): ExternalFailure {
  return new ExternalFailure({ system: 'aws', kind: 'transient', code, message, ...details });
}

/** A refusal that no repetition changes. */
export function refusal(code: string, message: string): ExternalFailure {
  return failure(code, message, { kind: 'terminal' });
}
