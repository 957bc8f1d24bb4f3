import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { environmentProblems } from './serve.mjs';

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

  it('knows the three roles', () => {
    const all = environmentProblems({ DATABASE_URL: 'postgresql://db/sluice', SLUICE_ROLE: 'everything' });
    expect(all).toContainEqual(expect.stringContaining('must be one of api, worker, all'));
  });
});
