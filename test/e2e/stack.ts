import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deploy } from '../../tools/deploy.mjs';
import { createDatabaseIfMissing } from '../../tools/lib/databases.mjs';
import { startPostgres } from '../../tools/lib/embedded-postgres.mjs';
import { inRoot } from '../../tools/lib/paths.mjs';
import { freePort } from '../../tools/lib/ports.mjs';
import { safeEnvironment } from '../../tools/lib/safe-environment.mjs';
import { Rest } from '../../tools/walkthrough/rest.mjs';
import { setUp } from '../../tools/walkthrough/setup.mjs';
import { eventually } from '../eventually.js';
import { keepJournal } from './journal.js';

/** The whole of Sluice as `npm start` has it, in a folder of its own: PostgreSQL, the sandbox, and any number of replicas. */
export class Stack {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  private postgres: Awaited<ReturnType<typeof startPostgres>> | null = null;
  private sandboxProcess: ChildProcess | null = null;
  private readonly replicas = new Set<Replica>();
  private token = '';

  private constructor(private readonly assets: string | null) {}

  /** `assets`: folder of etcd and kube-apiserver, to have real clusters (that of the environment); null = the sandbox's own. */
  static async start({
    assets = process.env['KUBEBUILDER_ASSETS'] ?? null,
  }: { assets?: string | null } = {}): Promise<Stack> {
    const stack = new Stack(assets);
    await stack.startPostgres();
    await createDatabaseIfMissing(stack.postgres!.url, 'sluice');
    await deploy({ url: stack.databaseUrl });
    await keepJournal(stack.databaseUrl);
    await stack.startSandbox();
    return stack;
  }

  get databaseUrl(): string {
    return this.postgres!.urlOf('sluice');
  }

  /** `{ control, network, aws, clusters, sluiceClusters }` */
  get sandbox() {
    return JSON.parse(readFileSync(path.join(this.dir, 'sandbox/access.json'), 'utf8'));
  }

  async startPostgres(): Promise<void> {
    this.postgres = await startPostgres({ dir: path.join(this.dir, 'postgres'), port: this.postgres?.port ?? 0 });
  }

  /** `immediate`: as a crash would, with recovery at the next start. */
  stopPostgres(mode: 'fast' | 'immediate' = 'immediate'): void {
    this.postgres!.stop(mode);
  }

  private async startSandbox(): Promise<void> {
    const child = this.spawn(
      'sandbox',
      ['--dir', path.join(this.dir, 'sandbox'), '--clusters', 'blue-2025,green-2026'],
      safeEnvironment(this.assets === null ? {} : { KUBEBUILDER_ASSETS: this.assets }),
    );
    this.sandboxProcess = child;
    await said(child, /^sandbox ready/m, 120_000);
  }

  /** One process of the API and worker; the first makes the token. */
  async replica(env: Record<string, string> = {}): Promise<Replica> {
    const port = await freePort(0);
    const keyFile = path.join(this.dir, 'key');
    if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
    const child = this.spawn(
      'api',
      [],
      safeEnvironment({
        DATABASE_URL: this.databaseUrl,
        SLUICE_HTTP_PORT: String(port),
        SLUICE_ROLE: 'all',
        SLUICE_LOG_LEVEL: 'info',
        SLUICE_ENCRYPTION_KEY_FILE: keyFile,
        SLUICE_FIRST_TOKEN_FILE: path.join(this.dir, 'token'),
        SLUICE_ALLOWED_AWS_ENDPOINTS: this.sandbox.aws.endpoint,
        // each upgrade is a project of its own, all with the same two clusters
        SLUICE_ALLOW_SHARED_CLUSTERS: 'true',
        SLUICE_WATCH_PERIOD_MS: '500',
        SLUICE_DRIFT_WATCH_MS: '1000',
        SLUICE_LEASE_MS: '2000',
        SLUICE_WRITE_TIMEOUT_MS: '1000',
        ...env,
      }),
    );
    const replica = new Replica(child, `http://127.0.0.1:${String(port)}`);
    this.replicas.add(replica);
    await replica.ready();
    this.token = readFileSync(path.join(this.dir, 'token'), 'utf8').trim();
    return replica;
  }

  /** A REST client of one replica, as the walkthrough has it. */
  rest(replica: Replica): Rest {
    return new Rest({ api: replica.api, token: this.token }, AbortSignal.timeout(600_000));
  }

  get authorization(): string {
    return `Bearer ${this.token}`;
  }

  /** What `npm start` writes to `access.json`. */
  access(replica: Replica) {
    const { aws, clusters } = this.sandbox;
    return {
      api: replica.api,
      token: this.token,
      dashboard: `${replica.api}/`,
      aws,
      clusters,
      database: this.databaseUrl,
    };
  }

  /** Project, account, clusters, load balancer, route, backends, bindings, healthy targets and a plan, over the REST API. */
  async upgrade(replica: Replica): Promise<Upgrade> {
    const made = await setUp({
      rest: this.rest(replica),
      access: this.access(replica),
      sandbox: this.sandbox,
      signal: AbortSignal.timeout(180_000),
    });
    return made;
  }

  /** Switches a fault of the sandbox on (a body) or off (null). */
  async fault(name: string, body: object | null): Promise<void> {
    const reply = await fetch(
      `${this.sandbox.control}/faults/${name}`,
      body
        ? { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
        : { method: 'DELETE' },
    );
    if (!reply.ok) throw new Error(`fault ${name}: ${String(reply.status)} ${await reply.text()}`);
  }

  /** Every changing request that the sandbox's AWS answered, oldest first. */
  awsRequests(): AwsRequest[] {
    const file = path.join(this.dir, 'sandbox/aws-requests.jsonl');
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as AwsRequest)
      : [];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.replicas].map((replica) => replica.stop()));
    if (this.sandboxProcess) await ended(this.sandboxProcess, 'SIGTERM');
    await this.postgres?.release();
    // SLUICE_E2E_KEEP=1 leaves logs and data for whoever has to look into a failure
    if (!process.env['SLUICE_E2E_KEEP']) rmSync(this.dir, { recursive: true, force: true });
  }

  private spawn(app: 'api' | 'sandbox', args: readonly string[], env: Record<string, string>): ChildProcess {
    const child = spawn(process.execPath, [inRoot(`apps/${app}/dist/main.js`), ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(path.join(this.dir, `${app}-${String(child.pid)}.log`));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    return child;
  }
}

/** As the sandbox's AWS logs it: `Dropped` took effect without a reply. */
export interface AwsRequest {
  readonly arrivedMs: number;
  /** When it had been carried out. */
  readonly atMs: number;
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly outcome: string;
}

export interface Upgrade {
  readonly project: { id: string };
  readonly route: { id: string; arn: string };
  readonly plan: { id: string };
  readonly alb: string;
}

export class Replica {
  constructor(
    readonly child: ChildProcess,
    readonly api: string,
  ) {}

  async ready(): Promise<void> {
    await eventually(
      '/readyz',
      async () => {
        if (this.child.exitCode !== null) throw new Error(`the API ended with ${String(this.child.exitCode)}`);
        return fetch(`${this.api}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
          (reply) => reply.ok,
          () => false,
        );
      },
      60_000,
    );
  }

  /** kill -9: nothing is cleaned up. */
  async kill(): Promise<void> {
    await ended(this.child, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await ended(this.child, 'SIGTERM');
  }
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill(signal);
  });
}

function said(child: ChildProcess, pattern: RegExp, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`not ready within ${String(timeoutMs)} ms: ${text.slice(-2_000)}`)),
      timeoutMs,
    );
    child.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!pattern.test(text)) return;
      clearTimeout(timer);
      resolve();
    });
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)}: ${text.slice(-2_000)}`)));
  });
}

export { eventually };
