import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inRoot } from '../../tools/lib/paths.mjs';
import { safeEnvironment } from '../../tools/lib/safe-environment.mjs';

/** How a process ended: its exit code, or the signal that ended it. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The built API as a process of its own, with a folder for its key and its first token. */
export class Program {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'sluice-program-'));
  readonly tokenFile = path.join(this.dir, 'token');
  stdout = '';
  stderr = '';
  readonly ended: Promise<End>;
  private readonly child;

  /** `env` comes on top of what a start needs; `role` is `all` unless it says otherwise. */
  constructor(databaseUrl: string, env: Readonly<Record<string, string>> = {}) {
    const key = path.join(this.dir, 'key');
    writeFileSync(key, randomBytes(32).toString('base64'), { mode: 0o600 });
    this.child = spawn(process.execPath, [inRoot('apps/api/dist/main.js')], {
      env: safeEnvironment({
        DATABASE_URL: databaseUrl,
        SLUICE_ENCRYPTION_KEY_FILE: key,
        SLUICE_FIRST_TOKEN_FILE: this.tokenFile,
        SLUICE_ROLE: 'all',
        SLUICE_HTTP_PORT: '0',
        SLUICE_LOG_LEVEL: 'warn',
        SLUICE_ALLOW_PROCESS_CREDENTIALS: 'true',
        ...env,
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // `close`, not `exit`: then all that it wrote is here
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Its base URL and first token, once it listens; fails when it ends instead. */
  async listening(): Promise<{ readonly url: string; readonly token: string }> {
    const [, url = ''] = await this.says(/(http:\/\/\S+)\/v1/);
    return { url, token: readFileSync(this.tokenFile, 'utf8').trim() };
  }

  /** Waits until it has written this to standard output; fails when it ends instead. */
  says(what: RegExp | string): Promise<RegExpMatchArray | [string]> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found =
          typeof what === 'string' ? this.stdout.includes(what) && ([what] as [string]) : what.exec(this.stdout);
        if (found) resolve(found);
      };
      this.child.stdout.on('data', look);
      look();
      void this.ended.then(({ code }) => reject(new Error(`it ended with ${String(code)}: ${this.stderr}`)));
    });
  }

  get hasToken(): boolean {
    return existsSync(this.tokenFile) && readFileSync(this.tokenFile, 'utf8') !== '';
  }

  get runs(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async stop(): Promise<End> {
    if (this.runs) this.child.kill('SIGTERM');
    const end = await this.ended;
    rmSync(this.dir, { recursive: true, force: true });
    return end;
  }
}
