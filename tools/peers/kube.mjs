// The real Kubernetes programs, built from their Go modules (test/conformance/peers/kube): one binary under the names
// etcd, kube-apiserver and kubectl. `node tools/peers/kube.mjs` builds them and prints their folder, which is what
// KUBEBUILDER_ASSETS expects; who has them already sets that variable, and nothing is built.
import { linkSync, existsSync } from 'node:fs';
import path from 'node:path';
import { hashFiles } from '../lib/hashing.mjs';
import { inRoot, isMain } from '../lib/paths.mjs';
import { capture, run } from '../lib/processes.mjs';
import { ToolError, main, say, step } from '../lib/say.mjs';
import { findMade, makeOnce } from '../lib/tool-cache.mjs';

const SOURCE = 'test/conformance/peers/kube';
const VERSION = { git: 'v1.36.3', major: '1', minor: '36' };
const NAMES = ['etcd', 'kube-apiserver', 'kubectl'];
const LDFLAGS = [
  '-s',
  '-w',
  ...Object.entries(VERSION).map(
    ([part, value]) => `-X k8s.io/component-base/version.${part}${part === 'git' ? 'Version' : ''}=${value}`,
  ),
].join(' ');

/**
 * The folder with the three programs, built if need be (minutes the first time).
 * @returns `{ dir }`, or `{ missing }` with a sentence that says what has to be installed.
 */
export async function kubeAssets() {
  const given = process.env.KUBEBUILDER_ASSETS;
  if (given) return fromEnvironment(given);
  const go = await goVersion();
  const hash = hashFiles(
    [`${SOURCE}/main.go`, `${SOURCE}/go.mod`, `${SOURCE}/go.sum`],
    LDFLAGS,
    go ?? '',
    process.platform,
    process.arch,
  );
  const found = findMade('kube', hash);
  if (found !== undefined) return { dir: found };
  if (go === undefined) {
    return {
      missing:
        'Go 1.21 or newer is needed to build etcd, kube-apiserver and kubectl (https://go.dev/dl), or a folder that has them in KUBEBUILDER_ASSETS',
    };
  }
  return {
    dir: await makeOnce('kube', hash, (dir) =>
      step('building etcd, kube-apiserver and kubectl with Go', () => build(dir)),
    ),
  };
}

function fromEnvironment(dir) {
  const lacking = NAMES.filter((name) => !existsSync(path.join(dir, name)));
  if (lacking.length === 0) return { dir };
  throw new ToolError(`KUBEBUILDER_ASSETS is ${dir}, but that folder has no ${lacking.join(', ')}`);
}

async function goVersion() {
  const answer = await capture('go', ['env', 'GOVERSION'], { cwd: inRoot(SOURCE) }).catch(() => undefined);
  return answer?.code === 0 ? answer.stdout.trim() : undefined;
}

async function build(dir) {
  const binary = path.join(dir, 'kube');
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  const code = await run('go', ['build', '-trimpath', '-ldflags', LDFLAGS, '-o', binary, '.'], {
    cwd: inRoot(SOURCE),
    env,
  });
  if (code !== 0) throw new ToolError('the Go build failed; its output is above');
  for (const name of NAMES) linkSync(binary, path.join(dir, name));
}

if (isMain(import.meta)) {
  await main(async () => {
    const { dir, missing } = await kubeAssets();
    if (missing !== undefined) throw new ToolError(missing);
    say(dir);
  });
}
