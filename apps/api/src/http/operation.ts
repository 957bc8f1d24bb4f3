import { HttpCode, SetMetadata, applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import type { ProblemType, Role } from '@sluice/contracts';
import { problemTypes } from '@sluice/contracts';
import type { z } from 'zod';

/** What every endpoint under /v1 declares: who may call it, what it answers, what may go wrong. */
export interface OperationSpec {
  /** operationId: `createRollout`. Also the metrics' label, so never from input. */
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** The least role that may call it. */
  readonly role: Role;
  readonly status?: 200 | 201 | 202 | 204;
  /** Of the reply's body; absent with 204 and for streams. */
  readonly reply?: z.ZodType;
  /** Shown for a reply that is no JSON. */
  readonly replyContentType?: string;
  readonly replyDescription?: string;
  /** Reply of `?dryRun=true`, always 200; absent = the same as `reply`. Needed to say so where `status` isn't 200. */
  readonly dryRunReply?: z.ZodType;
  /** Takes Idempotency-Key. Default: true for everything but GET. */
  readonly mutates?: boolean;
  /** Takes If-Match and may answer 412. */
  readonly ifMatch?: boolean;
  /** Takes a JSON body. */
  readonly body?: boolean;
  /** Asks AWS or a cluster while the caller waits: 502 and 503 may come. */
  readonly asksOutside?: boolean;
  /** A caller may have too many of it: 429 may come. */
  readonly limited?: boolean;
  /** Version of the object in the reply, for the ETag. */
  readonly version?: (reply: never) => number;
  /** Where the created object stands, for Location. */
  readonly location?: (reply: never) => string;
  /** What an Idempotency-Key's stored copy leaves out (secrets that are shown once). */
  readonly forStorage?: (reply: never) => unknown;
}

export const OPERATION = 'sluice:operation';

/** The one decorator of an endpoint: status code, role, OpenAPI. Everything that isn't declared is refused by the auth guard. */
export function Operation(spec: OperationSpec): MethodDecorator {
  const status = spec.status ?? 200;
  const decorators: (MethodDecorator | ClassDecorator)[] = [
    SetMetadata(OPERATION, spec),
    HttpCode(status),
    ApiBearerAuth(),
    ApiOperation({ operationId: spec.id, summary: spec.summary, description: describe(spec) }),
    success(status, spec),
    ...problemsOf(spec).map(problemResponse),
  ];
  if (spec.dryRunReply !== undefined)
    decorators.push(
      ApiResponse({ status: 200, description: 'With `dryRun=true`: what would be.', standardSchema: spec.dryRunReply }),
    );
  if (spec.mutates === true)
    decorators.push(
      ApiHeader({
        name: 'Idempotency-Key',
        required: false,
        description:
          'The same key and request again answer the same reply for 24 hours. 1–255 printable ASCII characters.',
        schema: { type: 'string', maxLength: 255 },
      }),
    );
  if (spec.ifMatch === true)
    decorators.push(
      ApiHeader({
        name: 'If-Match',
        required: false,
        description: 'ETag that the object must still have; never required.',
        schema: { type: 'string' },
      }),
    );
  return applyDecorators(...decorators);
}

function describe(spec: OperationSpec): string {
  return [spec.description, `Needs the role \`${spec.role}\`${spec.role === 'admin' ? '.' : ' or a higher one.'}`]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

function success(status: number, spec: OperationSpec): MethodDecorator {
  const description =
    spec.replyDescription ?? (status === 201 ? 'Created.' : status === 204 ? 'Done; no body.' : 'Done.');
  const headers =
    spec.version === undefined
      ? {}
      : {
          headers: {
            ETag: { description: 'Version of the object; give it as If-Match.', schema: { type: 'string' as const } },
          },
        };
  if (spec.replyContentType !== undefined)
    return ApiResponse({ status, description, content: { [spec.replyContentType]: { schema: { type: 'string' } } } });
  return ApiResponse({
    status,
    description,
    ...headers,
    ...(spec.reply === undefined ? {} : { standardSchema: spec.reply }),
  });
}

function problemsOf(spec: OperationSpec): ProblemType[][] {
  const problems: ProblemType[] = [
    'invalid-input',
    'unauthenticated',
    'forbidden',
    'not-found',
    'internal',
    'unavailable',
  ];
  if (spec.body === true) problems.push('malformed-body', 'body-too-large', 'unsupported-media-type');
  if (spec.mutates === true) problems.push('conflict', 'idempotency-key-in-use', 'idempotency-key-reused');
  if (spec.ifMatch === true) problems.push('precondition-failed');
  if (spec.limited === true) problems.push('too-many-requests');
  if (spec.asksOutside === true) problems.push('external-refusal', 'external-unavailable');
  const statuses = [...new Set(problems.map((type) => problemTypes[type].status))].sort((a, b) => a - b);
  return statuses.map((status) => problems.filter((type) => problemTypes[type].status === status));
}

function problemResponse(types: readonly ProblemType[]): MethodDecorator {
  const [first] = types;
  if (first === undefined) throw new Error('a problem response without a type');
  return ApiResponse({
    status: problemTypes[first].status,
    description: types.map((type) => `${problemTypes[type].title} (\`${type}\`).`).join(' '),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  });
}
