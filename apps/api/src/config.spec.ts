import { describe, expect, it } from '@jest/globals';
import { BadConfig, readConfig } from './config.js';

const enough = {
  DATABASE_URL: 'postgresql://u:p@db/sluice',
  SLUICE_ENCRYPTION_KEY_FILE: '/keys/sluice',
  SLUICE_ROLE: 'all',
};

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof BadConfig) return error.problems;
    throw error;
  }
  return [];
}

describe('the configuration', () => {
  it('needs what moves traffic, and has a default for everything else', () => {
    expect(readConfig(enough)).toMatchObject({
      role: 'all',
      host: '127.0.0.1',
      port: 8080,
      allowedAwsEndpoints: [],
      allowProcessCredentials: false,
      leaseMs: 10_000,
      dashboardDir: null,
    });
  });

  it('names everything that is wrong at once, and what each variable is for', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://secret@host',
      SLUICE_HTTP_PORT: '99999',
      SLUICE_ALLOW_PROCESS_CREDENTIALS: 'yes',
      SLUICE_ALLOWED_AWS_ENDPOINTS: 'ftp://x',
    });
    expect(problems.map((problem) => problem.split(/[ :]/)[0])).toEqual([
      'DATABASE_URL',
      'SLUICE_ENCRYPTION_KEY_FILE',
      'SLUICE_ROLE',
      'SLUICE_HTTP_PORT',
      'SLUICE_ALLOWED_AWS_ENDPOINTS',
      'SLUICE_ALLOW_PROCESS_CREDENTIALS',
    ]);
    expect(problems.join()).not.toContain('secret');
  });

  it('takes an empty variable for an absent one', () => {
    expect(problemsOf({ ...enough, SLUICE_ROLE: '' })).toEqual([
      'SLUICE_ROLE is needed: api: answers requests. worker: moves traffic. all: both.',
    ]);
    expect(readConfig({ ...enough, SLUICE_HTTP_PORT: '' }).port).toBe(8080);
  });

  it('refuses a write timeout that no lease can hold', () => {
    expect(problemsOf({ ...enough, SLUICE_LEASE_MS: '2000', SLUICE_WRITE_TIMEOUT_MS: '2000' })).toHaveLength(1);
  });

  it('splits the allowed endpoints', () => {
    expect(
      readConfig({ ...enough, SLUICE_ALLOWED_AWS_ENDPOINTS: 'http://127.0.0.1:4566/, https://proxy.example.com/aws' })
        .allowedAwsEndpoints,
    ).toEqual(['http://127.0.0.1:4566/', 'https://proxy.example.com/aws']);
  });
});
