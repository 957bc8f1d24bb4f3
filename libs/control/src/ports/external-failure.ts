/**
 * The outside world failed. Thrown by adapters only.
 * `transient`: the same call may work later (throttling, 5xx, timeouts, connection refused);
 * `terminal`: it will not until somebody changes something (AccessDenied, NotFound of a thing we were told exists …).
 * `ambiguous`: a write that may or may not have taken effect (timeout, reset after sending): settle by reading.
 * `throttled`: the peer refused the call for its rate, whatever it calls that: send less.
 */
export class ExternalFailure extends Error {
  override readonly name = 'ExternalFailure';
  readonly system: 'aws' | 'kubernetes';
  readonly kind: 'transient' | 'terminal';
  /** The peer's own code, unchanged: `Throttling`, `RuleNotFound`, `Forbidden`, `ECONNREFUSED`, `Timeout` … */
  readonly code: string;
  readonly ambiguous: boolean;
  readonly throttled: boolean;
  /** AWS request id or similar, for support cases. */
  readonly requestId: string | null;
  constructor(
    details: {
      system: 'aws' | 'kubernetes';
      kind: 'transient' | 'terminal';
      code: string;
      message: string;
      ambiguous?: boolean;
      throttled?: boolean;
      requestId?: string | null;
    },
    options?: ErrorOptions,
  ) {
    super(details.message, options);
    this.system = details.system;
    this.kind = details.kind;
    this.code = details.code;
    this.ambiguous = details.ambiguous ?? false;
    this.throttled = details.throttled ?? false;
    this.requestId = details.requestId ?? null;
  }
}
