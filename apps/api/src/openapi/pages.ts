import { SwaggerModule } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openApiDocument } from './document.js';

/** `/openapi.json` and `/docs`, with assets of our own: nothing comes from another host. */
export function serveApiPages(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Sluice API',
    swaggerOptions: { persistAuthorization: false, docExpansion: 'none', displayRequestDuration: true, validatorUrl: null },
  });
}
