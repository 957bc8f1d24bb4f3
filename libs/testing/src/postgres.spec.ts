import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase } from './postgres.js';

async function rowsOf(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('a test database', () => {
  it('holds the migrated schema and nothing that another test has written', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    try {
      const [project] = await rowsOf(
        one.url,
        "INSERT INTO projects (id, name, created_by) VALUES ('p', 'p', 'me') RETURNING id",
      );
      expect(project).toEqual({ id: 'p' });
      expect(await rowsOf(other.url, 'SELECT id FROM projects')).toEqual([]);
    } finally {
      await Promise.all([one.drop(), other.drop()]);
    }
  });

  it('is gone once dropped, whoever was still connected', async () => {
    const database = await createTestDatabase();
    const lingering = new pg.Client({ connectionString: database.url });
    await lingering.connect();
    const ended = new Promise((resolve) => lingering.on('error', resolve));
    await database.drop();
    await ended;
    await expect(rowsOf(database.url, 'SELECT 1')).rejects.toThrow('does not exist');
  });

  it('names the way to run tests when there is no server for them', async () => {
    const { SLUICE_TEST_DATABASE_URL: kept } = process.env;
    delete process.env['SLUICE_TEST_DATABASE_URL'];
    try {
      await expect(createTestDatabase()).rejects.toThrow('npm test -- <path of the test>');
    } finally {
      process.env['SLUICE_TEST_DATABASE_URL'] = kept;
    }
  });
});
