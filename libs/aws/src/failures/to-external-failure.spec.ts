import { describe, expect, it } from '@jest/globals';
import { toExternalFailure } from './to-external-failure.js';

const write = { operation: 'ModifyRule', subject: 'arn:rule', writes: true, stage: 'call', ended: null } as const;

/** An error of AWS as the SDK throws it. */
function said(code: string, message = '', status = 400): Error {
  return Object.assign(new Error(message), { Code: code, $metadata: { httpStatusCode: status } });
}

describe('a failure of AWS', () => {
  it.each([
    'BandwidthLimitExceeded',
    'EC2ThrottledException',
    'PriorRequestNotComplete',
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'RequestThrottledException',
    'SlowDown',
    'ThrottledException',
    'Throttling',
    'ThrottlingException',
    'TooManyRequestsException',
  ])('is a throttle when it is %s, whatever its status, and then nothing happened', (code) => {
    for (const status of [400, 503])
      expect(toExternalFailure(said(code, 'slow down', status), write)).toMatchObject({
        code,
        kind: 'transient',
        throttled: true,
        ambiguous: false,
      });
  });

  it('is a throttle when its status is 429, with an unknown code or none', () => {
    expect(toExternalFailure(said('Busy', '', 429), write)).toMatchObject({ code: 'Busy', throttled: true });
    const bare = Object.assign(new Error(''), { $metadata: { httpStatusCode: 429 } });
    expect(toExternalFailure(bare, write)).toMatchObject({ code: 'Http429', throttled: true, kind: 'transient' });
  });

  it('is no throttle otherwise', () => {
    for (const code of ['AccessDenied', 'RuleNotFound', 'InternalFailure'])
      expect(toExternalFailure(said(code), write).throttled).toBe(false);
  });

  it.each([
    ['SignatureDoesNotMatch', 'Signature expired: 20261125T070000Z is now earlier than 20261125T071500Z'],
    ['SignatureDoesNotMatch', 'Signature not yet current: 20261125T080000Z is still later than 20261125T071500Z'],
    ['InvalidSignatureException', 'Signature expired: …'],
    ['RequestExpired', 'Request has expired.'],
    ['RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'],
    ['RequestInTheFuture', ''],
  ])('by %s (%s) is one of the clocks: never applied, and not the key', (code, message) => {
    const failure = toExternalFailure(said(code, message, 403), write);
    expect(failure).toMatchObject({ code, kind: 'transient', ambiguous: false, throttled: false });
    expect(failure.message).toMatch(/The clock of this machine .* nothing was changed\. Set the clock/);
    expect(failure.message).not.toMatch(/Check the access key/);
  });

  it('is one of the key when the signature itself does not match', () => {
    const message = 'The request signature we calculated does not match the signature you provided.';
    expect(toExternalFailure(said('SignatureDoesNotMatch', message, 403), write)).toMatchObject({
      kind: 'terminal',
      message: expect.stringContaining('Check the access key'),
    });
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'is judged by its status when its code is %s',
    (code) => {
      expect(toExternalFailure(said(code, 'hm'), write)).toMatchObject({ code, kind: 'terminal', ambiguous: false });
      expect(toExternalFailure(said(code, 'hm', 500), write)).toMatchObject({
        code,
        kind: 'transient',
        ambiguous: true,
      });
    },
  );

  it('of a socket that fell silent after sending is in doubt', () => {
    const silent = Object.assign(new Error('the request socket timed out'), { name: 'TimeoutError' });
    expect(toExternalFailure(silent, write)).toMatchObject({ code: 'Timeout', kind: 'transient', ambiguous: true });
  });
});
