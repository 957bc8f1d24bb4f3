import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { query } from './databases.mjs';
import { startPostgres } from './embedded-postgres.mjs';
import { processIdentity, waitUntil } from './processes.mjs';

let parent: string;
let server: Awaited<ReturnType<typeof startPostgres>> | undefined;

beforeEach(() => {
  parent = mkdtempSync(path.join(os.tmpdir(), 'sluice-postgres-'));
  chmodSync(parent, 0o755);
});

afterEach(async () => {
  server?.stop('immediate');
  if (server !== undefined) rmSync(server.dataDir, { recursive: true, force: true });
  server = undefined;
  rmSync(parent, { recursive: true });
});

const start = async (dir = path.join(parent, 'pg')): Promise<void> => {
  server = await startPostgres({ dir, settings: { fsync: 'off' } });
};
const pidOfPostmaster = (): number =>
  Number(readFileSync(path.join(server!.dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);

describe('the embedded PostgreSQL', () => {
  it('is adopted by the next start while it lives, and started again after a kill -9 with what was committed', async () => {
    await start();
    await query(server!.url, 'CREATE TABLE kept (id int)', 'INSERT INTO kept VALUES (7)');
    const { port } = server!;
    await start();
    expect(server).toMatchObject({ adopted: true, port });

    const pid = pidOfPostmaster();
    process.kill(pid, 'SIGKILL');
    await waitUntil('the end of the server', () => processIdentity(pid) === undefined);
    await start();
    expect(server!.adopted).toBe(false);
    expect(await query(server!.url, 'SELECT id FROM kept')).toEqual([{ id: 7 }]);
  });

  it('keeps its password to its owner, and lets nobody in without it', async () => {
    await start();
    expect(statSync(path.join(parent, 'pg/password')).mode & 0o777).toBe(0o600);
    const wrong = new URL(server!.url);
    wrong.password = 'sluice';
    await expect(query(wrong.toString(), 'SELECT 1')).rejects.toThrow('password authentication failed');
  });

  it('runs below a folder that only its owner may enter', async () => {
    const closed = path.join(parent, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    await start(path.join(closed, 'pg'));
    expect(await query(server!.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('starts although an earlier first start was killed half way', async () => {
    await start();
    server!.stop('immediate');
    rmSync(path.join(server!.dataDir, 'PG_VERSION'));
    await start();
    expect(await query(server!.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
