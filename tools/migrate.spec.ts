import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { historyProblems, pendingSql } from './migrate.mjs';

const SCHEMA = `
generator client {
  provider = "prisma-client"
  output   = "../generated"
}

datasource db {
  provider = "postgresql"
}

model Thing {
  id   String @id
  name String
}
`;

let dir: string;
let project: { schemaPath: string; dir: string };

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'sluice-schema-'));
  project = { schemaPath: path.join(dir, 'schema.prisma'), dir: path.join(dir, 'migrations') };
  writeFileSync(project.schemaPath, SCHEMA);
});

afterEach(() => rmSync(dir, { recursive: true }));

function migration(name: string, sql: string): void {
  mkdirSync(path.join(project.dir, name), { recursive: true });
  writeFileSync(path.join(project.dir, name, 'migration.sql'), sql);
  writeFileSync(path.join(project.dir, 'migration_lock.toml'), 'provider = "postgresql"\n');
}

const TABLE =
  'CREATE TABLE "Thing" ("id" TEXT NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "Thing_pkey" PRIMARY KEY ("id"));';

describe('schema and migrations', () => {
  it('agree when the migrations make what the schema says, and then the official engine accepts our deployment', async () => {
    migration('20260101000000_things', TABLE);
    expect(await pendingSql(project)).toBeUndefined();
    expect(await historyProblems(project)).toEqual([]);
  });

  it('also agree about what a schema has no words for: triggers, functions, partial indexes, checks', async () => {
    migration(
      '20260101000000_things',
      `${TABLE}
      CREATE FUNCTION keep() RETURNS trigger AS $$ BEGIN RAISE NOTICE 'a;b'; RETURN NEW; END $$ LANGUAGE plpgsql;
      CREATE TRIGGER keep BEFORE UPDATE ON "Thing" FOR EACH ROW EXECUTE FUNCTION keep();
      CREATE UNIQUE INDEX one_red ON "Thing" (name) WHERE name = 'red';
      ALTER TABLE "Thing" ADD CONSTRAINT named CHECK (name <> '');`,
    );
    expect(await pendingSql(project)).toBeUndefined();
    expect(await historyProblems(project)).toEqual([]);
  });

  it('disagree when a column is missing, and the SQL that would add it is shown', async () => {
    migration('20260101000000_things', TABLE.replace('"name" TEXT NOT NULL, ', ''));
    expect(await pendingSql(project)).toContain('ADD COLUMN     "name" TEXT NOT NULL');
  });
});
