import { timingSafeEqual } from 'node:crypto';
import { Forbidden, actorText, engineActor } from '@sluice/domain';
import type { Caller, Clock, Ids } from '../context.js';
import { shownToken } from '../stores/recorded-changes.js';
import type { ResourceStore, ResourceTransaction } from '../stores/resource-store.js';
import { Checks, knownId } from './checks.js';
import type { MutationOptions } from './options.js';
import { keepProject, own, projectFilter } from './tenancy.js';
import { hashOf, isWellFormed, newSecret, shownPrefix } from './token-secret.js';
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

/** Bearer tokens. Secrets are shown once and kept as SHA-256. */
export class Tokens {
  constructor(
    private readonly store: ResourceStore,
    private readonly ids: Ids,
    private readonly clock: Clock,
  ) {}

  async create(caller: Caller, input: CreateToken, options: MutationOptions = {}): Promise<CreatedToken> {
    const checks = new Checks();
    checks.name('name', input.name);
    checks.oneOf('role', input.role, ['viewer', 'operator', 'admin']);
    const expiresAt = this.#expiry(checks, input.expiresAt ?? null);
    checks.done();
    const projectId = input.projectId === undefined ? caller.projectId : input.projectId;
    if (projectId === null && caller.projectId !== null)
      throw new Forbidden('a token that is bound to a project cannot make one for every project; name the project');
    const secret = newSecret();
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        if (projectId !== null) await keepProject(tx, caller, projectId);
        const token = await this.#insert(
          tx,
          { name: input.name, role: input.role, projectId, expiresAt, createdBy: actorText(caller.actor) },
          secret,
        );
        return { token, secret: options.dryRun ? null : secret };
      },
      options,
    );
  }

  async list(caller: Caller, filter: { readonly projectId?: string }, page: PageRequest): Promise<Page<Token>> {
    const { items, next } = await this.store.read.tokens.page(projectFilter(caller, filter.projectId), page);
    return { items: items.map(shownToken), next };
  }

  async get(caller: Caller, id: string): Promise<Token> {
    return shownToken(own(caller, 'token', id, await this.store.read.tokens.find(knownId('token', id))));
  }

  /** Takes effect with the next request. Revoking twice is a success. */
  async revoke(caller: Caller, id: string, options: MutationOptions = {}): Promise<Token> {
    knownId('token', id);
    return this.store.transaction(
      caller.actor,
      async (tx) => {
        const token = own(caller, 'token', id, await tx.tokens.lock(id, 'change'));
        if (token.revokedAt !== null) return shownToken(token);
        const revoked = await tx.tokens.update(id, { revokedAt: new Date(this.clock.now()).toISOString() });
        return shownToken(revoked);
      },
      options,
    );
  }

  /** null = unknown, revoked or expired: one answer for all. */
  async authenticate(secret: string): Promise<AuthenticatedCaller | null> {
    if (!isWellFormed(secret)) return null;
    const hash = hashOf(secret);
    const [token] = await this.store.read.tokens.all({ hash });
    if (!token || !timingSafeEqual(Buffer.from(token.hash, 'hex'), Buffer.from(hash, 'hex'))) return null;
    const isOver =
      token.revokedAt !== null || (token.expiresAt !== null && Date.parse(token.expiresAt) <= this.clock.now());
    return isOver
      ? null
      : {
          actor: { kind: 'token', id: token.id, name: token.name },
          role: token.role,
          projectId: token.projectId,
          tokenId: token.id,
        };
  }

  /** The first admin token's secret when there is no token at all yet, otherwise null. Safe to call from several replicas. */
  async ensureFirst(): Promise<string | null> {
    const starting = engineActor('start');
    return this.store.transaction(starting, async (tx) => {
      await tx.exclusively('first token');
      if ((await tx.tokens.count({})) > 0) return null;
      const secret = newSecret();
      await this.#insert(
        tx,
        { name: 'first', role: 'admin', projectId: null, expiresAt: null, createdBy: actorText(starting) },
        secret,
      );
      return secret;
    });
  }

  async #insert(
    tx: ResourceTransaction,
    token: Pick<Token, 'name' | 'role' | 'projectId' | 'expiresAt' | 'createdBy'>,
    secret: string,
  ): Promise<Token> {
    const stored = await tx.tokens.insert({
      ...token,
      id: this.ids.next('tok'),
      hash: hashOf(secret),
      prefix: shownPrefix(secret),
      revokedAt: null,
    });
    return shownToken(stored);
  }

  #expiry(checks: Checks, text: string | null): string | null {
    if (text === null) return null;
    const at = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(at)) checks.fail('expiresAt', 'must be an ISO 8601 time');
    else if (at <= this.clock.now()) checks.fail('expiresAt', 'must be in the future');
    return Number.isNaN(at) ? null : new Date(at).toISOString();
  }
}
