import { setMaxListeners } from 'node:events';
import {
  AuthenticationV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  ServerConfiguration,
  VersionApi,
  createConfiguration,
  wrapHttpLibrary,
} from '@kubernetes/client-node';
import type { CallOptions, ClusterAccess } from '@sluice/control';
import { Agent } from 'undici';
import { BoundedHttp } from './bounded-http.js';

/** Time limit of one operation on a cluster, unless the caller sets another. */
export const defaultTimeoutMs = 5_000;
const connectTimeoutMs = 5_000;
const idleSocketMs = 10_000;
const largestReplyBytes = 64 * 1024 * 1024;

/** The typed clients of one operation: all their requests end with the same signal. */
export interface ClusterClients {
  readonly core: CoreV1Api;
  readonly discovery: DiscoveryV1Api;
  readonly custom: CustomObjectsApi;
  readonly version: VersionApi;
  readonly authentication: AuthenticationV1Api;
  readonly authorization: AuthorizationV1Api;
}

/** Sockets to one API server, built from our own fields alone: no kubeconfig, no proxy variables, no redirects. */
export class Connection {
  private readonly dispatcher: Agent;

  constructor(private readonly access: ClusterAccess) {
    const { auth } = access;
    this.dispatcher = new Agent({
      connect: {
        ca: access.caPem,
        rejectUnauthorized: true,
        timeout: connectTimeoutMs,
        ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
        ...(auth.kind === 'clientCertificate' ? { cert: auth.certPem, key: auth.keyPem } : {}),
      },
      connections: 8,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs,
      maxResponseSize: largestReplyBytes,
    });
  }

  /** Clients whose requests all end, sockets closed, when the time is over or the caller aborts. */
  clients(options: CallOptions = {}): ClusterClients {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
    // A check sends a dozen requests at once, and each listens.
    setMaxListeners(64, signal);
    const { auth } = this.access;
    const headers: Record<string, string> = { 'User-Agent': 'sluice' };
    if (auth.kind === 'token') headers['Authorization'] = `Bearer ${auth.token}`;
    const configuration = createConfiguration({
      baseServer: new ServerConfiguration(this.access.server.replace(/\/+$/, ''), {}),
      httpApi: wrapHttpLibrary(new BoundedHttp(this.dispatcher, headers, signal)),
    });
    return {
      core: new CoreV1Api(configuration),
      discovery: new DiscoveryV1Api(configuration),
      custom: new CustomObjectsApi(configuration),
      version: new VersionApi(configuration),
      authentication: new AuthenticationV1Api(configuration),
      authorization: new AuthorizationV1Api(configuration),
    };
  }

  /** Lets requests under way finish, then closes; for a connection that has been replaced. */
  retire(): void {
    void this.dispatcher.close().catch(() => undefined);
  }

  /** Closes every socket at once. */
  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }
}
