// The long-running programs that `npm start` brings: started apart from the terminal (so that Ctrl-C reaches us alone and
// we stop them in order), watched and started again when they die, and found again by the next start when we died.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { endProcess, isAlive, ownRecord, processIdentity, sleep } from './processes.mjs';
import { ToolError, say } from './say.mjs';

const MAY_DIE = { times: 5, withinMs: 60_000 };

/** The pid files of one `.sluice`: who runs now, told from strangers by the moment each process was started. */
export class RunFolder {
  #dir;

  constructor(dir) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
  }

  read(name) {
    try {
      return JSON.parse(readFileSync(this.#file(name), 'utf8'));
    } catch {
      return undefined;
    }
  }

  write(name, record) {
    writeFileSync(this.#file(name), `${JSON.stringify(record)}\n`, { mode: 0o600 });
  }

  forget(name) {
    rmSync(this.#file(name), { force: true });
  }

  /** Makes this process the only `npm start` of the folder. */
  claim() {
    const other = this.read('start');
    if (isAlive(other) && other.pid !== process.pid) {
      throw new ToolError(
        `npm start already runs here (process ${other.pid}); stop it there with Ctrl-C, or: kill ${other.pid}`,
      );
    }
    this.write('start', ownRecord());
  }

  /** Ends what an earlier start has left running; PostgreSQL is not among it, that is adopted. */
  async endLeftovers() {
    for (const file of readdirSync(this.#dir)) {
      const name = path.basename(file, '.json');
      if (name === 'start') continue;
      const record = this.read(name);
      if (isAlive(record)) {
        say(`  an earlier start left ${name} running (process ${record.pid}): ending it`);
        await endProcess(record);
      }
      this.forget(name);
    }
  }

  #file(name) {
    return path.join(this.#dir, `${name}.json`);
  }
}

/** One program, kept running until it is stopped. */
export class Service {
  #options;
  #record;
  #stopping = false;
  #deaths = [];
  #logFrom = 0;

  /**
   * @param {{ name: string, args: string[], env: object, cwd: string, log: string, runFolder: RunFolder,
   *   isReady: (said: string) => Promise<boolean>, onGone: (message: string) => void }} options
   *   `args` is what Node is to run; `isReady` is asked until it says
   *   yes, with what the program has printed so far; `onGone` hears that it cannot be kept running.
   */
  constructor(options) {
    this.#options = options;
  }

  /** Starts it and waits until it is ready; fails with the end of its log when it ends before. */
  async start({ timeoutMs = 60_000 } = {}) {
    const { log } = this.#options;
    this.#logFrom = existsSync(log) ? statSync(log).size : 0;
    const child = this.#spawn();
    const deadline = performance.now() + timeoutMs;
    while (!(await this.#options.isReady(this.#said()))) {
      if (child.exitCode !== null || child.signalCode !== null)
        throw this.#failure(`ended (${endOf(child)}) before it was ready`);
      if (performance.now() > deadline) throw this.#failure(`was not ready within ${timeoutMs / 1000} s`);
      await sleep(50);
    }
    child.once('exit', () => this.#onExit(child));
    if (child.exitCode !== null || child.signalCode !== null) this.#onExit(child);
  }

  async stop({ graceMs = 10_000 } = {}) {
    this.#stopping = true;
    await endProcess(this.#record, { graceMs });
    this.#options.runFolder.forget(this.#options.name);
  }

  kill() {
    this.#stopping = true;
    if (isAlive(this.#record)) process.kill(this.#record.pid, 'SIGKILL');
  }

  #spawn() {
    const { name, args, env, cwd, log, runFolder } = this.#options;
    mkdirSync(path.dirname(log), { recursive: true });
    const out = openSync(log, 'a', 0o600);
    const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', out, out] });
    closeSync(out);
    if (child.pid === undefined) throw new ToolError(`${name} cannot be started`);
    this.#record = { pid: child.pid, identity: processIdentity(child.pid) };
    runFolder.write(name, this.#record);
    return child;
  }

  async #onExit(child) {
    if (this.#stopping) return;
    const { name, onGone } = this.#options;
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < MAY_DIE.withinMs), now];
    if (this.#deaths.length > MAY_DIE.times) return onGone(this.#failure('keeps ending').message);
    say(`! ${name} ended (${endOf(child)}): starting it again`);
    try {
      await this.start();
      say(`! ${name} is back`);
    } catch (error) {
      if (!this.#stopping) onGone(error.message);
    }
  }

  /** What it has printed since it was started last. */
  #said() {
    return readFileSync(this.#options.log).subarray(this.#logFrom).toString('utf8');
  }

  #failure(what) {
    const { name, log } = this.#options;
    const end = this.#said().trimEnd().split('\n').slice(-15).join('\n');
    return new ToolError(`${name} ${what}; the end of ${log}:\n${end}`);
  }
}

const endOf = (child) => child.signalCode ?? `exit code ${child.exitCode}`;
