import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import pg from 'pg';
import { Program } from './program.js';

let database: TestDatabase;
const programs: Program[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()));
});
afterAll(async () => {
  await database.drop();
});

const start = (env: Readonly<Record<string, string>>, url = database.url) => {
  const program = new Program(url, env);
  programs.push(program);
  return program;
};

const rows = async (sql: string) => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

/** Ends by itself, with exit code 1 and one sentence. */
async function expectGivesUp(program: Program, sentence: string): Promise<void> {
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr).toMatch(/^sluice cannot start: [^\n]+\n$/);
  expect(program.stderr).toContain(sentence);
}

describe('a start that cannot succeed ends with exit code 1 and one sentence', () => {
  let taken: Server;
  let port: string;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = String((taken.address() as AddressInfo).port);
  });
  afterAll(() => void taken.close());

  it('when its port is taken, and writes no first token', async () => {
    const program = start({ SLUICE_HTTP_PORT: port });
    await expectGivesUp(program, `127.0.0.1:${port} is taken`);
    expect(program.hasToken).toBe(false);
    expect(await rows('SELECT id FROM tokens')).toEqual([]);
  });

  it('when its host is no address of this machine', async () => {
    const program = start({ SLUICE_HTTP_HOST: '192.0.2.1' });
    await expectGivesUp(program, 'SLUICE_HTTP_HOST is 192.0.2.1, which is no address of this machine');
    expect(program.hasToken).toBe(false);
  });

  it('when its keys cannot be read', async () => {
    await expectGivesUp(start({ SLUICE_ENCRYPTION_KEY_FILE: '/no/such/key' }), '/no/such/key, cannot be read (ENOENT)');
  });

  it('when the first token cannot be written', async () => {
    const file = path.join('/no/such/folder', 'token');
    await expectGivesUp(start({ SLUICE_FIRST_TOKEN_FILE: file }), `${file}, which cannot be written (ENOENT)`);
    expect(await rows('SELECT id FROM tokens')).toEqual([]);
  });

  it('when the database refuses it', async () => {
    const other = new URL(database.url);
    other.pathname = '/no_such_database';
    await expectGivesUp(start({}, other.href), 'the database refuses us');
  });

  it('when the environment is not usable', async () => {
    const program = start({ SLUICE_ROLE: 'everything' });
    expect(await program.ended).toEqual({ code: 1, signal: null });
    expect(program.stderr).toContain('SLUICE_ROLE');
  });
});

it('a start waits for a database that is not there yet, and can be stopped meanwhile', async () => {
  const program = start({}, 'postgresql://u:secret-password@127.0.0.1:1/sluice');
  await program.says('the database cannot be reached yet');
  expect(program.runs).toBe(true);
  expect(await program.stop()).toEqual({ code: 0, signal: null });
  expect(program.stdout + program.stderr).not.toContain('secret-password');
});

it('a start that succeeds has written its token when it says where it listens', async () => {
  const program = start({});
  const { url, token } = await program.listening();
  const reply = await fetch(`${url}/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
  expect(reply.status).toBe(200);
  expect(await program.stop()).toEqual({ code: 0, signal: null });
});
