import { describe, expect, it } from '@jest/globals';
import { ExternalFailure } from '@sluice/control';
import { Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed } from '@sluice/domain';
import { answerFor } from './problems.js';

const external = (kind: 'transient' | 'terminal', system: 'aws' | 'kubernetes' = 'aws') =>
  new ExternalFailure({ system, kind, code: 'SomeCode', message: 'it said no', requestId: 'req-1' });

describe('which error is which status', () => {
  it.each([
    [
      'InvalidInput',
      new InvalidInput([{ field: 'a', message: 'is wrong' }]),
      400,
      { errors: [{ field: 'a', message: 'is wrong' }] },
    ],
    ['NotFound', new NotFound('rollout', 'rol_1'), 404, {}],
    ['Forbidden', new Forbidden('no'), 403, {}],
    [
      'Conflict',
      new Conflict('VerbNotAllowed', 'no', { allowed: ['start'] }),
      409,
      { reason: 'VerbNotAllowed', facts: { allowed: ['start'] } },
    ],
    [
      'a refusal of AWS that a use case has explained',
      new Conflict('AwsAccessDenied', 'no', { code: 'AccessDenied' }),
      502,
      { system: 'aws', code: 'AccessDenied' },
    ],
    ['PreconditionFailed', new PreconditionFailed('no', { version: 3 }), 412, { facts: { version: 3 } }],
    ['a terminal failure of AWS', external('terminal'), 502, { system: 'aws', code: 'SomeCode' }],
    [
      'a passing failure of a cluster',
      external('transient', 'kubernetes'),
      503,
      { system: 'kubernetes', code: 'SomeCode' },
    ],
    ['a refused connection to the database', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 503, {}],
    [
      'a database that shuts down, deep in the causes',
      new Error('query failed', { cause: Object.assign(new Error('x'), { code: '57P01' }) }),
      503,
      {},
    ],
  ])('%s', (_, error, status, more) => {
    const { problem } = answerFor(error);
    expect(problem).toMatchObject({ status, ...more });
  });

  it('of an error that nobody expected tells nothing', () => {
    const { problem } = answerFor(new Error('password of the database is hunter2'));
    expect(problem.status).toBe(500);
    expect(JSON.stringify(problem)).not.toContain('hunter2');
  });

  it('says when to come back where that helps, and only there', () => {
    expect(answerFor(external('transient')).headers).toEqual({ 'retry-after': '5' });
    expect(answerFor(external('terminal')).headers).toEqual({});
  });
});
