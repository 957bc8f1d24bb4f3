import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Provider } from '@nestjs/common';
import { SluiceClient } from '@sluice/contracts';
import { ClusterAgent, LoadBalancer } from '@sluice/control';
import { createSealingKeyFile } from '@sluice/postgres';
import { InMemoryClusterAgent, InMemoryLoadBalancer, createTestDatabase } from '@sluice/testing';
import type { Config } from '../config.js';
import { createApp, type App } from '../create-app.js';

/** The whole service on a real port and a real database of its own, with AWS and clusters in memory. */
export interface TestService {
  readonly url: string;
  readonly app: App;
  readonly config: Config;
  readonly aws: InMemoryLoadBalancer;
  readonly agent: InMemoryClusterAgent;
  /** Secret of the first token: admin of everything. */
  readonly adminToken: string;
  readonly admin: SluiceClient;
  readonly logs: string[];
  readonly databaseUrl: string;
  client(token: string): SluiceClient;
  /** Another replica on the same database. `listenOnly`: without what a start asks the database for. */
  replica(
    config?: Partial<Config>,
    how?: { readonly listenOnly: boolean },
  ): Promise<{ readonly url: string; readonly app: App }>;
  close(): Promise<void>;
}

export async function startTestService(
  config: Partial<Config> = {},
  overrides: readonly Provider[] = [],
): Promise<TestService> {
  const database = await createTestDatabase();
  const dir = mkdtempSync(path.join(tmpdir(), 'sluice-api-'));
  const key = path.join(dir, 'key');
  createSealingKeyFile(key);
  const complete: Config = {
    databaseUrl: database.url,
    databaseConnections: 6,
    encryptionKeyFile: key,
    role: 'api',
    host: '127.0.0.1',
    port: 0,
    dashboardDir: null,
    firstTokenFile: path.join(dir, 'token'),
    migrationsDir: null,
    logLevel: 'info',
    allowedAwsEndpoints: ['http://127.0.0.1/'],
    allowProcessCredentials: true,
    allowSharedClusters: false,
    referenceDir: null,
    leaseMs: 2_000,
    writeTimeoutMs: 500,
    watchPeriodMs: 100,
    driftWatchMs: 60_000,
    agentLivenessMs: 60_000,
    ...config,
  };
  const aws = new InMemoryLoadBalancer();
  const agent = new InMemoryClusterAgent();
  const logs: string[] = [];
  const providers: Provider[] = [
    { provide: LoadBalancer, useValue: aws },
    { provide: ClusterAgent, useValue: agent },
    ...overrides,
  ];
  const apps: App[] = [];
  const start = async (own: Config, listenOnly = false) => {
    const app = await createApp(own, { providers, logDestination: { write: (line) => void logs.push(line) } });
    apps.push(app);
    if (!listenOnly) return { app, url: await app.listen() };
    await app.nest.listen(0, '127.0.0.1');
    return { app, url: await app.nest.getUrl() };
  };
  const { app, url } = await start(complete);
  const adminToken = readFileSync(path.join(dir, 'token'), 'utf8').trim();
  const client = (token: string) => new SluiceClient({ baseUrl: url, token });
  return {
    url,
    app,
    config: complete,
    aws,
    agent,
    adminToken,
    logs,
    client,
    admin: client(adminToken),
    databaseUrl: database.url,
    replica: (own = {}, how = { listenOnly: false }) => start({ ...complete, ...own }, how.listenOnly),
    close: async () => {
      await Promise.all(apps.map((each) => each.close()));
      await database.drop();
      rmSync(dir, { recursive: true });
    },
  };
}
