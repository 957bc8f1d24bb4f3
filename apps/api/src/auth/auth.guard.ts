import { Inject, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Tokens } from '@sluice/control';
import { Forbidden } from '@sluice/domain';
import type { FastifyRequest } from 'fastify';
import { OPERATION, type OperationSpec } from '../http/operation.js';
import { HttpProblem } from '../http/problems.js';
import { rememberCaller } from './caller.js';

const OPEN = 'sluice:open';
/** Needs no token: health, metrics. */
export const Open = (): MethodDecorator & ClassDecorator => SetMetadata(OPEN, true);

const rank = { viewer: 0, operator: 1, admin: 2 } as const;

/** Every handler is either `@Open()` or an `@Operation()` with a role; anything else is refused. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(@Inject(Tokens) private readonly tokens: Tokens) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (
      Reflect.getMetadata(OPEN, context.getHandler()) === true ||
      Reflect.getMetadata(OPEN, context.getClass()) === true
    )
      return true;
    const spec = Reflect.getMetadata(OPERATION, context.getHandler()) as OperationSpec | undefined;
    if (spec === undefined) throw new Forbidden('this path is not for callers');
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const caller = await this.tokens.authenticate(bearer(request.headers.authorization));
    if (caller === null) throw unauthenticated('The token is unknown, revoked or expired.');
    rememberCaller(request, caller);
    if (rank[caller.role] < rank[spec.role])
      throw new Forbidden(`${spec.summary}: needs the role ${spec.role}, and this token has ${caller.role}`);
    return true;
  }
}

export function bearer(header: string | undefined): string {
  const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw unauthenticated('Send the header `Authorization: Bearer <token>`.');
  return token;
}

function unauthenticated(detail: string): HttpProblem {
  return new HttpProblem('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer realm="sluice"' } });
}
