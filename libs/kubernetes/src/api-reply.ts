/** What an API server says when it refuses: HTTP status and the fields of its `Status` object that we read. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  constructor(
    readonly httpStatus: number,
    /** `Forbidden`, `Conflict`, `NotFound` …; empty when the reply was no `Status` object. */
    readonly reason: string,
    message: string,
    readonly causes: readonly ApiCause[] = [],
    /** The object the server speaks about; null when it speaks about the path itself (resource not served). */
    readonly about: { readonly kind: string; readonly name: string } | null = null,
    readonly retryAfterSeconds: number | null = null,
  ) {
    super(message);
  }
}

export interface ApiCause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Characters of a server's own words that are kept: enough for every webhook, little enough for a log line. */
const longestMessage = 2_000;
const longestText = 300;

/** Reads the body of a reply with a status of 400 or more; bodies that are no `Status` object are kept as text (300 characters). */
export function parseApiRefusal(httpStatus: number, body: string, retryAfter: string | undefined): ApiRefusal {
  const status = asStatus(body);
  const seconds = Number(retryAfter ?? textOf(status?.['details'], 'retryAfterSeconds'));
  const retryAfterSeconds = Number.isFinite(seconds) && seconds > 0 ? seconds : null;
  if (status === null) {
    const text = body.trim().slice(0, longestText);
    return new ApiRefusal(
      httpStatus,
      '',
      text === '' ? `HTTP ${httpStatus} without a body` : text,
      [],
      null,
      retryAfterSeconds,
    );
  }
  const name = textOf(status['details'], 'name');
  return new ApiRefusal(
    httpStatus,
    textOf(status, 'reason'),
    textOf(status, 'message').slice(0, longestMessage) || `HTTP ${httpStatus}`,
    causesOf(status['details']),
    name === '' ? null : { kind: textOf(status['details'], 'kind'), name },
    retryAfterSeconds,
  );
}

function asStatus(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) && value['kind'] === 'Status' ? value : null;
  } catch {
    return null;
  }
}

function causesOf(details: unknown): ApiCause[] {
  const causes = isRecord(details) ? details['causes'] : undefined;
  if (!Array.isArray(causes)) return [];
  return causes.map((cause: unknown) => ({
    reason: textOf(cause, 'reason'),
    message: textOf(cause, 'message'),
    field: textOf(cause, 'field'),
  }));
}

/** Whether a value is a plain JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of a JSON object as text: strings as they are, numbers printed, anything else empty. */
export function textOf(value: unknown, key: string): string {
  const field = isRecord(value) ? value[key] : undefined;
  if (typeof field === 'string') return field;
  return typeof field === 'number' ? String(field) : '';
}
