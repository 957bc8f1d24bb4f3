import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The built dashboard at `/`; a page's address that is no file gets index.html, for the dashboard routes by itself. */
export async function serveDashboard(instance: FastifyInstance, directory: string): Promise<void> {
  const root = path.resolve(directory);
  if (!existsSync(path.join(root, 'index.html'))) throw new Error(`SLUICE_DASHBOARD_DIR: ${root} has no index.html; build the dashboard first (npm run build)`);
  await instance.register(fastifyStatic, {
    root,
    wildcard: false,
    index: 'index.html',
    cacheControl: false,
    setHeaders: (response, file) => {
      // the build puts a digest into the names of its assets, so those never change
      void response.header('cache-control', file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  instance.get('/*', (request, reply) => (isPage(request) ? reply.sendFile('index.html') : notFound(reply)));
}

function isPage(request: FastifyRequest): boolean {
  const pathname = request.url.split('?', 1)[0] ?? '';
  const ours = /^\/(v1|docs|openapi\.json|livez|readyz|metrics)(\/|$)/.test(pathname);
  return !ours && request.headers.accept?.includes('text/html') === true;
}

function notFound(reply: FastifyReply): void {
  reply.callNotFound();
}
