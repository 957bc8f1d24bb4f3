import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isAlive, processIdentity, waitUntil } from './processes.mjs';
import { RunFolder, Service } from './services.mjs';

let dir: string;
let runFolder: RunFolder;
let services: Service[];
let gone: string[];

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-services-'));
  runFolder = new RunFolder(path.join(dir, 'run'));
  services = [];
  gone = [];
});

afterEach(async () => {
  for (const service of services) await service.stop();
  rmSync(dir, { recursive: true });
});

function service(program: string): Service {
  const script = path.join(dir, 'program.mjs');
  writeFileSync(script, program);
  const made = new Service({
    name: 'thing',
    args: [script],
    env: process.env,
    cwd: dir,
    log: path.join(dir, 'thing.log'),
    runFolder,
    isReady: async (said: string) => said.includes('ready'),
    onGone: (message: string) => gone.push(message),
  });
  services.push(made);
  return made;
}

const LIVES = "console.log('ready', process.pid); setInterval(() => {}, 1000);";
const pidOf = (name: string): number => runFolder.read(name)?.pid;

describe('a service of npm start', () => {
  it('is started again after a kill -9, as another process', async () => {
    await service(LIVES).start();
    const first = pidOf('thing');
    process.kill(first, 'SIGKILL');
    await waitUntil(
      'a second process',
      () =>
        pidOf('thing') !== first &&
        readFileSync(path.join(dir, 'thing.log'), 'utf8').includes(`ready ${pidOf('thing')}`),
    );
    expect(gone).toEqual([]);
  });

  it('shows the end of its log when it ends before it is ready', async () => {
    await expect(service("console.error('no such key'); process.exit(3);").start()).rejects.toThrow(
      /exit code 3[\s\S]*no such key/,
    );
  });

  it('is left alone once it was stopped on purpose', async () => {
    const stopped = service(LIVES);
    await stopped.start();
    await stopped.stop();
    expect(pidOf('thing')).toBeUndefined();
    expect(gone).toEqual([]);
  });
});

describe('what an earlier npm start has left running', () => {
  it('is ended', async () => {
    const left = spawn(process.execPath, ['-e', LIVES], { stdio: 'ignore' });
    const record = { pid: left.pid as number, identity: processIdentity(left.pid as number) };
    runFolder.write('thing', record);
    await runFolder.endLeftovers();
    expect(isAlive(record)).toBe(false);
    expect(runFolder.read('thing')).toBeUndefined();
  });

  it('is not mistaken for a stranger who has been given its process number since', async () => {
    runFolder.write('thing', { pid: process.pid, identity: 'another boot:1' });
    await runFolder.endLeftovers();
    expect(runFolder.read('thing')).toBeUndefined();
  });

  it('keeps a second npm start out while the first one lives, and only then', async () => {
    const other = spawn(process.execPath, ['-e', LIVES], { stdio: 'ignore' });
    const ended = new Promise((resolve) => other.once('exit', resolve));
    runFolder.write('start', { pid: other.pid, identity: processIdentity(other.pid as number) });
    expect(() => runFolder.claim()).toThrow(`npm start already runs here (process ${other.pid})`);
    other.kill('SIGKILL');
    await ended;
    runFolder.claim();
    expect(runFolder.read('start')).toMatchObject({ pid: process.pid });
  });
});
