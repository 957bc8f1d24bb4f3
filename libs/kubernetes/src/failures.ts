import { ExternalFailure, type ClusterAccess } from '@sluice/control';
import { ApiRefusal } from './api-reply.js';
import { NoReply } from './bounded-http.js';

/** What was going on, for messages: `reading Service red-ns/red-service`. */
export type Doing = string;

/**
 * Turns whatever a call threw into an `ExternalFailure` with the peer's own code: the reply's `reason`, the socket's
 * error code, or `Timeout`. Bearer tokens never reach the message.
 */
export function toFailure(error: unknown, access: ClusterAccess, doing: Doing): ExternalFailure {
  if (error instanceof ExternalFailure) return error;
  const facts = error instanceof ApiRefusal ? fromRefusal(error) : fromSilence(error);
  const message = withoutSecrets(`Cluster ${access.name} (${access.server}), ${doing}: ${facts.message}`, access);
  return new ExternalFailure({ system: 'kubernetes', ...facts, message });
}

interface FailureFacts {
  readonly kind: 'transient' | 'terminal';
  readonly code: string;
  readonly message: string;
  readonly ambiguous?: boolean;
}

/** What Kubernetes calls these statuses, for replies without a `Status` object. */
const usualReasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function fromRefusal(refusal: ApiRefusal): FailureFacts {
  const status = refusal.httpStatus;
  const code = refusal.reason || (usualReasons[status] ?? `Http${status}`);
  const wait = refusal.retryAfterSeconds === null ? '' : ` It asks to wait ${refusal.retryAfterSeconds} s.`;
  const said = `HTTP ${status}: ${refusal.message}`;
  if (status < 400) {
    return {
      kind: 'terminal',
      code: 'Redirect',
      message: `HTTP ${status}, a redirect. Redirects are not followed: give the API server's own address.`,
    };
  }
  if (status === 401) {
    return {
      kind: 'terminal',
      code,
      message: `${said}. The API server does not accept our credentials: they expired or were withdrawn; give new ones.`,
    };
  }
  if (status === 403) {
    return {
      kind: 'terminal',
      code,
      message: `${said}. Grant what is missing to this user (RBAC), then check the cluster again.`,
    };
  }
  if (status === 404 && refusal.about === null) {
    return {
      kind: 'terminal',
      code,
      message: `${said}. It does not serve what was asked. Is this the address of an API server, and are the CRDs of TargetGroupBindings installed there? A check of the cluster tells which it serves.`,
    };
  }
  const transient = status >= 500 || status === 429 || status === 408 || status === 409 || status === 410;
  return {
    kind: transient ? 'transient' : 'terminal',
    code,
    message: `${said}.${wait}`,
    ambiguous: status === 500 || status === 502 || status === 504,
  };
}

const certificateCodes =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|ERR_OSSL|ERR_SSL|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;
const neverSent = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function fromSilence(error: unknown): FailureFacts {
  const write = error instanceof NoReply && error.write;
  const cause = error instanceof NoReply ? error.cause : error;
  const name = propertyOf(cause, 'name');
  const code = codeOf(cause);
  const text = propertyOf(cause, 'message') || String(cause);
  if (name === 'TimeoutError')
    return { kind: 'transient', code: 'Timeout', message: 'no answer in time.', ambiguous: write };
  if (name === 'AbortError')
    return {
      kind: 'transient',
      code: 'Aborted',
      message: 'the call was given up before its answer.',
      ambiguous: write,
    };
  if (certificateCodes.test(code)) {
    return {
      kind: 'terminal',
      code,
      message: `TLS failed (${text}). Compare the cluster's CA, the server address and tlsServerName with the API server's certificate.`,
    };
  }
  if (neverSent.has(code)) return { kind: 'transient', code, message: `not reachable (${text || code}).` };
  return { kind: 'transient', code: code || 'NoReply', message: `the connection broke (${text}).`, ambiguous: write };
}

/** Read by property: errors of sockets may come from another realm, where `instanceof Error` is false. */
function propertyOf(error: unknown, key: string): string {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : '';
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return propertyOf(error, 'code') || codeOf(Reflect.get(error, 'cause'));
}

function withoutSecrets(text: string, access: ClusterAccess): string {
  return access.auth.kind === 'token' && access.auth.token !== '' ? text.replaceAll(access.auth.token, '***') : text;
}
