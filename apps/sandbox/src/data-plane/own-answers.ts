import type { FixedResponseActionConfig, RedirectActionConfig } from '@aws-sdk/client-elastic-load-balancing-v2';
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { RequestFacts } from './match.js';
import type { ListenerRouting } from './routing.js';

/** The load balancer's own error page. */
export function answerPage(response: ServerResponse, status: 502 | 503 | 504): void {
  const title = `${status} ${STATUS_CODES[status] ?? ''}`;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { server: 'awselb/2.0', 'content-type': 'text/html' });
  response.end(
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`,
  );
}

export function answerFixed(response: ServerResponse, config: Partial<FixedResponseActionConfig>): void {
  response.writeHead(Number(config.StatusCode ?? 503), {
    server: 'awselb/2.0',
    'content-type': config.ContentType ?? 'text/plain; charset=utf-8',
  });
  response.end(config.MessageBody ?? '');
}

export function answerRedirect(
  response: ServerResponse,
  config: Partial<RedirectActionConfig>,
  facts: RequestFacts,
  listener: ListenerRouting,
): void {
  const parts: Readonly<Record<string, string>> = {
    protocol: listener.protocol,
    host: facts.host,
    port: String(listener.port),
    path: facts.path.replace(/^\//, ''),
    query: facts.query.toString(),
  };
  const fill = (template: string): string => template.replace(/#\{(\w+)\}/g, (_all, name: string) => parts[name] ?? '');
  const query = fill(config.Query ?? '#{query}');
  const protocol = fill(config.Protocol ?? '#{protocol}').toLowerCase();
  const location = `${protocol}://${fill(config.Host ?? '#{host}')}:${fill(config.Port ?? '#{port}')}${fill(config.Path ?? '/#{path}')}${query === '' ? '' : `?${query}`}`;
  response.writeHead(config.StatusCode === 'HTTP_301' ? 301 : 302, {
    server: 'awselb/2.0',
    location,
    'content-length': 0,
  });
  response.end();
}
