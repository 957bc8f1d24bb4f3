import type { FastifyInstance } from 'fastify';
import { deepestBody, isDeeperThan } from './json-depth.js';
import { HttpProblem } from './problems.js';

/** 512 KiB: a kubeconfig with everything inside is far smaller. */
export const bodyLimitBytes = 512 * 1024;

/** JSON only. An empty body is no body, whatever its content type says: `pause` must work from any client. */
export function parseJsonBodies(instance: FastifyInstance): void {
  const parseJson = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: bodyLimitBytes },
    (request, body, done) => {
      if (body.length === 0) return done(null, undefined);
      const text = body.toString();
      if (isDeeperThan(deepestBody, text)) {
        const detail = `The body is nested deeper than ${deepestBody} levels; nothing here takes that.`;
        return done(new HttpProblem('malformed-body', detail));
      }
      void parseJson(request, text, (error, value) => {
        if (error === null) done(null, value);
        else done(new HttpProblem('malformed-body', `The body is not JSON that can be read: ${error.message}`));
      });
    },
  );
  // a content type without a body is harmless; with one it is 415
  instance.addContentTypeParser('*', { parseAs: 'string', bodyLimit: bodyLimitBytes }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    done(new HttpProblem('unsupported-media-type', 'Send the body as application/json.'));
  });
}
