import type { Actor } from '@sluice/domain';

/** Who is asking. Every use case takes one; the ledger and events name the actor. */
export interface Caller {
  readonly actor: Actor;
  readonly role: 'viewer' | 'operator' | 'admin';
  /** null = may see every project. */
  readonly projectId: string | null;
}

/** The present, from Postgres's clock where it decides anything. */
export abstract class Clock {
  /** Milliseconds since the epoch. */
  abstract now(): number;
}

/** Makes ids such as `rol_5f0c…`: prefix, underscore, 20 random lower-case base32 characters. */
export abstract class Ids {
  abstract next(prefix: string): string;
}
