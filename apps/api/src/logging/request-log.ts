import type { FastifyInstance } from 'fastify';
import type { PinoLogger } from 'nestjs-pino';

/** One line per request that changes something or fails; reads are a matter for `debug`. */
export function logRequests(instance: FastifyInstance, logger: PinoLogger): void {
  instance.addHook('onResponse', (request, reply, done) => {
    const line = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url,
      path: request.raw.url?.split('?', 1)[0]?.slice(0, 300),
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    };
    if (request.method === 'GET' || request.method === 'HEAD') logger.debug(line, 'request');
    else logger.info(line, 'request');
    done();
  });
}
