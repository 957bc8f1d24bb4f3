import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { certificateAuthority } from './certificates.js';

/** An admission webhook that denies everything in these words. */
export interface DenyingWebhook {
  readonly url: string;
  /** base64 of PEM, for `clientConfig.caBundle`. */
  readonly caBundle: string;
  stop(): Promise<void>;
}

/** Starts the webhook on loopback. */
export async function startDenyingWebhook(message: string): Promise<DenyingWebhook> {
  const ca = await certificateAuthority();
  const { certPem, keyPem } = await ca.server(['127.0.0.1']);
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    void text(request).then((body) => {
      const {
        apiVersion,
        kind,
        request: asked,
      } = JSON.parse(body) as { apiVersion: string; kind: string; request: { uid: string } };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          apiVersion,
          kind,
          response: { uid: asked.uid, allowed: false, status: { message, reason: 'Forbidden', code: 403 } },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/validate`,
    caBundle: Buffer.from(ca.caPem).toString('base64'),
    stop: () => closed(server),
  };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
