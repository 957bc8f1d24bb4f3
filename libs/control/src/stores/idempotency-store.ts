/** A stored reply, given back unchanged on a repeat. */
export interface StoredReply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export type BeginIdempotent =
  | { readonly result: 'fresh' }
  | { readonly result: 'replay'; readonly reply: StoredReply }
  /** The first call with this key has not ended yet. */
  | { readonly result: 'inProgress' }
  /** The key was used for another request. */
  | { readonly result: 'mismatch' };

/** Replies kept for 24 h under (token, Idempotency-Key). */
export abstract class IdempotencyStore {
  abstract begin(tokenId: string, key: string, requestHash: string): Promise<BeginIdempotent>;
  abstract finish(tokenId: string, key: string, reply: StoredReply): Promise<void>;
  /** Forgets a key whose call did not end in a reply worth keeping. */
  abstract abandon(tokenId: string, key: string): Promise<void>;
  /** Deletes what is older than 24 h; answers how many. */
  abstract expire(): Promise<number>;
}
