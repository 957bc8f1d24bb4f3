import { existsSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { sendFile } from '../http/static-files.js';

/** Paths that are the API's: an unknown one among them is a 404, never the dashboard. */
const notForPages = /^\/(v1|docs|openapi\.json|livez|readyz|metrics)(\/|$)/;

/** The built dashboard at `/`; a page's address that is no file gets index.html, for the dashboard finds its pages by itself. */
export function serveDashboard(instance: FastifyInstance, directory: string): void {
  const root = path.resolve(directory);
  if (!existsSync(path.join(root, 'index.html')))
    throw new Error(`SLUICE_DASHBOARD_DIR: ${root} has no index.html; build the dashboard first (npm run build)`);
  instance.get('/*', async (request, reply) => {
    const pathname = request.url.split('?', 1)[0] ?? '/';
    if (notForPages.test(pathname)) return reply.callNotFound();
    const isPage = path.extname(pathname) === '' && request.headers.accept?.includes('text/html') === true;
    if (pathname === '/' || isPage) return sendFile(request, reply, root, '/index.html');
    return sendFile(request, reply, root, pathname, pathname.startsWith('/assets/'));
  });
}
