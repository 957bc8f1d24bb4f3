import { describe, expect, it } from '@jest/globals';
import { composeProblems } from './compose-check.mjs';

const file = (change: object): object => ({
  services: { sluice: { image: 'sluice', volumes: ['state:/var/lib/sluice'], ...change } },
  volumes: { state: {} },
});

describe('the check of docker-compose.yml', () => {
  it('is content with a service that refers to what is there', async () => {
    expect(await composeProblems(file({}), '${PASSWORD:?set it}')).toEqual([]);
  });

  it.each([
    ['a key that the Compose Specification does not know', { imaged: 'x' }, 'must NOT have additional properties'],
    ['a wrong type', { ports: 8080 }, 'must be array'],
    ['a dependency that is not there', { depends_on: ['postgres'] }, 'refers to service postgres'],
    ['a network of a service that is not there', { network_mode: 'service:other' }, 'refers to service other'],
    ['a volume that is not declared', { volumes: ['data:/data'] }, 'mounts volume data'],
    [
      'a Dockerfile that is not there',
      { build: { context: '.', dockerfile: 'deploy/None' } },
      'built from deploy/None',
    ],
  ])('reports %s', async (_what, change, problem) => {
    expect(await composeProblems(file(change), '')).toContainEqual(expect.stringContaining(problem));
  });

  it('reports a secret with a default', async () => {
    expect(await composeProblems(file({}), 'X: ${POSTGRES_PASSWORD:-sluice}')).toEqual([
      expect.stringContaining('a secret has no default'),
    ]);
  });
});
