import { describe, expect, it } from '@jest/globals';
import { Conflict, InvalidInput } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';
import { refusal } from './aws-refusals.js';

const failure = (code: string, kind: 'transient' | 'terminal' = 'terminal') =>
  new ExternalFailure({ system: 'aws', kind, code, message: 'said AWS' });
const fieldOf = (code: string, field?: string) => {
  const found = refusal(failure(code), field);
  return found instanceof InvalidInput ? found.issues[0]?.field : found;
};

describe('what AWS refuses', () => {
  it.each([
    ['TargetGroupNotFound', undefined, 'weights'],
    ['TargetGroupNotFound', 'targetGroupArn', 'targetGroupArn'],
    ['SubnetNotFound', undefined, 'subnets'],
    ['ValidationError', 'arn', 'arn'],
    ['ValidationError', undefined, 'body'],
    ['ValidationErrorException', undefined, 'body'],
    ['IncompatibleProtocols', undefined, 'body'],
  ])('%s asked with field %s is the mistake of whoever sent %s', (code, field, named) => {
    expect(fieldOf(code, field)).toBe(named);
  });

  it.each([
    ['DuplicateListener', 'AlreadyExists'],
    ['TooManyTargetGroups', 'AwsRefused'],
    ['AccessDenied', 'AwsAccessDenied'],
    ['InvalidClientTokenId', 'AwsAccessDenied'],
  ])('%s is a conflict: %s', (code, reason) => {
    const found = refusal(failure(code));
    expect(found instanceof Conflict && found.reason).toBe(reason);
  });

  it('stays the outside failure that it is when it may work later, or is none of AWS', () => {
    const throttled = failure('Throttling', 'transient');
    const bug = new Error('ours');
    expect(refusal(throttled)).toBe(throttled);
    expect(refusal(bug)).toBe(bug);
  });
});
