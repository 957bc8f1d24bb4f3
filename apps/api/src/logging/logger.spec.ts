import { describe, expect, it } from '@jest/globals';
import { pino, type Logger } from 'pino';
import { pinoOptions } from './logger.js';

function logged(write: (logger: Logger<never, boolean>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(pino(pinoOptions('info'), { write: (line) => void lines.push(line) }));
  return JSON.parse(lines[0] ?? '{}') as Record<string, unknown>;
}

describe('a log line', () => {
  it('has only the fields that are on the list', () => {
    const line = logged((logger) =>
      logger.info(
        { requestId: 'r', token: 'SECRET', headers: { authorization: 'SECRET' }, config: { key: 'SECRET' } },
        'hello',
      ),
    );
    expect(line).toEqual({ level: 'info', ts: expect.any(String), requestId: 'r', msg: 'hello' });
  });

  it('tells of an error its type, message, code and stack, and nothing that hangs on it', () => {
    const error = Object.assign(new TypeError('broken'), {
      code: 'E_BROKEN',
      request: { headers: { authorization: 'SECRET' } },
      secretAccessKey: 'SECRET',
    });
    const line = logged((logger) => logger.error({ err: error }, 'failed'));
    expect(line['err']).toEqual({
      type: 'TypeError',
      message: 'broken',
      code: 'E_BROKEN',
      stack: expect.stringContaining('TypeError: broken'),
    });
    expect(JSON.stringify(line)).not.toContain('SECRET');
  });

  it.each(['err', 'error', 'reason'])('tells of an error under %s its message, and no value of a row', (name) => {
    const error = Object.assign(new Error('value out of range for type integer'), {
      name: 'error',
      severity: 'ERROR',
      code: '22003',
      detail: 'Failing row contains (SECRET).',
      where: 'COPY tokens, line 1: "SECRET"',
      parameters: ['SECRET'],
    });
    const line = logged((logger) => logger.warn({ [name]: error }, 'a rollout could not be decided'));
    expect(line[name]).toMatchObject({ message: 'value out of range for type integer', code: '22003' });
    expect(JSON.stringify(line)).not.toContain('SECRET');
  });
});
