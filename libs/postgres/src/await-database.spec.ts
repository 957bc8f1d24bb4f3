import { describe, expect, it } from '@jest/globals';
import { createTestDatabase } from '@sluice/testing';
import { awaitDatabase } from './await-database.js';

const coded = (code: string, message = `it says ${code}`) => Object.assign(new Error(message), { code });

/** A database that fails like this, in order, and then answers (`null`) or goes on with the last. */
function scripted(...answers: (Error | null)[]) {
  let [tries, nowMs] = [0, 0];
  const waiting: string[] = [];
  return {
    waiting,
    tries: () => tries,
    nowMs: () => nowMs,
    options: {
      ask: async () => {
        const answer = answers[Math.min(tries, answers.length - 1)] ?? null;
        tries += 1;
        if (answer !== null) throw answer;
      },
      now: () => nowMs,
      pause: async (ms: number) => void (nowMs += ms),
      onWaiting: (reason: string) => void waiting.push(reason),
    },
  };
}

describe('a database at the start', () => {
  it.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', '57P03', '53300', '08006'])(
    'that cannot be reached yet (%s) is waited for, and that is said once',
    async (code) => {
      const database = scripted(coded(code), coded(code), null);
      await awaitDatabase('postgresql://db/sluice', database.options);
      expect(database.tries()).toBe(3);
      expect(database.waiting).toEqual([`it says ${code}`]);
    },
  );

  it('is given up after a minute', async () => {
    const database = scripted(coded('ECONNREFUSED', 'connect ECONNREFUSED 10.0.0.1:5432'));
    await expect(awaitDatabase('postgresql://db/sluice', database.options)).rejects.toMatchObject({
      kind: 'unreachable',
      message: 'the database cannot be reached, tried for 60 s: connect ECONNREFUSED 10.0.0.1:5432',
    });
    expect(database.nowMs()).toBe(60_000);
  });

  it.each(['28P01', '28000', '3D000', '42501'])('that refuses us (%s) is not asked again', async (code) => {
    const database = scripted(coded(code));
    await expect(awaitDatabase('postgresql://db/sluice', database.options)).rejects.toMatchObject({ kind: 'refused' });
    expect(database.tries()).toBe(1);
  });

  it('tells one that is missing from one that is not there, on a real server', async () => {
    const database = await createTestDatabase();
    try {
      await awaitDatabase(database.url);
      const missing = new URL(database.url);
      missing.pathname = '/no_such_database';
      await expect(awaitDatabase(missing.href)).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('"no_such_database" does not exist'),
      });
      const nobody = 'postgresql://u:secret-password@127.0.0.1:1/sluice';
      const unreachable = awaitDatabase(nobody, { patienceMs: 0 });
      await expect(unreachable).rejects.toMatchObject({ kind: 'unreachable' });
      await expect(unreachable).rejects.not.toThrow('secret-password');
    } finally {
      await database.drop();
    }
  });
});
