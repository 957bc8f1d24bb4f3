import { createHash } from 'node:crypto';
import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { IdempotencyStore } from '@sluice/control';
import { InvalidInput } from '@sluice/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { catchError, from, mergeMap, of, throwError, type Observable } from 'rxjs';
import { callerOf } from '../auth/caller.js';
import { OPERATION, type OperationSpec } from './operation.js';
import { HttpProblem } from './problems.js';

const keptHeaders = ['etag', 'location'];

/** With an Idempotency-Key a mutation runs once: its reply is kept and given again. Errors are not kept: they may be tried again. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(@Inject(IdempotencyStore) private readonly store: IdempotencyStore) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const spec = Reflect.getMetadata(OPERATION, context.getHandler()) as OperationSpec | undefined;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (spec?.mutates !== true || key === undefined) return next.handle();
    const checked = checkKey(key);
    const { tokenId } = callerOf(request);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.store.begin(tokenId, checked, hashOf(request))).pipe(
      mergeMap((begun) => {
        if (begun.result === 'inProgress')
          return throwError(
            () =>
              new HttpProblem(
                'idempotency-key-in-use',
                'The first request with this Idempotency-Key has not ended yet. Try again in a moment.',
                { headers: { 'retry-after': '1' } },
              ),
          );
        if (begun.result === 'mismatch')
          return throwError(
            () =>
              new HttpProblem(
                'idempotency-key-reused',
                'This Idempotency-Key was used for a request with another method, path or body. Use a new key for a new request.',
              ),
          );
        if (begun.result === 'replay') {
          void reply.status(begun.reply.status).headers({ ...begun.reply.headers, 'idempotency-replayed': 'true' });
          return of(begun.reply.body ?? undefined);
        }
        return this.run(next, spec, tokenId, checked, reply);
      }),
    );
  }

  private run(
    next: CallHandler,
    spec: OperationSpec,
    tokenId: string,
    key: string,
    reply: FastifyReply,
  ): Observable<unknown> {
    return next.handle().pipe(
      mergeMap(async (body: unknown) => {
        const stored = spec.forStorage === undefined ? body : spec.forStorage(body as never);
        await this.store.finish(tokenId, key, {
          status: reply.statusCode,
          body: stored ?? null,
          headers: headersOf(reply),
        });
        return body;
      }),
      catchError((error: unknown) =>
        from(this.store.abandon(tokenId, key).catch(() => undefined)).pipe(mergeMap(() => throwError(() => error))),
      ),
    );
  }
}

function checkKey(key: string | readonly string[]): string {
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new InvalidInput([
    { field: 'header.idempotency-key', message: 'must be 1–255 printable ASCII characters without blanks, once' },
  ]);
}

function hashOf(request: FastifyRequest): string {
  const parts = [
    request.method,
    request.raw.url ?? '',
    request.headers['if-match'] ?? '',
    JSON.stringify(canonical(request.body)),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** The same object whatever the order of its keys. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, canonical(inner)]),
  );
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    keptHeaders.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
  );
}
