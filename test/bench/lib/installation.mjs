// A whole installation in a folder of its own: PostgreSQL, the sandbox, and one Sluice or more, as `npm start` has them.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  #api;
  #env;
  /** What the sandbox says about itself: `{ control, network, aws, accounts, clusters, sluiceClusters }`. */
  sandbox;
  /** Process id of Sluice. */
  pid;
  rest;

  /**
   * @param {{ accounts?: string[], env?: Record<string, string>, postgres?: Record<string, string>, api?: boolean }} options
   *   `accounts`: AWS account numbers at the sandbox; `postgres`: settings of the server; `api` false: no Sluice yet
   */
  static async start({ accounts = ['111122223333'], env = {}, postgres = {}, api = true } = {}) {
    forgetOutside();
    const installation = new Installation();
    try {
      await installation.#start(accounts, postgres);
      if (api) await installation.#startApi(env);
      return installation;
    } catch (error) {
      await installation.stop();
      throw error;
    }
  }

  get databaseUrl() {
    return this.#postgres.urlOf('sluice');
  }

  /** What the server logs. */
  get postgresLog() {
    return path.join(this.#postgres.dataDir, 'server.log');
  }

  async #start(accounts, postgres) {
    const settings = { ...POSTGRES_SETTINGS, ...postgres };
    this.#postgres = await startPostgres({ dir: path.join(this.dir, 'postgres'), settings });
    await this.addDatabase('sluice');
    await this.#startSandbox(accounts);
  }

  /** A database with nothing in it. Returns its URL. */
  async createDatabase(name) {
    await createDatabaseIfMissing(this.#postgres.url, name);
    return this.#postgres.urlOf(name);
  }

  /** An empty database with the schema. Returns its URL. */
  async addDatabase(name) {
    const url = await this.createDatabase(name);
    await deploy({ url });
    return url;
  }

  async #startSandbox(accounts) {
    const dir = path.join(this.dir, 'sandbox');
    const args = ['--dir', dir, '--parts', 'data-plane,aws,clusters', '--accounts', accounts.join(',')];
    // the data plane carries no traffic here, it only tells health checks where their targets are
    const child = this.#spawn(
      'sandbox',
      [...args, '--poll-ms', '60000', '--health-interval-scale', '1', '--aws-state', 'memory'],
      {},
    );
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    await waitUntil('the sandbox', () => alive(child, this.dir) && /^sandbox ready/m.test(said), { timeoutMs: 60_000 });
    this.sandbox = JSON.parse(readFileSync(path.join(dir, 'access.json'), 'utf8'));
  }

  async #startApi(env) {
    this.#env = env;
    await this.startApi();
  }

  /** Sluice, again after `stopApi`, elsewhere. @param nodeArgs options of Node, `--cpu-prof` for one */
  async startApi(nodeArgs = []) {
    this.#api = await this.startReplica('api', { env: this.#env, nodeArgs });
    this.pid = this.#api.pid;
    this.rest = this.#api.rest;
  }

  /** Ends Sluice in order; everything else goes on. */
  async stopApi() {
    await this.#api.stop();
  }

  /**
   * Starts one Sluice on a database and waits until it is ready.
   * @param {string} name of its log
   * @param {{ databaseUrl?: string, env?: Record<string, string>, nodeArgs?: string[] }} options
   * @returns `{ pid, url, rest, stop() }`: `rest` with the first token of that database, which sees everything
   */
  async startReplica(name, { databaseUrl = this.databaseUrl, env = {}, nodeArgs = [] } = {}) {
    const port = await freePort(0);
    const key = path.join(this.dir, 'key');
    if (!existsSync(key)) writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    const token = path.join(this.dir, `token-${new URL(databaseUrl).pathname.slice(1)}`);
    const settings = {
      DATABASE_URL: databaseUrl,
      SLUICE_HTTP_PORT: String(port),
      SLUICE_ROLE: 'all',
      SLUICE_LOG_LEVEL: 'warn',
      SLUICE_ENCRYPTION_KEY_FILE: key,
      SLUICE_FIRST_TOKEN_FILE: token,
      SLUICE_ALLOWED_AWS_ENDPOINTS: this.sandbox.aws.endpoint,
    };
    const child = this.#spawn('api', [], { ...settings, ...env }, { name, nodeArgs });
    const url = `http://127.0.0.1:${port}`;
    const isReady = () =>
      alive(child, this.dir) &&
      fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil('Sluice', isReady, { timeoutMs: 90_000, everyMs: 100 });
    const rest = new BenchRest(url, readFileSync(token, 'utf8').trim());
    return { pid: child.pid, url, rest, stop: () => ended(child) };
  }

  #spawn(app, args, env, { name = app, nodeArgs = [] } = {}) {
    const child = spawn(process.execPath, [...nodeArgs, inRoot(`apps/${app}/dist/main.js`), ...args], {
      env: safeEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(path.join(this.dir, `${name}.log`), { flags: 'a' });
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
    if (process.env.SLUICE_BENCH_KEEP === '1') return;
    // the data may stand elsewhere: see tools/lib/postgres-user.mjs
    for (const dir of [this.dir, this.#postgres?.dataDir])
      if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
  }
}

async function succeed(reply) {
  if (!reply.ok) throw new Error(`${reply.url} was answered ${reply.status}: ${await reply.text()}`);
}

function alive(child, dir) {
  if (child.exitCode !== null || child.signalCode !== null)
    throw new Error(
      `${child.spawnargs.join(' ')} ended with ${child.exitCode ?? child.signalCode}; its log is in ${dir}`,
    );
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
