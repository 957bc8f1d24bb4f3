import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PinoLogger } from 'nestjs-pino';
import { MethodTable } from './method-table.js';
import { HttpProblem, answerFor, type Answer } from './problems.js';

/** Every error that leaves the API becomes a problem here; those that are our fault are logged with the request's id. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    @Inject(MethodTable) private readonly methods: MethodTable,
    @Inject(PinoLogger) private readonly logger: PinoLogger,
  ) {
    this.logger.setContext('http');
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const answer = this.wrongMethod(error, request) ?? answerFor(error);
    const { status } = answer.problem;
    if (status === 500)
      this.logger.error(
        { err: error, requestId: request.id, method: request.method, path: pathOf(request) },
        'a request failed for a reason that is ours',
      );
    else if (status === 503)
      this.logger.warn(
        { requestId: request.id, code: answer.problem.code, path: pathOf(request) },
        answer.problem.detail,
      );
    if (reply.sent || reply.raw.headersSent) return;
    void reply
      .status(status)
      .headers({ ...answer.headers, 'cache-control': 'no-store' })
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify({ ...answer.problem, instance: pathOf(request), requestId: request.id }));
  }

  private wrongMethod(error: unknown, request: FastifyRequest): Answer | null {
    if (!(error instanceof Error) || (error as Error & { status?: unknown }).status !== 404) return null;
    const allowed = this.methods.methodsFor(pathOf(request));
    if (allowed.length === 0 || allowed.includes(request.method)) return null;
    return answerFor(
      new HttpProblem('method-not-allowed', `${request.method} is not for this path; it takes ${allowed.join(', ')}.`, {
        headers: { allow: allowed.join(', ') },
      }),
    );
  }
}

/** Without the query: that may hold what people typed. */
function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?', 1)[0]?.slice(0, 300) ?? '';
}
