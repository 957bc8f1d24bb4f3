// A whole installation in a folder of its own: PostgreSQL, the sandbox, and one Sluice, as `npm start` has them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deploy } from '../../../tools/deploy.mjs';
import { createDatabaseIfMissing } from '../../../tools/lib/databases.mjs';
import { startPostgres } from '../../../tools/lib/embedded-postgres.mjs';
import { inRoot } from '../../../tools/lib/paths.mjs';
import { freePort } from '../../../tools/lib/ports.mjs';
import { waitUntil } from '../../../tools/lib/processes.mjs';
import { forgetOutside, safeEnvironment } from '../../../tools/lib/safe-environment.mjs';
import { BenchRest } from './rest.mjs';

/** `pg_stat_statements`, as the benches count statements. */
const POSTGRES_SETTINGS = {
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'top',
  max_connections: '200',
};

export class Installation {
  dir = mkdtempSync(path.join(tmpdir(), 'sluice-bench-'));
  #processes = [];
  #postgres;
  /** What the sandbox says about itself: `{ control, network, aws, accounts, clusters, sluiceClusters }`. */
  sandbox;
  /** Process id of Sluice. */
  pid;
  rest;

  /** @param {{ accounts?: string[], env?: Record<string, string> }} options `accounts`: AWS account numbers at the sandbox */
  static async start({ accounts = ['111122223333'], env = {} } = {}) {
    forgetOutside();
    const installation = new Installation();
    try {
      await installation.#start(accounts, env);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  get databaseUrl() {
    return this.#postgres.urlOf('sluice');
  }

  async #start(accounts, env) {
    this.#postgres = await startPostgres({ dir: path.join(this.dir, 'postgres'), settings: POSTGRES_SETTINGS });
    await createDatabaseIfMissing(this.#postgres.url, 'sluice');
    await deploy({ url: this.databaseUrl });
    await this.#startSandbox(accounts);
    await this.#startApi(env);
  }

  async #startSandbox(accounts) {
    const dir = path.join(this.dir, 'sandbox');
    const args = ['--dir', dir, '--parts', 'data-plane,aws,clusters', '--accounts', accounts.join(',')];
    // the data plane carries no traffic here, it only tells health checks where their targets are
    const child = this.#spawn('sandbox', [...args, '--poll-ms', '60000', '--health-interval-scale', '1'], {});
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    await waitUntil('the sandbox', () => alive(child, this.dir) && /^sandbox ready/m.test(said), { timeoutMs: 60_000 });
    this.sandbox = JSON.parse(readFileSync(path.join(dir, 'access.json'), 'utf8'));
  }

  async #startApi(env) {
    const file = (name) => path.join(this.dir, name);
    const port = await freePort(0);
    writeFileSync(file('key'), randomBytes(32).toString('base64'), { mode: 0o600 });
    const child = this.#spawn('api', [], {
      DATABASE_URL: this.databaseUrl,
      SLUICE_HTTP_PORT: String(port),
      SLUICE_ROLE: 'all',
      SLUICE_LOG_LEVEL: 'warn',
      SLUICE_ENCRYPTION_KEY_FILE: file('key'),
      SLUICE_FIRST_TOKEN_FILE: file('token'),
      SLUICE_ALLOWED_AWS_ENDPOINTS: this.sandbox.aws.endpoint,
      ...env,
    });
    const api = `http://127.0.0.1:${port}`;
    const isReady = () =>
      alive(child, this.dir) &&
      fetch(`${api}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil('Sluice', isReady, { timeoutMs: 90_000, everyMs: 100 });
    this.pid = child.pid;
    this.rest = new BenchRest(api, readFileSync(file('token'), 'utf8').trim());
  }

  #spawn(app, args, env) {
    const child = spawn(process.execPath, [inRoot(`apps/${app}/dist/main.js`), ...args], {
      env: safeEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(path.join(this.dir, `${app}.log`));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#processes.push(child);
    return child;
  }

  /** Of the sandbox's AWS: see `PUT /sandbox/limits` in docs/sandbox.md. */
  async limits(body) {
    await succeed(
      await fetch(`${this.sandbox.aws.endpoint}/sandbox/limits`, { method: 'PUT', body: JSON.stringify(body) }),
    );
  }

  /** Switches a fault of the sandbox on (a body) or off (null). */
  async fault(name, body) {
    const request =
      body === null
        ? { method: 'DELETE' }
        : { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    await succeed(await fetch(`${this.sandbox.control}/faults/${name}`, request));
  }

  /** Stops everything; the folder with its logs stays with SLUICE_BENCH_KEEP=1. */
  async stop() {
    for (const child of [...this.#processes].reverse()) await ended(child);
    await this.#postgres?.release();
    if (process.env.SLUICE_BENCH_KEEP !== '1') rmSync(this.dir, { recursive: true, force: true });
  }
}

async function succeed(reply) {
  if (!reply.ok) throw new Error(`${reply.url} was answered ${reply.status}: ${await reply.text()}`);
}

function alive(child, dir) {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(`${child.spawnargs[1]} ended with ${child.exitCode ?? child.signalCode}; its log is in ${dir}`);
  return true;
}

function ended(child) {
  if (child.exitCode !== null || child.signalCode !== null) return undefined;
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
    child.once('exit', () => {
      clearTimeout(force);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
