import { problemTypeBase, problemTypes, type Problem, type ProblemType } from '@sluice/contracts';
import { ExternalFailure } from '@sluice/control';
import { Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed } from '@sluice/domain';

/** A problem that only the HTTP layer knows; the rest come from the domain's errors. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(
    readonly type: ProblemType,
    detail: string,
    readonly more: Partial<Problem> & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
  }
}

export interface Answer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

function problem(
  type: ProblemType,
  detail: string,
  more: Partial<Problem> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    problem: {
      type: `${problemTypeBase}${type}`,
      title: problemTypes[type].title,
      status: problemTypes[type].status,
      detail,
      ...more,
    },
    headers,
  };
}

/** Refusals of the outside world that the use cases have explained already; it is not our state that forbids. */
const refusals: Readonly<Record<string, Pick<Problem, 'system'> | undefined>> = {
  AwsAccessDenied: { system: 'aws' },
  ClusterRefused: { system: 'kubernetes' },
};

/** Seconds a client should wait before it asks again when AWS, a cluster or Postgres did not answer. */
const retryAfter = { 'retry-after': '5' };

/** The one place that says which error is which status. An unknown one is a 500 that tells nothing of itself. */
export function answerFor(error: unknown): Answer {
  if (error instanceof HttpProblem) {
    const { headers, ...more } = error.more;
    return problem(error.type, error.message, more, headers);
  }
  if (error instanceof InvalidInput) {
    const errors = error.issues.slice(0, 100).map(({ field, message }) => ({ field, message }));
    return problem(
      'invalid-input',
      errors.length === 1 ? `${errors[0]?.field}: ${errors[0]?.message}` : `${errors.length} fields are not valid`,
      { errors },
    );
  }
  if (error instanceof NotFound) return problem('not-found', error.message);
  if (error instanceof Forbidden) return problem('forbidden', error.message);
  if (error instanceof Conflict && refusals[error.reason] !== undefined)
    return problem('external-refusal', error.message, {
      ...refusals[error.reason],
      code: typeof error.facts['code'] === 'string' ? error.facts['code'] : error.reason,
      reason: error.reason,
      facts: error.facts,
    });
  if (error instanceof Conflict)
    return problem('conflict', error.message, { reason: error.reason, facts: error.facts });
  if (error instanceof PreconditionFailed) return problem('precondition-failed', error.message, { facts: error.facts });
  if (error instanceof ExternalFailure) return externalProblem(error);
  return (
    fastifyProblem(error) ??
    databaseProblem(error) ??
    problem('internal', 'Something went wrong here. The log has the cause under this request id.')
  );
}

function externalProblem(error: ExternalFailure): Answer {
  const more = {
    system: error.system,
    code: error.code,
    ...(error.requestId === null ? {} : { facts: { externalRequestId: error.requestId } }),
  };
  const who = error.system === 'aws' ? 'AWS' : 'The cluster';
  if (error.kind === 'transient')
    return problem(
      'external-unavailable',
      `${who} did not answer (${error.code}): ${error.message}. Try again in a few seconds.`,
      more,
      retryAfter,
    );
  return problem(
    'external-refusal',
    `${who} refused (${error.code}): ${error.message}. Trying again will not help until that is put right.`,
    more,
  );
}

/** Errors of Fastify's own parsing and routing: they carry a code and a status. */
function fastifyProblem(error: unknown): Answer | null {
  if (!(error instanceof Error)) return null;
  const { code, statusCode, status } = error as Error & { code?: unknown; statusCode?: unknown; status?: unknown };
  const answered = typeof statusCode === 'number' ? statusCode : typeof status === 'number' ? status : 500;
  if (answered === 413 || code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return problem('body-too-large', 'The body is larger than 512 KiB.');
  if (answered === 415) return problem('unsupported-media-type', 'Send the body as application/json.');
  if (answered === 405) return problem('method-not-allowed', error.message);
  if (answered === 404) return problem('not-found', 'There is nothing at this path. /docs lists what there is.');
  if (answered === 414)
    return problem('invalid-input', 'The path is too long.', {
      errors: [{ field: 'path', message: 'a part of it is too long' }],
    });
  if (answered === 503)
    return problem('unavailable', 'This server is stopping. Try again: another one will answer.', {}, retryAfter);
  if (answered >= 400 && answered < 500)
    return problem('malformed-body', `The request cannot be read: ${error.message}`);
  return null;
}

const connectionCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EPIPE',
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08001',
  '08003',
  '08006',
  '53300',
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
]);

/** Postgres cannot be reached or is restarting: the caller may try again. Follows causes, for adapters wrap them. */
function databaseProblem(error: unknown): Answer | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 6; cause = cause.cause, depth += 1) {
    const { code } = cause as Error & { code?: unknown };
    if (
      (typeof code === 'string' && connectionCodes.has(code)) ||
      /connection (terminated|timeout|ended)|Can't reach database|timeout exceeded when trying to connect|DatabaseNotReachable/i.test(
        cause.message,
      )
    ) {
      return problem(
        'unavailable',
        'The database cannot be reached now. Try again in a few seconds, with an Idempotency-Key where doing it twice would matter.',
        {},
        retryAfter,
      );
    }
  }
  return null;
}
