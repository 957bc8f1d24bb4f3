import type { Problem } from '../problem.js';

/** The server answered with a problem. */
export class SluiceProblem extends Error {
  override readonly name = 'SluiceProblem';
  /** `retryAfterMs` stands in replies that may work later. */
  constructor(
    readonly problem: Problem,
    readonly retryAfterMs: number | null = null,
  ) {
    const fields = (problem.errors ?? []).map((error) => `${error.field}: ${error.message}`);
    super(fields.length > 1 ? `${problem.detail}: ${fields.join('; ')}` : problem.detail);
  }
  get status(): number {
    return this.problem.status;
  }
  /** Last part of the type's URI: `conflict`, `not-found` … */
  get kind(): string {
    return this.problem.type.slice(this.problem.type.lastIndexOf('/') + 1);
  }
}

/** The server could not be reached, or what it answered is not what this client understands. */
export class SluiceUnreachable extends Error {
  override readonly name = 'SluiceUnreachable';
}
