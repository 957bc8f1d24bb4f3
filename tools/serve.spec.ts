import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { readSealingKeys } from '@sluice/postgres';
import { environmentProblems } from './serve.mjs';

const opens = (file: string): boolean => {
  try {
    return readSealingKeys(file).length > 0;
  } catch {
    return false;
  }
};

describe('what npm run serve asks of its environment', () => {
  it('names everything that is missing at once', () => {
    expect(environmentProblems({})).toEqual([
      expect.stringContaining('DATABASE_URL is not set'),
      expect.stringContaining('SLUICE_ENCRYPTION_KEY_FILE is not set'),
      expect.stringContaining('SLUICE_ROLE is not set'),
    ]);
  });

  it('takes a key of 32 bytes and refuses any other, without showing it', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-serve-'));
    const file = path.join(dir, 'key');
    const problems = (bytes: number): string[] => {
      writeFileSync(file, Buffer.alloc(bytes, 7).toString('base64'));
      return environmentProblems({
        DATABASE_URL: 'postgresql://db/sluice',
        SLUICE_ENCRYPTION_KEY_FILE: file,
        SLUICE_ROLE: 'api',
      });
    };
    try {
      expect(problems(32)).toEqual([]);
      expect(problems(16)).toEqual([expect.stringContaining('must hold 32 bytes in base64 per line')]);
      expect(problems(16).join()).not.toContain(Buffer.alloc(16, 7).toString('base64'));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('agrees with the server on every key file', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-serve-'));
    const file = path.join(dir, 'key');
    const key = (fill: number) => Buffer.alloc(32, fill).toString('base64');
    const verdicts = (text: string): [tool: boolean, server: boolean] => {
      writeFileSync(file, text);
      const problems = environmentProblems({
        DATABASE_URL: 'postgresql://db/sluice',
        SLUICE_ENCRYPTION_KEY_FILE: file,
        SLUICE_ROLE: 'api',
      });
      return [problems.length === 0, opens(file)];
    };
    try {
      for (const good of [key(1), `${key(1)}\n`, `# since June\n${key(2)}\n\n  # until June\r\n  ${key(1)}  \r\n`])
        expect(verdicts(good)).toEqual([true, true]);
      for (const bad of ['', '# nothing\n', `${key(1)}\nnonsense`, `${key(1)} # mine`, key(1).replace('=', '')])
        expect(verdicts(bad)).toEqual([false, false]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('knows the three roles', () => {
    const all = environmentProblems({ DATABASE_URL: 'postgresql://db/sluice', SLUICE_ROLE: 'everything' });
    expect(all).toContainEqual(expect.stringContaining('must be one of api, worker, all'));
  });
});

describe('npm run serve', () => {
  it('passes SIGTERM on to the program and waits for it to end', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-serve-'));
    mkdirSync(path.join(dir, 'tools'));
    // the script of this project, and a program that says what it hears (and ends by itself should it hear nothing)
    const { scripts } = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    writeFileSync(path.join(dir, 'package.json'), JSON.stringify({ scripts: { serve: scripts['serve'] } }));
    writeFileSync(
      path.join(dir, 'tools', 'serve.mjs'),
      `setTimeout(() => process.exit(1), 10_000);
       process.on('SIGTERM', () => setTimeout(() => { console.log('told'); process.exit(0); }, 100));
       console.log('up');`,
    );
    const npm = spawn('npm', ['run', '--silent', 'serve'], { cwd: dir, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(npm, 'exit');
    try {
      const lines = createInterface({ input: npm.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe('up');
      npm.kill('SIGTERM');
      expect((await lines.next()).value).toBe('told');
      expect(await ended).toEqual([0, null]);
    } finally {
      await ended;
      rmSync(dir, { recursive: true });
    }
  }, 20_000);
});
