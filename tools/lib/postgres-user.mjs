// PostgreSQL refuses to run as root. Started as root, it runs as the system user `postgres`, who must be able to reach
// its programs and its data; where a folder above the checkout forbids that, both live below /var/lib/sluice instead.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ToolError } from './say.mjs';

const ROOT_OWNED = '/var/lib/sluice';

/** The user to run PostgreSQL as: `{}` for ourselves, or `{ uid, gid }` when we are root. */
export function postgresUser() {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    if (name === 'postgres' && !exists(name)) spawnSync('useradd', ['--system', '--no-create-home', 'postgres']);
    if (exists(name)) return { uid: idOf(name, '-u'), gid: idOf(name, '-g') };
  }
  throw new ToolError('PostgreSQL does not run as root, and there is no user `postgres` and none could be made');
}

const exists = (name) => spawnSync('id', [name]).status === 0;
const idOf = (name, flag) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));

/** Whether that user can run a program at this path (all folders above it let them through). */
export function canRun(program, user) {
  return spawnSync(program, ['--version'], { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

/** A folder owned by that user: `wanted` when they can reach it, else one below /var/lib/sluice that is kept for it. */
export function reachableDir(wanted, user) {
  mkdirSync(wanted, { recursive: true, mode: 0o700 });
  if (user.uid === undefined) return wanted;
  giveTo(wanted, user);
  if (spawnSync('test', ['-w', wanted], { ...user, cwd: '/' }).status === 0) return wanted;
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const elsewhere = path.join(ROOT_OWNED, `data-${key}`);
  mkdirSync(elsewhere, { recursive: true });
  giveTo(elsewhere, user);
  return elsewhere;
}

/** The folder and all in it, if another user has filled it: somebody who started here before as themselves, for example. */
function giveTo(dir, { uid, gid }) {
  chownSync(dir, uid, gid);
  const isForeign = readdirSync(dir).some((name) => lstatSync(path.join(dir, name)).uid !== uid);
  if (isForeign) execFileSync('chown', ['-R', `${uid}:${gid}`, dir]);
}

/** A copy of the programs that only root can write and everybody can run, one per package version. */
export function copyForUser(nativeDir, version) {
  const copy = path.join(ROOT_OWNED, `postgres-${version}`);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  mkdirSync(ROOT_OWNED, { recursive: true, mode: 0o755 });
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(nativeDir, unfinished, { recursive: true, verbatimSymlinks: true });
  renameSync(unfinished, copy);
  return copy;
}
