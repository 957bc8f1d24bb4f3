// Python environments with pinned packages, one per requirements file in test/conformance/peers/python.
import path from 'node:path';
import { hashFiles } from '../lib/hashing.mjs';
import { inRoot } from '../lib/paths.mjs';
import { capture, runOrFail } from '../lib/processes.mjs';
import { step } from '../lib/say.mjs';
import { findMade, makeOnce } from '../lib/tool-cache.mjs';

const FOLDER = 'test/conformance/peers/python';

/**
 * The `bin` folder of the environment for `<name>.txt`, made if need be.
 * @returns `{ bin }`, or `{ missing }` with a sentence that says what has to be installed.
 */
export async function pythonPeer(name) {
  const requirements = `${FOLDER}/${name}.txt`;
  const python = await pythonVersion();
  const hash = hashFiles([requirements], python ?? '', process.platform, process.arch);
  const found = findMade(name, hash);
  if (found !== undefined) return { bin: path.join(found, 'bin') };
  if (python === undefined)
    return { missing: `Python 3.11 or newer with its venv module is needed for ${name} (https://www.python.org)` };
  const dir = await makeOnce(name, hash, (target) =>
    step(`installing ${name} from PyPI`, () => makeEnvironment(target, requirements)),
  );
  return { bin: path.join(dir, 'bin') };
}

async function pythonVersion() {
  const probe = 'import sys, venv, ensurepip; print(sys.version_info >= (3, 11), sys.version, sys.executable)';
  const answer = await capture('python3', ['-c', probe]).catch(() => undefined);
  return answer?.code === 0 && answer.stdout.startsWith('True') ? answer.stdout.trim() : undefined;
}

async function makeEnvironment(dir, requirements) {
  await runOrFail('python3', ['-m', 'venv', dir]);
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-input',
    '--disable-pip-version-check',
    '-r',
    inRoot(requirements),
  ];
  await runOrFail(path.join(dir, 'bin/python'), pip);
}
