// What `npm start` brings, in order: PostgreSQL, the sandbox, Sluice itself. Stops it in the other order.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { deploy } from '../deploy.mjs';
import { createDatabaseIfMissing } from './databases.mjs';
import { startPostgres } from './embedded-postgres.mjs';
import { inRoot, root, stateDir } from './paths.mjs';
import { freePort } from './ports.mjs';
import { safeEnvironment } from './safe-environment.mjs';
import { ToolError, say, step } from './say.mjs';
import { secretFrom, writeSecret } from './secret-files.mjs';
import { Service } from './services.mjs';

const DATABASE = 'sluice';
const CLUSTERS = ['blue-2025', 'green-2026'];
const USUAL = { api: 4780, postgres: 4783, aws: 4790 };
const inState = (...parts) => path.join(stateDir, ...parts);

export class LocalWorld {
  #runFolder;
  #fail;
  #postgres;
  #postgresWatch;
  #stopping = false;
  #services = [];
  #access;
  #sandbox;

  /** `fail(message)` hears when something can't be kept running. */
  constructor(runFolder, fail) {
    this.#runFolder = runFolder;
    this.#fail = fail;
  }

  /** What the sandbox has written about itself: `{ control, network, aws, clusters, sluiceClusters }`. */
  get sandbox() {
    return this.#sandbox;
  }

  /** Brings everything up; gives `{ api, token, dashboard, aws, clusters, database }`. */
  async start(signal) {
    await this.#runFolder.endLeftovers();
    await step('starting PostgreSQL', () => this.#startPostgres());
    signal.throwIfAborted();
    await step('bringing the database up to date', () => this.#migrate());
    signal.throwIfAborted();
    const api = await this.#startServices();
    const token = await this.#token(api);
    const { aws, clusters } = this.#sandbox;
    this.#access = { api, token, dashboard: `${api}/`, aws, clusters, database: this.#databaseUrl };
    return this.#access;
  }

  /** Where everything is, for programs. `alb` is known once the walkthrough has made it, and remembered. */
  writeAccess(file, { alb } = {}) {
    const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
    const { api, token, dashboard, ...rest } = this.#access;
    writeSecret(
      file,
      `${JSON.stringify({ api, token, dashboard, alb: alb ?? before.alb ?? null, ...rest }, null, 2)}\n`,
    );
  }

  async stop() {
    this.#stopping = true;
    clearInterval(this.#postgresWatch);
    for (const service of [...this.#services].reverse()) await service.stop();
    await this.#postgres?.release();
  }

  /** At once, whatever is lost by it. */
  kill() {
    for (const service of this.#services) service.kill();
    this.#postgres?.stop('immediate');
  }

  get #databaseUrl() {
    return this.#postgres.urlOf(DATABASE);
  }

  async #startPostgres() {
    const start = () => startPostgres({ dir: inState('postgres'), port: this.#postgres?.port ?? USUAL.postgres });
    this.#postgres = await start();
    let restarting = false;
    this.#postgresWatch = setInterval(async () => {
      if (restarting || (await this.#postgres.isServing()) || this.#stopping) return;
      restarting = true;
      say('! PostgreSQL ended: starting it again');
      const { port } = this.#postgres;
      await start().then(
        (again) =>
          again.port === port ? say('! PostgreSQL is back') : this.#fail(`port ${port} of PostgreSQL was taken`),
        (error) => this.#fail(error.message),
      );
      restarting = false;
    }, 1_000);
    return `${this.#postgres.adopted ? 'found running' : 'started'} on port ${this.#postgres.port}`;
  }

  async #migrate() {
    await createDatabaseIfMissing(this.#postgres.url, DATABASE);
    const applied = await deploy({ url: this.#databaseUrl });
    return `${applied.length} migrations applied`;
  }

  /** Both at once; Sluice is told beforehand where AWS will be. */
  async #startServices() {
    const awsPort = await freePort(USUAL.aws);
    const endpoint = `http://127.0.0.1:${awsPort}`;
    const [, api] = await Promise.all([
      step('starting the sandbox (AWS, load balancer, clusters)', () => this.#startSandbox(awsPort)),
      step('starting Sluice', () => this.#startApi(endpoint)),
    ]);
    this.#sandbox = JSON.parse(readFileSync(inState('sandbox/access.json'), 'utf8'));
    if (this.#sandbox.aws.endpoint === endpoint) return api;
    throw new ToolError(
      `somebody took port ${awsPort} while the sandbox started, which is at ${this.#sandbox.aws.endpoint} now: start again`,
    );
  }

  async #startSandbox(awsPort) {
    const program = inRoot('apps/sandbox/dist/main.js');
    await this.#run('sandbox', {
      args: [program, '--dir', inState('sandbox'), '--clusters', CLUSTERS.join(','), '--aws-port', String(awsPort)],
      env: safeEnvironment({}, { alsoKept: ['KUBEBUILDER_ASSETS'] }),
      isReady: async (said) => /^sandbox ready/m.test(said),
      timeoutMs: 120_000,
    });
    return process.env.KUBEBUILDER_ASSETS ? 'with real control planes' : undefined;
  }

  async #startApi(awsEndpoint) {
    const port = await freePort(USUAL.api);
    const api = `http://127.0.0.1:${port}`;
    const keyFile = inState('encryption-key');
    secretFrom(keyFile, () => randomBytes(32).toString('base64'));
    await this.#run('api', {
      args: [inRoot('apps/api/dist/main.js')],
      env: safeEnvironment({
        DATABASE_URL: this.#databaseUrl,
        SLUICE_HTTP_HOST: '127.0.0.1',
        SLUICE_HTTP_PORT: String(port),
        SLUICE_ROLE: 'all',
        SLUICE_LOG_LEVEL: 'info',
        SLUICE_ENCRYPTION_KEY_FILE: keyFile,
        SLUICE_FIRST_TOKEN_FILE: inState('first-token'),
        SLUICE_DASHBOARD_DIR: inRoot('apps/dashboard/dist'),
        SLUICE_ALLOWED_AWS_ENDPOINTS: awsEndpoint,
        // every walkthrough makes a project of its own, and all of them have the same two clusters
        SLUICE_ALLOW_SHARED_CLUSTERS: 'true',
        // the walkthrough's holds are of seconds
        SLUICE_WATCH_PERIOD_MS: '1000',
      }),
      isReady: () =>
        fetch(`${api}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
          ({ ok }) => ok,
          () => false,
        ),
    });
    return api;
  }

  async #run(name, { args, env, isReady, timeoutMs }) {
    const log = inState('logs', `${name}.log`);
    if (existsSync(log)) renameSync(log, inState('logs', `${name}.previous.log`));
    const service = new Service({
      name,
      args,
      env,
      cwd: root,
      log,
      runFolder: this.#runFolder,
      isReady,
      onGone: this.#fail,
    });
    this.#services.push(service);
    await service.start({ timeoutMs });
  }

  async #token(api) {
    const file = inState('first-token');
    if (!existsSync(file)) throw noToken('the database has tokens, but the file with the first one is gone');
    const token = readFileSync(file, 'utf8').trim();
    const reply = await fetch(`${api}/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
    if (reply.status === 401) throw noToken('the token in that file is not (or no longer) valid');
    return token;
  }
}

const noToken = (why) =>
  new ToolError(
    `${inState('first-token')}: ${why}. This is a local stand-in: delete the folder .sluice to begin afresh`,
  );
