import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import absolutePath from 'swagger-ui-dist/absolute-path.js';
import { sendFile } from '../http/static-files.js';
import { openApiDocument } from './document.js';

const assets = absolutePath();
const served = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Sluice API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="api"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, docExpansion: 'none', displayRequestDuration: true, validatorUrl: null });
`;

/** `/openapi.json` and `/docs`, with assets that come along: nothing is loaded from another host. */
export function serveApiPages(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  let document: string | undefined;
  // made when somebody asks: it takes a second, and a start should not
  const text = () => (document ??= JSON.stringify(openApiDocument(app)));
  instance.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(text()));
  instance.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  instance.get('/docs/start.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(start));
  instance.get<{ Params: { file: string } }>('/docs/:file', async (request, reply) => {
    const { file } = request.params;
    return served.has(file) ? sendFile(request, reply, assets, `/${file}`) : reply.callNotFound();
  });
}
