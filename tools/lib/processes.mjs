// Child processes, and telling our own processes from strangers that have been given the same pid since.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { ToolError } from './say.mjs';

/**
 * What identifies a process beyond its pid: the boot and the moment it was started. `undefined` when no such process
 * runs. Two equal identities are the same process; a pid given to somebody else later has another identity.
 */
export function processIdentity(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') return linuxIdentity(pid);
  try {
    const line = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return line.trim() || undefined;
  } catch {
    return undefined;
  }
}

function linuxIdentity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the program's name in brackets and may hold blanks: count from behind it
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the process written down as `{ pid, identity }` is still the one that runs under that pid. */
export const isAlive = (record) => record?.identity !== undefined && processIdentity(record.pid) === record.identity;

export const ownRecord = () => ({ pid: process.pid, identity: processIdentity(process.pid) });

/** Runs a program to its end with our own terminal; resolves with its exit code (128 when it was killed). */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.once('error', (error) => reject(new ToolError(`cannot run ${command}: ${error.message}`)));
    child.once('close', (code) => resolve(code ?? 128));
  });
}

/** As `run`, but anything except exit code 0 is an error. */
export async function runOrFail(command, args, options = {}) {
  const code = await run(command, args, options);
  if (code !== 0)
    throw new ToolError(`${[command, ...args].join(' ')} ended with exit code ${code}; its output is above`);
}

/** Runs a program to its end and gives what it printed, without failing on its exit code. */
export function capture(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 128, stdout, stderr }));
  });
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks `probe` until it answers something truthy; gives that, or fails with `what` after `timeoutMs`. */
export async function waitUntil(what, probe, { timeoutMs = 30_000, everyMs = 50 } = {}) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer) return answer;
    if (performance.now() > deadline) throw new ToolError(`${what} did not happen within ${timeoutMs / 1000} s`);
    await sleep(everyMs);
  }
}

/** Ends a process we started: politely first, with force after `graceMs`. Does nothing to a stranger. */
export async function endProcess(record, { graceMs = 10_000, signal = 'SIGTERM' } = {}) {
  if (!isAlive(record)) return;
  signalQuietly(record.pid, signal);
  const deadline = performance.now() + graceMs;
  while (isAlive(record) && performance.now() < deadline) await sleep(25);
  if (isAlive(record)) signalQuietly(record.pid, 'SIGKILL');
  while (isAlive(record) && performance.now() < deadline + 5_000) await sleep(25);
}

function signalQuietly(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
