import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Endpoint } from '../shared/network-view.js';

/** Passes an upgrade request on as it came and joins both connections for as long as they last. */
export function tunnel(request: IncomingMessage, client: Duplex, head: Buffer, to: Endpoint): void {
  const target = connect({ host: to.host, port: to.port }, () => {
    const headers = request.rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [`${name}: ${request.rawHeaders[index + 1] ?? ''}`] : [],
    );
    target.write(`${request.method ?? 'GET'} ${request.url ?? '/'} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) target.write(head);
    target.pipe(client);
    client.pipe(target);
  });
  target.once('error', () => {
    if (target.connecting || target.bytesRead === 0)
      client.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else client.destroy();
  });
  target.once('close', () => client.destroy());
  client.once('close', () => target.destroy());
}
