import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@sluice/testing';
import { Program } from './program.js';

let database: TestDatabase;
let program: Program;
beforeAll(async () => {
  database = await createTestDatabase();
  program = new Program(database.url);
});
afterAll(async () => {
  await program.stop();
  await database.drop();
});

it('no kubeconfig ends the process, however often it is sent', async () => {
  const { url, token } = await program.listening();
  const post = async (
    path: string,
    body: object,
  ): Promise<{ status: number; body: { id?: string; errors?: { field: string }[] } }> => {
    const reply = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: reply.status, body: (await reply.json()) as object };
  };
  const { body: project } = await post('/v1/projects', { name: 'hostile' });
  const { body: account } = await post('/v1/accounts', {
    projectId: project.id,
    name: 'main',
    awsAccountId: '111122223333',
    region: 'eu-west-1',
    credentials: null,
  });
  const where = { projectId: project.id, accountId: account.id, name: 'k' };
  const kubeconfigs = ['[', '{a: ', '- ', '? ', '!a ', '&a ', '"', '["]", '].map((part) => part.repeat(3_000));
  // more than once each: the second one compiles what the first one only interpreted, with no stack left for that
  for (const kubeconfig of kubeconfigs.flatMap((text) => [text, text, text, text])) {
    const { status, body } = await post('/v1/clusters?dryRun=true', { ...where, kubeconfig });
    expect({ status, field: body.errors?.[0]?.field }).toEqual({
      status: 400,
      field: expect.stringMatching(/^kubeconfig/),
    });
  }
  expect(program.runs).toBe(true);
});
