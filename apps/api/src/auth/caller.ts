import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { AuthenticatedCaller } from '@sluice/control';
import { InvalidInput } from '@sluice/domain';
import type { FastifyRequest } from 'fastify';

const callers = new WeakMap<FastifyRequest, AuthenticatedCaller>();

export function rememberCaller(request: FastifyRequest, caller: AuthenticatedCaller): void {
  callers.set(request, caller);
}

/** Who sent this request; the auth guard has seen to it that there is somebody. */
export function callerOf(request: FastifyRequest): AuthenticatedCaller {
  const caller = callers.get(request);
  if (caller === undefined) throw new Error('a handler asked for the caller of a request that was not authenticated');
  return caller;
}

/** The authenticated caller, as a handler's parameter. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext) =>
  callerOf(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** The project a creation is for: given, or the token's own. */
export function projectFor(caller: AuthenticatedCaller, given: string | undefined, field = 'projectId'): string {
  const projectId = given ?? caller.projectId;
  if (projectId === null)
    throw new InvalidInput([{ field, message: 'is needed: this token is not bound to a project' }]);
  return projectId;
}

/** The project a list is limited to, if any. */
export function projectFilter(caller: AuthenticatedCaller, given: string | undefined): { projectId?: string } {
  const projectId = given ?? caller.projectId;
  return projectId === null ? {} : { projectId };
}
