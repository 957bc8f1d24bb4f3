import { ExternalFailure } from '@sluice/control';
import {
  clockSkew,
  isCertificateCode,
  isClockSkew,
  isThrottle,
  meaningOfCode,
  neverSent,
  type CodeMeaning,
} from './codes.js';

/** One call as a person would name it: `ModifyRule` of `arn:…`. */
export interface Attempt {
  readonly operation: string;
  readonly subject: string;
  readonly writes: boolean;
  /** How far it came: waiting for its turn in the API budget, getting credentials, or sending. */
  readonly stage: 'budget' | 'credentials' | 'call';
  /** Why our own signal ended the call, if it did. */
  readonly ended: 'deadline' | 'caller' | null;
}

const stages = { budget: 'Waiting in the API budget for ', credentials: 'Getting credentials for ', call: '' } as const;

interface Seen {
  readonly code: string;
  readonly says: string;
  readonly status: number | null;
  readonly requestId: string | null;
}

/**
 * Any error of the SDK as the one failure that the port may throw. AWS's code is kept as it was on the wire.
 * Unknown codes: 5xx transient, 4xx terminal. A write is ambiguous unless AWS answered that it refused it (4xx) or the
 * request cannot have been sent.
 */
export function toExternalFailure(error: unknown, attempt: Attempt): ExternalFailure {
  if (error instanceof ExternalFailure) return error;
  const seen = look(error, attempt);
  const meaning = meaningOf(seen);
  const what = `${stages[attempt.stage]}${attempt.operation}`;
  const says = seen.says === '' || seen.says === seen.code ? '' : `: ${seen.says}`;
  const message = `${what} (${attempt.subject}) failed with ${seen.code}${says}`.replace(/[\s.]+$/, '');
  return new ExternalFailure(
    {
      system: 'aws',
      kind: meaning.kind,
      code: seen.code,
      message: meaning.advice === undefined ? `${message}.` : `${message}. ${meaning.advice}`,
      throttled: isThrottle(seen.code) || seen.status === 429,
      ambiguous: attempt.writes && attempt.stage === 'call' && !meaning.refused,
      requestId: seen.requestId,
    },
    { cause: error },
  );
}

/** Whether a failure says that the temporary credentials ran out (both spellings that AWS uses). */
export function isExpiredToken(error: unknown): boolean {
  const code = wireCode(error);
  return code === 'ExpiredToken' || code === 'ExpiredTokenException';
}

function look(error: unknown, attempt: Attempt): Seen {
  const status = numberAt(error, '$metadata', 'httpStatusCode');
  const requestId = textAt(error, '$metadata', 'requestId') ?? textAt(error, 'RequestId') ?? null;
  const says = (textAt(error, 'message') ?? String(error)).split('\n')[0]?.slice(0, 500) ?? '';
  const code = wireCode(error);
  if (code !== null) return { code, says, status, requestId };
  if (attempt.ended === 'deadline')
    return { code: 'Timeout', says: 'the deadline of the call passed before AWS answered', status: null, requestId };
  if (attempt.ended === 'caller')
    return { code: 'Aborted', says: 'the caller gave up before AWS answered', status: null, requestId };
  const system = textAt(error, 'code');
  if (system === 'ETIMEDOUT') return { code: 'Timeout', says: 'AWS did not answer in time', status: null, requestId };
  if (system !== null) return { code: system, says, status: null, requestId };
  if (textAt(error, 'name') === 'TimeoutError')
    // never one of connecting: our agents say that by a code
    return { code: 'Timeout', says: 'AWS did not answer in time', status: null, requestId };
  if (status === null) return { code: textAt(error, 'name') ?? 'Error', says, status, requestId };
  if (status < 300)
    return {
      code: 'UnreadableReply',
      says: 'the reply was not what AWS sends; a proxy may be answering in its place',
      status,
      requestId,
    };
  return {
    code: `Http${status}`,
    says: 'the reply carried no AWS error code; a proxy may be answering in its place',
    status,
    requestId,
  };
}

function meaningOf(seen: Seen): CodeMeaning {
  const known = isClockSkew(seen.code, seen.says) ? clockSkew : meaningOfCode(seen.code);
  if (known !== null) return known;
  if (isCertificateCode(seen.code)) {
    return {
      kind: 'terminal',
      refused: true,
      advice: 'The certificate of the endpoint is not trusted; check the endpoint of the account.',
    };
  }
  const refused = seen.status !== null && seen.status >= 400 && seen.status < 500;
  return {
    kind: refused && seen.status !== 429 ? 'terminal' : 'transient',
    refused: refused || neverSent.has(seen.code),
  };
}

/** The SDK names modelled errors `XException` and keeps the wire's own spelling in `Code`; others have it in `name`. */
function wireCode(error: unknown): string | null {
  const code = textAt(error, 'Code');
  if (code !== null) return code;
  const name = textAt(error, 'name');
  const unmodelled =
    name !== null && textAt(error, '$fault') !== null && numberAt(error, '$metadata', 'httpStatusCode') !== null;
  return unmodelled && textAt(error, 'Error', 'Code') !== null ? name : null;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

function textAt(value: unknown, ...path: string[]): string | null {
  const found = at(value, path);
  return typeof found === 'string' ? found : null;
}

function numberAt(value: unknown, ...path: string[]): number | null {
  const found = at(value, path);
  return typeof found === 'number' ? found : null;
}
