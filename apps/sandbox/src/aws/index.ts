import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Faults } from '../shared/faults.js';
import { RemoteNetwork } from '../shared/network-view.js';
import { answerAdmin } from './admin.js';
import { AwsFaults } from './aws-faults.js';
import { HealthChecker } from './health-checker.js';
import { type AccessKey, Identities, type Role } from './identities.js';
import { Limits } from './limits.js';
import { QueryEndpoint } from './query-endpoint.js';
import { RequestLog } from './request-log.js';
import { StaleReads } from './stale-reads.js';
import { StateStore } from './state-store.js';
import { type BucketSizes, generousBuckets } from './token-buckets.js';
import { TrafficLog } from './traffic-log.js';

export { atSpeed, bucketsOf } from './limits.js';

export interface AwsOptions {
  /** Holds `aws.json` (everything) and `aws-requests.jsonl` (every mutating call). */
  readonly dir: string;
  /** Whether `aws.json` is written at all; true by default. */
  readonly isKept?: boolean;
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
  const store = await StateStore.open(options.dir, options.isKept);
  const log = new RequestLog(options.dir);
  const limits = new Limits(options.buckets ?? generousBuckets);
  const traffic = new TrafficLog();
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
    limits,
    traffic,
    changed: (account) => {
      staleReads.remember();
      checker.reconcile(account);
    },
  });
  const server = createServer((request, response) => {
    const answered =
      request.method === 'POST'
        ? endpoint.handle(request, response)
        : answerAdmin(request, response, { store, limits, traffic });
    answered.catch((error: unknown) => {
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
