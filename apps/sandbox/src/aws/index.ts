import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Faults } from '../shared/faults.js';
import { RemoteNetwork } from '../shared/network-view.js';
import { AwsFaults } from './aws-faults.js';
import { HealthChecker } from './health-checker.js';
import { type AccessKey, Identities, type Role } from './identities.js';
import { QueryEndpoint } from './query-endpoint.js';
import { RequestLog } from './request-log.js';
import { StaleReads } from './stale-reads.js';
import { StateStore } from './state-store.js';
import { type BucketSizes, generousBuckets, TokenBuckets } from './token-buckets.js';

export { generousBuckets, realBuckets } from './token-buckets.js';

export interface AwsOptions {
  /** Holds `aws.json` (everything) and `aws-requests.jsonl` (every mutating call). */
  readonly dir: string;
  /** 0 chooses one. */
  readonly port: number;
  readonly faults: Faults;
  readonly accessKeys: readonly AccessKey[];
  readonly roles?: readonly Role[];
  /** Base URL of the network registry, by which health checks find their targets. */
  readonly networkUrl: string;
  readonly buckets?: BucketSizes;
  /** Real seconds per second of a health check's interval and timeout; 1 by default. */
  readonly healthIntervalScale?: number;
  /** For tests that need another time. */
  readonly nowMs?: () => number;
}

export interface RunningAws {
  readonly endpoint: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the sandbox's AWS (ELBv2, and a little of EC2 and STS) on loopback. State in `dir` survives `kill -9`. */
export async function startAws(options: AwsOptions): Promise<RunningAws> {
  const { faults, nowMs = Date.now } = options;
  const store = await StateStore.open(options.dir);
  const log = new RequestLog(options.dir);
  const identities = new Identities(options.accessKeys, options.roles ?? [], store.sessions);
  const staleReads = new StaleReads(faults, store, nowMs);
  const network = new RemoteNetwork(options.networkUrl);
  const checker = new HealthChecker({
    store,
    network,
    faults,
    nowMs,
    intervalScale: options.healthIntervalScale ?? 1,
    changed: () => staleReads.remember(),
  });
  const endpoint = new QueryEndpoint({
    store,
    identities,
    faults: new AwsFaults(faults),
    staleReads,
    log,
    nowMs,
    buckets: new TokenBuckets(),
    bucketSizes: options.buckets ?? generousBuckets,
    changed: () => {
      staleReads.remember();
      checker.reconcile();
    },
  });
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      answerGet(request.url ?? '', store, (status, body) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      );
      return;
    }
    endpoint.handle(request, response).catch((error: unknown) => {
      console.error('sandbox: a call to AWS failed', error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  checker.reconcile();
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind of address
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    stop: async () => {
      checker.stop();
      staleReads.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await network.close();
      await store.save();
      await log.close();
    },
  };
}

/**
 * What isn't AWS's: `GET /sandbox/state` says which accounts and Regions have load balancers and a revision that grows with every
 * change, so that the data plane may read only when something changed. It lives without (with another peer in our place).
 */
function answerGet(url: string, store: StateStore, reply: (status: number, body: object) => void): void {
  if (url !== '/sandbox/state') return reply(404, { message: 'AWS calls are POSTs' });
  const used = store.regions().filter(({ state }) => Object.keys(state.loadBalancers).length > 0);
  return reply(200, {
    revision: store.revision,
    regions: used.map(({ account, regionName }) => ({ account, region: regionName })),
  });
}
