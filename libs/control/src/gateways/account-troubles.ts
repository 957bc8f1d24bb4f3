import { subjectKinds, type SubjectKind } from '@sluice/domain';
import { ExternalFailure } from '../ports/external-failure.js';

/** AWS's codes that concern who asks, not what is asked for. */
const notLetIn: ReadonlySet<string> = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthFailure',
  'CredentialsMissing',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'OptInRequired',
  'SignatureDoesNotMatch',
  'UnauthorizedOperation',
  'UnrecognizedClientException',
]);

/** An account that can't be reached at all, whatever is asked: no request was made. */
export class NoAccess extends ExternalFailure {}

export function concernsAccount(failure: ExternalFailure): boolean {
  return failure instanceof NoAccess || (failure.kind === 'terminal' && notLetIn.has(failure.code));
}

/** 1 s, doubling, at most a minute. */
export function retryAfterMs(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.min(failures - 1, 6));
}

interface Trouble {
  readonly failures: number;
  readonly at: number;
}

/** Account records that nobody gets in through, by what was asked: a role may read weights and not health. */
export class AccountTroubles {
  private readonly known = new Map<string, Trouble>();

  /**
   * Refused at `at` (monotonic ms), to a request that began at `began`. Returns after how many ms to ask again: requests that
   * were under way together are refused once.
   */
  refused(accountId: string, kinds: readonly SubjectKind[], began: number, at: number): number {
    const before = Math.max(0, ...kinds.map((kind) => this.counted(accountId, kind, began)));
    for (const kind of kinds) this.known.set(`${kind} ${accountId}`, { failures: before + 1, at });
    return retryAfterMs(before + 1);
  }

  /** Returns true when it was out before. */
  letIn(accountId: string, kind: SubjectKind): boolean {
    return this.known.delete(`${kind} ${accountId}`);
  }

  isOut(accountId: string): boolean {
    return subjectKinds.some((kind) => this.known.has(`${kind} ${accountId}`));
  }

  private counted(accountId: string, kind: SubjectKind, began: number): number {
    const trouble = this.known.get(`${kind} ${accountId}`);
    if (!trouble) return 0;
    return trouble.at >= began ? trouble.failures - 1 : trouble.failures;
  }
}
