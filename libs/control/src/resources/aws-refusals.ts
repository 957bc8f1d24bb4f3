import { Conflict, InvalidInput } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';

const fieldsOf: Readonly<Record<string, string>> = {
  LoadBalancerNotFound: 'loadBalancerArn',
  ListenerNotFound: 'listenerArn',
  TargetGroupNotFound: 'weights',
  SubnetNotFound: 'subnets',
  InvalidSubnet: 'subnets',
  AvailabilityZoneNotSupported: 'subnets',
  InvalidSecurityGroup: 'securityGroups',
  CertificateNotFound: 'certificateArn',
  UnsupportedProtocol: 'protocol',
  SSLPolicyNotFound: 'protocol',
};
/** AWS says of the request itself that it is wrong; which field it means stands in its sentence only. */
const wrong = [
  'ValidationError',
  'InvalidConfigurationRequest',
  'InvalidLoadBalancerAction',
  'InvalidScheme',
  'InvalidTarget',
  'IncompatibleProtocols',
  'InvalidParameterValue',
  'InvalidParameterCombination',
];
const taken = ['DuplicateLoadBalancerName', 'DuplicateTargetGroupName', 'DuplicateListener', 'PriorityInUse'];

/**
 * What AWS refused because of what a person sent, as that person's mistake: a thing that isn't there names its field, what
 * AWS finds wrong otherwise the body. Anything else terminal is a Conflict with AWS's code. What may work later stays the
 * outside world's failure.
 */
export async function answered<T>(call: Promise<T>, field?: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw refusal(error, field);
  }
}

export function refusal(error: unknown, field?: string): unknown {
  if (!(error instanceof ExternalFailure) || error.kind === 'transient') return error;
  const code = error.code.replace(/Exception$/, '');
  const message = `AWS refused: ${code}: ${error.message}`;
  if (taken.includes(code)) return new Conflict('AlreadyExists', message, { code });
  const isInput = wrong.includes(code);
  const named =
    (isInput || code.endsWith('NotFound') ? field : undefined) ?? fieldsOf[code] ?? (isInput ? 'body' : undefined);
  if (named !== undefined)
    return new InvalidInput([
      { field: named, message: `${message}${isInput ? '' : ' (is it in this account and Region?)'}` },
    ]);
  return new Conflict(
    isAccess(code) ? 'AwsAccessDenied' : 'AwsRefused',
    `${message}${isAccess(code) ? '; check the account (:check) and the IAM policy of its role' : ''}`,
    {
      code,
      requestId: error.requestId,
    },
  );
}

function isAccess(code: string): boolean {
  return /AccessDenied|UnauthorizedOperation|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|UnrecognizedClient|AuthFailure|OptInRequired/.test(
    code,
  );
}
