import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { RequestListener, Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ExternalFailure, type ClusterAccess } from '@sluice/control';
import { certificateAuthority, desiredBinding, type CertificateAuthority, type KeyPair } from '@sluice/testing';
import { DirectClusterAgent } from './direct-cluster-agent.js';

const token = 'very-secret-token';

describe('a cluster that does not answer as it should', () => {
  const agent = new DirectClusterAgent();
  const stops: (() => Promise<void>)[] = [];
  let ca: CertificateAuthority;
  let serving: KeyPair;

  beforeAll(async () => {
    ca = await certificateAuthority();
    serving = await ca.server(['127.0.0.1', 'kubernetes.example']);
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  afterAll(() => agent.close());

  const access = (server: string, change: Partial<ClusterAccess> = {}): ClusterAccess => ({
    clusterId: 'c1',
    name: 'blue-2025',
    server,
    caPem: ca.caPem,
    auth: { kind: 'token', token },
    bindingApi: 'elbv2.k8s.aws/v1beta1',
    ...change,
  });
  const serve = async (answer: RequestListener, options: ServerOptions = {}): Promise<string> => {
    const server = createTlsServer({ cert: serving.certPem, key: serving.keyPem, ...options }, answer);
    stops.push(() => closed(server));
    return listening(server);
  };
  const status =
    (code: number, body: object, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) => {
      response.writeHead(code, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, ...body }));
    };
  const failureOf = async (call: Promise<unknown>): Promise<ExternalFailure> => {
    const error = await call.then(
      () => new Error('it succeeded'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof ExternalFailure)) throw error;
    expect(error.message).not.toContain(token);
    expect(error.message).toContain('blue-2025');
    return error;
  };

  it.each([
    [401, 'Unauthorized', 'terminal'],
    [403, 'Forbidden', 'terminal'],
    [409, 'Conflict', 'transient'],
    [422, 'Invalid', 'terminal'],
    [429, 'TooManyRequests', 'transient'],
    [500, 'InternalError', 'transient'],
    [503, 'ServiceUnavailable', 'transient'],
  ] as const)('is a failure that keeps the code: HTTP %i is %s, %s', async (code, reason, kind) => {
    const server = await serve(status(code, { reason, message: 'as the server says' }));
    const failure = await failureOf(agent.listBindings(access(server)));
    expect(failure).toMatchObject({ kind, code: reason, ambiguous: code === 500 });
    expect(failure.message).toContain('as the server says');
  });

  it('tells how long a busy API server asks to wait', async () => {
    const server = await serve(
      status(429, { reason: 'TooManyRequests', message: 'slow down' }, { 'retry-after': '7' }),
    );
    expect((await failureOf(agent.listBindings(access(server)))).message).toContain('wait 7 s');
  });

  it('never repeats a token that a server sends back', async () => {
    const server = await serve(status(400, { reason: 'BadRequest', message: `what is ${token}?` }));
    expect((await failureOf(agent.listBindings(access(server)))).message).toContain('what is ***?');
  });

  it('is given up in time, and the connection is closed', async () => {
    let closedByUs: () => void = () => undefined;
    const hungUp = new Promise<void>((resolve) => (closedByUs = resolve));
    const server = await serve((request) => request.socket.once('close', () => closedByUs()));
    expect(await failureOf(agent.listBindings(access(server), { timeoutMs: 100 }))).toMatchObject({
      kind: 'transient',
      code: 'Timeout',
      ambiguous: false,
    });
    await hungUp;
  });

  it('leaves a write in doubt when its answer does not come', async () => {
    const server = await serve((request, response) => {
      if (request.method === 'PATCH') return;
      const items = request.url?.includes('/services/') === true ? {} : { items: [] };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          metadata: { name: 'red-service', namespace: 'red-ns' },
          spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
          ...items,
        }),
      );
    });
    const failure = await failureOf(
      agent.applyBinding(access(server), desiredBinding({ namespace: 'red-ns' }), { timeoutMs: 300 }),
    );
    expect(failure).toMatchObject({ code: 'Timeout', ambiguous: true });
  });

  it('stops at once when the caller gives up', async () => {
    const abort = new AbortController();
    const server = await serve(() => abort.abort());
    expect(await failureOf(agent.listBindings(access(server), { signal: abort.signal }))).toMatchObject({
      kind: 'transient',
      code: 'Aborted',
    });
  });

  it('is not reachable when nobody listens', async () => {
    const server = createTlsServer();
    const url = await listening(server);
    await closed(server);
    expect(await failureOf(agent.check(access(url)))).toMatchObject({
      kind: 'transient',
      code: 'ECONNREFUSED',
      ambiguous: false,
    });
  });

  it('is not trusted when another authority has signed its certificate', async () => {
    const stranger = await certificateAuthority('stranger');
    const server = await serve(status(200, {}));
    expect(await failureOf(agent.check(access(server, { caPem: stranger.caPem })))).toMatchObject({ kind: 'terminal' });
  });

  it('is not trusted under another name, unless that name is expected', async () => {
    const named = await ca.server(['kubernetes.example']);
    const server = await serve(status(500, { reason: 'InternalError', message: 'reached' }), {
      cert: named.certPem,
      key: named.keyPem,
    });
    expect(await failureOf(agent.check(access(server)))).toMatchObject({
      kind: 'terminal',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect((await failureOf(agent.check(access(server, { tlsServerName: 'kubernetes.example' })))).message).toContain(
      'reached',
    );
  });

  it('sees a client certificate when that is how we log in, and no token', async () => {
    const client = await ca.client('sluice');
    let seen: unknown;
    const server = await serve(
      (request, response) => {
        const socket = request.socket as import('node:tls').TLSSocket;
        seen = { cn: socket.getPeerCertificate().subject.CN, authorization: request.headers.authorization };
        status(404, { reason: 'NotFound', message: 'no' })(request, response);
      },
      { requestCert: true, ca: ca.caPem },
    );
    const auth = { kind: 'clientCertificate', certPem: client.certPem, keyPem: client.keyPem } as const;
    await failureOf(agent.listBindings(access(server, { auth })));
    expect(seen).toEqual({ cn: 'sluice', authorization: undefined });
  });

  it('does not lead us elsewhere', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(307, { location: 'http://169.254.169.254/latest/meta-data' });
      response.end();
    });
    expect(await failureOf(agent.listBindings(access(server)))).toMatchObject({ kind: 'terminal', code: 'Redirect' });
  });

  it('is a broken connection when it hangs up, and no “not found”', async () => {
    const server = createTcpServer((socket: Socket) => socket.destroy());
    const url = await listening(server);
    stops.push(() => new Promise((resolve) => server.close(() => resolve())));
    expect(await failureOf(agent.readBinding(access(url), 'red-ns', 'sluice-red'))).toMatchObject({
      kind: 'transient',
    });
  });

  it('is no API server when it answers with something else', async () => {
    const server = await serve((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{"hello":"world"}');
    });
    expect(await failureOf(agent.readBinding(access(server), 'red-ns', 'sluice-red'))).toMatchObject({
      kind: 'terminal',
      code: 'UnexpectedReply',
    });
  });

  it('is read again from the start when a long list has expired half-way', async () => {
    const asked: string[] = [];
    const server = await serve((request, response) => {
      const query = new URL(request.url ?? '', 'https://x').searchParams;
      asked.push(query.get('continue') ?? 'start');
      if (query.get('continue') === 'old')
        return status(410, { reason: 'Expired', message: 'too old' })(request, response);
      const first = query.get('continue') === null;
      const name = first ? 'one' : 'two';
      const next = first ? (asked.length === 1 ? 'old' : 'new') : '';
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          metadata: { continue: next },
          items: [{ metadata: { name, namespace: 'n', uid: name }, spec: {} }],
        }),
      );
    });
    const bindings = await agent.listBindings(access(server));
    expect(bindings.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(asked).toEqual(['start', 'old', 'start', 'new']);
  });

  it('is reached anew when its credentials change', async () => {
    const seen: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      seen.push(request.headers.authorization);
      status(404, { reason: 'NotFound', message: 'no' })(request, response);
    });
    await failureOf(agent.listBindings(access(server)));
    await failureOf(agent.listBindings(access(server, { auth: { kind: 'token', token: 'newer' } })));
    expect(seen).toEqual([`Bearer ${token}`, 'Bearer newer']);
  });
});

async function listening(server: Server | import('node:net').Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
