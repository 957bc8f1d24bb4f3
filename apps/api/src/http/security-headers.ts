import type { FastifyInstance } from 'fastify';

const everywhere = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};
const api = "default-src 'none'; frame-ancestors 'none'";
/** The dashboard and the API pages bring all their assets along; both set element styles. */
const pages =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** On every answer, errors included. */
export function securityHeaders(instance: FastifyInstance): void {
  instance.addHook('onSend', (request, reply, payload, done) => {
    void reply.headers({ ...everywhere, 'x-request-id': request.id });
    void reply.header('content-security-policy', request.raw.url?.startsWith('/v1') === true ? api : pages);
    done(null, payload);
  });
}
