// moto's server: AWS as the conformance run sees it (wire format and plumbing; it is laxer than AWS in many ways).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { freePort } from '../lib/ports.mjs';
import { endProcess, processIdentity, waitUntil } from '../lib/processes.mjs';
import { ToolError } from '../lib/say.mjs';
import { pythonPeer } from './python.mjs';

/**
 * Starts moto on a loopback port of the system's choice and waits until it answers.
 * @returns `{ endpoint, stop() }`, or `{ missing }` when there is no Python.
 */
export async function startMoto() {
  const { bin, missing } = await pythonPeer('moto');
  if (missing !== undefined) return { missing };
  const port = await freePort();
  const child = spawn(path.join(bin, 'moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-4_000)));
  const record = { pid: child.pid, identity: processIdentity(child.pid) };
  const endpoint = `http://127.0.0.1:${port}`;
  await waitUntil(
    'an answer from moto',
    () => {
      if (child.exitCode !== null) throw new ToolError(`moto ended with exit code ${child.exitCode}:\n${log}`);
      return answers(`${endpoint}/moto-api/data.json`);
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
  return { endpoint, stop: () => endProcess(record) };
}

const answers = (url) =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    (reply) => reply.ok,
    () => false,
  );
