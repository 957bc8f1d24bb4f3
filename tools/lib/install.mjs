// Dependencies: installed when they are missing or from another lock file. Node's own modules only: it runs before them.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { withLock } from './lock.mjs';
import { cacheDir, inRoot, root } from './paths.mjs';
import { runOrFail } from './processes.mjs';
import { ToolError, step } from './say.mjs';

const LEAST_NODE = [20, 19];

export function requireNodeVersion() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1])) return;
  throw new ToolError(`this is Node ${process.versions.node}; Sluice needs Node ${LEAST_NODE.join('.')} or newer`);
}

/** `npm ci` with the install scripts that package.json lists, unless node_modules holds what the lock file says. */
export async function install() {
  requireNodeVersion();
  if (isInstalled()) return;
  await withLock(path.join(cacheDir, 'install.lock'), async () => {
    if (!isInstalled()) await step('installing dependencies (npm ci)', npmCi);
  });
}

/** npm writes down what it has installed once all of it is there, install scripts included: compared with the lock. */
export function isInstalled() {
  const wanted = packagesOf(inRoot('package-lock.json'));
  const installed = packagesOf(inRoot('node_modules/.package-lock.json'));
  if (wanted === undefined) throw new ToolError('package-lock.json is missing from this checkout');
  if (installed === undefined) return false;
  return Object.entries(wanted).every(
    ([place, { version, optional, link }]) =>
      !place.includes('node_modules/') || link || optional || installed[place]?.version === version,
  );
}

const packagesOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined);

async function npmCi() {
  const strict = process.env.CI ? ['--strict-allow-scripts'] : [];
  // npm's progress bar needs a terminal of its own; its log lines do not, and a line per package is proof of life
  await runOrFail('npm', ['ci', '--no-progress', ...strict], { cwd: root, shell: process.platform === 'win32' });
}
