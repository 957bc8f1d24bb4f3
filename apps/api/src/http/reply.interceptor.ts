import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { InvalidInput } from '@sluice/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { OPERATION, type OperationSpec } from './operation.js';

/** ETag, Location, `no-store`, and 200 in place of 201 for a dry run. */
@Injectable()
export class ReplyInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<never>): Observable<unknown> {
    const spec = Reflect.getMetadata(OPERATION, context.getHandler()) as OperationSpec | undefined;
    if (spec === undefined) return next.handle();
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (spec.mutates === true && spec.ifMatch !== true && request.headers['if-match'] !== undefined)
      throw new InvalidInput([
        { field: 'header.if-match', message: 'cannot be held here: this call has no earlier version; leave it out' },
      ]);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    void reply.header('cache-control', 'no-store');
    return next.handle().pipe(
      map((body: never) => {
        const dryRun = (request.query as { dryRun?: unknown }).dryRun === 'true';
        if (dryRun) void reply.status(200);
        else {
          if (spec.version !== undefined) void reply.header('etag', `"${spec.version(body)}"`);
          if (spec.location !== undefined) void reply.header('location', spec.location(body));
        }
        return body;
      }),
    );
  }
}
