/** What a code of AWS means for us, and what an operator does about it. */
export interface CodeMeaning {
  readonly kind: 'transient' | 'terminal';
  readonly advice?: string;
  /** AWS looked at the call and did not do it, whatever the HTTP status: a write with this code is not ambiguous. */
  readonly refused: boolean;
}

const transient = (advice?: string): CodeMeaning => ({ kind: 'transient', refused: false, ...(advice && { advice }) });
const terminal = (advice?: string): CodeMeaning => ({ kind: 'terminal', refused: true, ...(advice && { advice }) });
const throttled: CodeMeaning = {
  kind: 'transient',
  refused: true,
  advice:
    'Every controller and tool in this account and Region shares this rate; lower the API budget of the account if it persists.',
};

/**
 * Every code by which AWS says "too fast", whatever the status: the SDK's own list (`THROTTLING_ERROR_CODES` of
 * @smithy/core) but for two that say something else of ELBv2 and STS.
 */
const throttles: ReadonlySet<string> = new Set([
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
]);

export function isThrottle(code: string): boolean {
  return throttles.has(code);
}

/** What is known of a code; null for one that only its HTTP status explains. */
export function meaningOfCode(code: string): CodeMeaning | null {
  if (isThrottle(code)) return throttled;
  return codeMeanings.get(code) ?? null;
}

/** AWS compares a signature's time with its own and does nothing for one that is minutes away. */
export const clockSkew: CodeMeaning = {
  kind: 'transient',
  refused: true,
  advice:
    'The clock of this machine and the clock of AWS are minutes apart, so AWS refuses what is signed here; nothing was changed. Set the clock of this machine (NTP); the key is not the cause.',
};

/** The same complaint by several codes, one of which also stands for a wrong key. */
export function isClockSkew(code: string, says: string): boolean {
  if (['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'].includes(code)) return true;
  const ofSignature = code === 'SignatureDoesNotMatch' || code === 'InvalidSignatureException';
  return ofSignature && /signature (expired|not yet current)/i.test(says);
}

const checkTheKey = 'Check the access key of this account in Sluice, then run its check.';
const goneRule =
  'It may have been deleted or made anew under another ARN by Terraform or a controller. Look at the listener, then register the new ARN.';
const gone = 'It may have been deleted. Check the ARN, the account and the Region.';

/**
 * The codes that need more than "5xx is transient, 4xx is terminal" (Elastic Load Balancing API reference, "Errors" of
 * each action and "Common errors"; wire spelling, without "Exception" where AWS leaves it out).
 */
const codeMeanings: ReadonlyMap<string, CodeMeaning> = new Map(
  Object.entries<CodeMeaning>({
    ServiceUnavailable: transient(),
    ServiceUnavailableException: transient(),
    InternalFailure: transient(),
    InternalError: transient(),
    InternalServerError: transient(),
    HealthUnavailable: transient(),
    RequestTimeout: transient(),
    RequestTimeoutException: transient(),
    IDPCommunicationError: transient(),

    // The chain cannot tell a broken set-up from a metadata service that is away for a moment.
    CredentialsProviderError: {
      kind: 'transient',
      refused: true,
      advice: 'Give the account an access key, or this process a role that it can read.',
    },

    ExpiredToken: terminal(
      'The session token has run out and could not be renewed. Give the account a fresh one, or a role to assume.',
    ),
    ExpiredTokenException: terminal(
      'The session token has run out and could not be renewed. Give the account a fresh one, or a role to assume.',
    ),
    InvalidClientTokenId: terminal(checkTheKey),
    UnrecognizedClientException: terminal(checkTheKey),
    SignatureDoesNotMatch: terminal(checkTheKey),
    AuthFailure: terminal(checkTheKey),
    AccessDenied: terminal(
      'Allow this action to the role or user of the account (the README has the policy), then run its check.',
    ),
    AccessDeniedException: terminal(
      'Allow this action to the role or user of the account (the README has the policy), then run its check.',
    ),
    UnauthorizedOperation: terminal(
      'Allow this action to the role or user of the account (the README has the policy), then run its check.',
    ),
    OptInRequired: terminal('Enable this service or Region for the AWS account.'),

    RuleNotFound: terminal(goneRule),
    ListenerNotFound: terminal(gone),
    LoadBalancerNotFound: terminal(gone),
    TargetGroupNotFound: terminal(gone),
    OperationNotPermitted: terminal(
      'AWS allows this for neither default rules nor protected load balancers. A default action is changed by its listener’s ARN.',
    ),
    TargetGroupAssociationLimit: terminal(
      'The target group already serves another load balancer, and may serve only one. Use a target group of its own.',
    ),
    IncompatibleProtocols: terminal(
      'The protocol of the target group does not fit the listener. Create one with a protocol that does.',
    ),
    TooManyActions: terminal('An action forwards to at most 5 target groups. Take one out first.'),
    TooManyUniqueTargetGroupsPerLoadBalancer: terminal(
      'The load balancer has reached its number of target groups. Remove unused ones.',
    ),
    ResourceInUse: terminal(
      'Something still refers to it; a forward action counts even at weight 0. Take it out there first.',
    ),
    PriorityInUse: terminal('Choose a priority that no other rule of the listener has.'),
    DuplicateListener: terminal(
      'The load balancer already has a listener on this port. Choose another port or adopt that listener.',
    ),
    DuplicateTargetGroupName: terminal(
      'A target group of this name exists with other settings. Choose another name or adopt it by ARN.',
    ),
    DuplicateLoadBalancerName: terminal(
      'A load balancer of this name exists with other settings. Choose another name or adopt it by ARN.',
    ),
  }),
);

/** Failures of the connection before anything was sent: a write did not happen. */
export const neverSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ConnectTimeout',
]);

/** The peer's certificate is not one we trust: no retry helps, and nothing was sent. */
export function isCertificateCode(code: string): boolean {
  return /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code);
}
