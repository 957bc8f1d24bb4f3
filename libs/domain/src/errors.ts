import type { ConflictReason } from './reasons.js';

/** One thing wrong with what was sent: a JSON-pointer-like path (`steps.0.shares`) and what to do about it. */
export interface FieldIssue {
  readonly field: string;
  readonly message: string;
}

/** The request cannot be understood or can never work: 4xx, names every field that is wrong. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  constructor(readonly issues: readonly FieldIssue[]) {
    super(issues.map((issue) => `${issue.field}: ${issue.message}`).join('; '));
  }
}

/** What was asked for does not exist (for this caller). Never used for an outage. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
  constructor(
    readonly what: string,
    readonly id: string,
  ) {
    super(`${what} ${id} does not exist, or this token may not see it`);
  }
}

/** The request was fine but the present state forbids it; `facts` say what is there now. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
  constructor(
    readonly reason: ConflictReason,
    message: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** If-Match or an `expected` value did not hold. */
export class PreconditionFailed extends Error {
  override readonly name = 'PreconditionFailed';
  constructor(
    message: string,
    readonly facts: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

/** The caller is known and may not do this. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}
