import { randomBytes } from 'node:crypto';
import { accountOfPartsKey } from '../shared/parts.js';
import { AwsError, validationError } from './aws-error.js';
import type { Params } from './params.js';

/** A long-lived access key and whose it is. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly account: string;
}

/** A role that is more than its name: with an external id that who assumes it has to give. Other roles may be assumed by anybody. */
export interface Role {
  readonly arn: string;
  readonly externalId?: string;
}

/** Temporary credentials, as they are kept. */
export interface Session {
  readonly accessKeyId: string;
  readonly sessionToken: string;
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
  readonly expiresAtMs: number;
}

/** Who is calling. */
export interface Caller {
  readonly account: string;
  readonly regionName: string;
  readonly arn: string;
  readonly userId: string;
  readonly temporary: boolean;
  /** A part of the sandbox itself: draws from no token bucket and meets no fault. */
  readonly internal: boolean;
}

/** A request whose date is further off than this is refused, late arrivals too (AWS: five minutes "in most cases"). */
const maxSkewMs = 5 * 60_000;
const scope = /^AWS4-HMAC-SHA256 Credential=([\w]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9]+)\/aws4_request\b/;

/** Knows access keys, roles and sessions. Signatures are not verified: whoever reaches the sandbox may use it. */
export class Identities {
  constructor(
    private readonly keys: readonly AccessKey[],
    private readonly roles: readonly Role[],
    private readonly sessions: Session[],
  ) {}

  /** @throws AwsError 403 MissingAuthenticationToken, IncompleteSignature, InvalidClientTokenId, ExpiredToken, SignatureDoesNotMatch */
  identify(headers: Readonly<Record<string, string | string[] | undefined>>, nowMs: number): Caller {
    const authorization = headers['authorization'];
    if (typeof authorization !== 'string')
      throw new AwsError('MissingAuthenticationToken', 'Request is missing Authentication Token', 403);
    const [, accessKeyId, , regionName] = scope.exec(authorization) ?? [];
    if (accessKeyId === undefined || regionName === undefined)
      throw new AwsError('IncompleteSignature', 'The Authorization header is not an AWS4-HMAC-SHA256 signature', 403);
    checkDate(headers['x-amz-date'], nowMs);
    const partsAccount = accountOfPartsKey(accessKeyId);
    const keyAccount = partsAccount ?? this.keys.find((candidate) => candidate.accessKeyId === accessKeyId)?.account;
    if (keyAccount !== undefined) {
      return {
        account: keyAccount,
        regionName,
        arn: `arn:aws:iam::${keyAccount}:user/sandbox`,
        userId: 'AIDASANDBOX',
        temporary: false,
        internal: partsAccount !== undefined,
      };
    }
    const session = this.sessions.find((candidate) => candidate.accessKeyId === accessKeyId);
    if (session === undefined || session.sessionToken !== headers['x-amz-security-token']) throw unknownToken();
    if (session.expiresAtMs <= nowMs) throw expiredToken();
    const { account, arn, userId } = session;
    return { account, regionName, arn, userId, temporary: true, internal: false };
  }

  /** STS AssumeRole: any role of any account, except that a configured external id has to be given. */
  assumeRole(params: Params, caller: Caller, nowMs: number): object {
    const arn = params.required('RoleArn');
    const name = params.required('RoleSessionName');
    const [, account, path] = /^arn:aws[\w-]*:iam::(\d{12}):role\/([\w+=,.@/-]+)$/.exec(arn) ?? [];
    if (account === undefined || path === undefined) throw validationError(`${arn} is invalid`);
    if (!/^[\w+=,.@-]{2,64}$/.test(name)) throw validationError(`The role session name '${name}' is not valid`);
    const seconds = params.integer('DurationSeconds', 900, 43_200) ?? 3600;
    const expected = this.roles.find((role) => role.arn === arn)?.externalId;
    if (expected !== undefined && params.string('ExternalId') !== expected) {
      throw new AwsError(
        'AccessDenied',
        `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
        403,
      );
    }
    const id = `AROA${randomBytes(8).toString('hex').toUpperCase()}`;
    const session: Session = {
      accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
      sessionToken: randomBytes(48).toString('base64'),
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${path.slice(path.lastIndexOf('/') + 1)}/${name}`,
      userId: `${id}:${name}`,
      expiresAtMs: nowMs + seconds * 1000,
    };
    this.forgetLongExpired(nowMs);
    this.sessions.push(session);
    return {
      Credentials: {
        AccessKeyId: session.accessKeyId,
        SecretAccessKey: randomBytes(30).toString('base64'),
        SessionToken: session.sessionToken,
        Expiration: new Date(session.expiresAtMs),
      },
      AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    };
  }

  private forgetLongExpired(nowMs: number): void {
    const kept = this.sessions.filter((session) => session.expiresAtMs > nowMs - 86_400_000);
    this.sessions.splice(0, this.sessions.length, ...kept);
  }
}

function checkDate(header: string | string[] | undefined, nowMs: number): void {
  const [, y, mo, d, h, mi, s] =
    (typeof header === 'string' && /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(header)) || [];
  if (y === undefined)
    throw new AwsError('IncompleteSignature', 'The X-Amz-Date header is missing or not an ISO 8601 date', 403);
  const at = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  if (nowMs - at > maxSkewMs)
    throw new AwsError(
      'SignatureDoesNotMatch',
      `Signature expired: ${String(header)} is now earlier than ${new Date(nowMs - maxSkewMs).toISOString()} (${new Date(nowMs).toISOString()} - 5 min.)`,
      403,
    );
  if (at - nowMs > maxSkewMs)
    throw new AwsError(
      'SignatureDoesNotMatch',
      `Signature not yet current: ${String(header)} is still later than ${new Date(nowMs + maxSkewMs).toISOString()}`,
      403,
    );
}

function unknownToken(): AwsError {
  return new AwsError('InvalidClientTokenId', 'The security token included in the request is invalid', 403);
}

export function expiredToken(): AwsError {
  return new AwsError('ExpiredToken', 'The security token included in the request is expired', 403);
}
