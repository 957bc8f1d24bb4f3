import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { deploy } from './deploy.mjs';
import { query, withScratchDatabase } from './lib/databases.mjs';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-migrations-'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function migration(name: string, sql: string): void {
  mkdirSync(path.join(dir, name), { recursive: true });
  writeFileSync(path.join(dir, name, 'migration.sql'), sql);
}

describe('deploying migrations', () => {
  it('applies each once and in order, however many deploy at the same time', async () => {
    migration('2_more', "INSERT INTO things VALUES ('two')");
    migration('1_things', "CREATE TABLE things (name text); INSERT INTO things VALUES ('one')");
    await withScratchDatabase(async (url: string) => {
      const applied = await Promise.all([1, 2, 3].map(() => deploy({ url, dir })));
      expect(applied.flat()).toEqual(['1_things', '2_more']);
      expect(await query(url, 'SELECT name FROM things')).toEqual([{ name: 'one' }, { name: 'two' }]);
      expect(await deploy({ url, dir })).toEqual([]);
    });
  });

  it('takes functions with semicolons in their bodies', async () => {
    migration(
      '1_function',
      'CREATE FUNCTION one() RETURNS int AS $$ BEGIN PERFORM 1; RETURN 1; END $$ LANGUAGE plpgsql; -- a; comment',
    );
    await withScratchDatabase(async (url: string) => {
      await deploy({ url, dir });
      expect(await query(url, 'SELECT one()')).toEqual([{ one: 1 }]);
    });
  });

  it('undoes one that fails whole, and goes no further until a person has put it right', async () => {
    migration('1_bad', 'CREATE TABLE half (id int); CREATE TABLE half (id int);');
    await withScratchDatabase(async (url: string) => {
      await expect(deploy({ url, dir })).rejects.toThrow('1_bad failed and was undone: relation "half" already exists');
      expect(await query(url, "SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
      migration('1_bad', 'CREATE TABLE half (id int)');
      await expect(deploy({ url, dir })).rejects.toThrow('1_bad failed earlier');
      await query(url, 'UPDATE _prisma_migrations SET rolled_back_at = now()');
      expect(await deploy({ url, dir })).toEqual(['1_bad']);
    });
  });

  it('refuses a migration that was edited after it had been applied', async () => {
    migration('1_things', 'CREATE TABLE things (name text)');
    await withScratchDatabase(async (url: string) => {
      await deploy({ url, dir });
      migration('1_things', 'CREATE TABLE things (name text, size int)');
      migration('2_more', 'CREATE TABLE more (id int)');
      await expect(deploy({ url, dir })).rejects.toThrow('1_things was edited after it had been applied');
    });
  });
});
