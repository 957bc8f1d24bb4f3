import type { Caller } from '../context.js';
import type { MutationOptions } from './options.js';
import type { Page, PageRequest, Token } from './types.js';

export interface CreateToken {
  readonly name: string;
  readonly role: Token['role'];
  /** null or absent = every project. */
  readonly projectId?: string | null;
  /** ISO 8601; null or absent = never. */
  readonly expiresAt?: string | null;
}

export interface CreatedToken {
  readonly token: Token;
  /** Shown this once; only its SHA-256 is kept. null on a dry run. */
  readonly secret: string | null;
}

/** Who a bearer token is, with the token's id (for idempotency keys). */
export interface AuthenticatedCaller extends Caller {
  readonly tokenId: string;
}

export class Tokens {
  create(_caller: Caller, _input: CreateToken, _options: MutationOptions = {}): Promise<CreatedToken> { throw new Error('being written'); }
  list(_caller: Caller, _filter: { readonly projectId?: string }, _page: PageRequest): Promise<Page<Token>> { throw new Error('being written'); }
  get(_caller: Caller, _id: string): Promise<Token> { throw new Error('being written'); }
  /** Revoking twice is a success. */
  revoke(_caller: Caller, _id: string, _options: MutationOptions = {}): Promise<Token> { throw new Error('being written'); }
  /** null = unknown, revoked or expired: one answer for all. */
  authenticate(_secret: string): Promise<AuthenticatedCaller | null> { throw new Error('being written'); }
  /** The first admin token's secret when there is no token at all yet, otherwise null. Safe to call from several replicas. */
  ensureFirst(): Promise<string | null> { throw new Error('being written'); }
}
