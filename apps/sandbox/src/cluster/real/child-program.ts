import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const stopDeadlineMs = 10_000;

/** A program that runs beside us: its output goes to `<dir>/<name>.log`, its id to `<dir>/<name>.pid`. */
export class ChildProgram {
  private constructor(
    private readonly child: ChildProcess,
    private readonly pidFile: string,
    readonly logFile: string,
    private readonly name: string,
  ) {}

  /** Ends what an earlier, abruptly ended run left behind on the same folder, then starts the program. */
  static async start(binary: string, args: readonly string[], dir: string): Promise<ChildProgram> {
    const name = basename(binary);
    const [pidFile, logFile] = [join(dir, `${name}.pid`), join(dir, `${name}.log`)];
    await endLeftover(pidFile, dir);
    const log = openSync(logFile, 'a');
    const child = spawn(binary, [...args], { stdio: ['ignore', log, log] });
    closeSync(log);
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    writeFileSync(pidFile, String(child.pid));
    return new ChildProgram(child, pidFile, logFile, name);
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until `isReady` says so. Throws with the end of the log when the program ends first or the time is over. */
  async whenReady(isReady: () => Promise<boolean>, deadlineMs: number): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    while (!(await isReady().catch(() => false))) {
      if (this.hasEnded || Date.now() > deadline) {
        const state = this.hasEnded ? 'ended' : `is not ready after ${deadlineMs} ms`;
        throw new Error(
          `${this.name} ${state}; the end of ${this.logFile}:\n${readFileSync(this.logFile, 'utf8').split('\n').slice(-12).join('\n')}`,
        );
      }
      await delay(100);
    }
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      const timer = setTimeout(() => this.child.kill('SIGKILL'), stopDeadlineMs);
      await ended;
      clearTimeout(timer);
    }
    rmSync(this.pidFile, { force: true });
  }
}

/** Ends the process of a pid file if it is still there and still ours: its command line names our folder. It has nothing to save that isn't on disk. */
async function endLeftover(pidFile: string, dir: string): Promise<void> {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, 'utf8'));
  } catch {
    return; // no earlier run
  }
  while (commandOf(pid).includes(dir)) {
    process.kill(pid, 'SIGKILL');
    await delay(100);
  }
}

function commandOf(pid: number): string {
  if (!Number.isInteger(pid) || pid <= 1) return '';
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return ''; // ps fails when there is no such process
  }
}
